// The page of one registered workflow: how it stands, its graph, what begins runs and when, its versions and its runs.
import { ui } from "./html.js";
import { ask, useGet } from "./api.js";
import { useBeat, useClock } from "./events.js";
import { Card, Copy, Empty, Failed, Loading, limitOf, More, Shown } from "./parts.js";
import { change, link } from "./route.js";
import { count, duration, plural, stamp } from "./format.js";
import { FlowState, registeredPath, stateOf } from "./flow.js";
import { FlowGraph } from "./flowgraph.js";
import { Runs } from "./workflows.js";
import { Due, LastRun, Paused } from "./registered.js";
import { Pin, RegisteredActions, StopFilling, TriggerActions } from "./registeredactions.js";
import { around, difference } from "./difference.js";
import { triggerWords } from "./triggerwords.js";

const { html } = ui;

// rule is what becomes of several runs at once.
function rule(s) {
  if (s.rule === "parallel") return `${count(s.limit)} at once`;
  return { sequential: "one after another", latest_only: "the latest alone", first_only: "the first alone" }[s.rule] ?? "–";
}

function Standing({ w, now }) {
  const queued = w.queue.slice(0, 5);
  return html`<${Card} title="Standing"><dl class="facts" style=${{ margin: 0 }}>
    <div><dt>Runs by name</dt><dd>version ${w.version}<small>${w.pinned ? `pinned; the newest is ${w.latest}` : "the newest"}</small></dd></div>
    <div><dt>Due next</dt><dd>${w.paused ? "paused" : w.stopped ? "stopped" : html`<${Due} at=${w.next} now=${now} />`}<small>${w.next && !w.paused ? stamp(w.next) : w.triggers.length ? "" : "no triggers"}</small></dd></div>
    <div><dt>Last run</dt><dd><${LastRun} of=${w.last_run} now=${now} /></dd></div>
    <div><dt>At work</dt><dd>${count(w.at_work.length)}<small>${rule(w.run_strategy)}</small></dd></div>
    <div><dt>Queued</dt><dd>${count(w.queue.length)}<small>${w.run_strategy.queue ? `at most ${count(w.run_strategy.queue)}` : ""}</small></dd></div>
    <div><dt>Owner</dt><dd>${w.owner}<small>since ${stamp(w.created)}</small></dd></div></dl>
    ${queued.length > 0 && html`<details><summary>What waits to begin</summary><table><tbody>${queued.map((q) => html`<tr><td class="mono small breaks">${q.run}</td><td>version ${q.version}</td><td>${q.trigger?.name ?? q.trigger?.kind ?? ""}</td><td>${q.owner ?? ""}</td><td class="nowrap">${stamp(q.asked)}</td></tr>`)}</tbody></table>
      ${w.queue.length > queued.length && html`<p class="quiet small">and ${count(w.queue.length - queued.length)} more</p>`}</details>`}
    ${w.notes.length > 0 && html`<details><summary>${plural(w.notes.length, "run")} lately that did not begin, and why</summary><table><tbody>${w.notes.map((n) => html`<tr><td class="nowrap">${stamp(n.at)}</td><td class="breaks">${n.text}</td></tr>`)}</tbody></table></details>`}
    <p class="small">In a terminal: <${Copy} text=${`kaon workflow run ${w.workflow} --server own`} /></p></${Card}>`;
}

// Begun are the last runs that a trigger began.
function Begun({ name, trigger, beat }) {
  const got = useGet(`/workflows?${new URLSearchParams({ registered: name, trigger, limit: "3" })}`, beat);
  if (!got.data) return html`<span class="quiet">…</span>`;
  if (!got.data.items.length) return html`<span class="quiet">none yet</span>`;
  return html`${got.data.items.map((r) => html`<div class="nowrap"><a href=${link(["workflows", r.run])} title=${r.run}><${FlowState} of=${stateOf(r)} /></a> <span class="quiet small">${stamp(r.created)}</span></div>`)}
    ${got.data.total > 3 && html`<button class="link small" onClick=${() => change({ trigger })}>all ${count(got.data.total)}</button>`}`;
}

function Triggers({ w, who, now, beat, done }) {
  if (!w.triggers.length) return html`<${Card} title="Triggers"><${Empty} title="Nothing begins it by itself">Write <code>triggers</code> into its file, and register it again: <${Copy} text="kaon workflow register FILE" /></${Empty}></${Card}>`;
  return html`<${Card} title="Triggers" note=${w.paused ? "paused: they begin nothing" : w.stopped ? "stopped: they begin nothing" : ""}>
    <div class="scroll" tabindex="0" role="region" aria-label="Table of triggers"><table><thead><tr><th>Trigger</th><th>Begins a run</th><th>Next times</th><th>Begun lately</th><th>Actions</th></tr></thead>
      <tbody>${w.triggers.map((t) => html`<tr key=${t.trigger}><td><b>${t.trigger}</b></td>
        <td>${triggerWords(t)}${t.kind === "cron" && html`<div class="mono quiet small">${t.what}</div>`}${t.problem && html`<div class="note warn small">${t.problem}</div>`}</td>
        <td>${t.upcoming?.length ? html`<div class="nowrap"><b><${Due} at=${t.next} now=${now} /></b></div>${t.upcoming.map((at) => html`<div class="quiet small nowrap">${stamp(at)}</div>`)}` : html`<span class="quiet">${t.kind === "cron" ? (w.paused ? "paused" : "–") : "when it comes"}</span>`}</td>
        <td><${Begun} name=${w.workflow} trigger=${t.trigger} beat=${beat} /></td>
        <td><${TriggerActions} w=${w} t=${t} who=${who} done=${done} /></td></tr>`)}</tbody></table></div>
    ${w.backfills.map((b, i) => html`<div class="bar" style=${{ marginTop: "10px" }}><span>Backfill of ${b.trigger}, ${stamp(b.from)} to ${stamp(b.to)}${i ? ", waiting" : ""}</span>
      <progress max=${b.total} value=${b.taken} aria-label="How far the backfill is"></progress><span class="small">${count(b.taken)} of ${plural(b.total, "time")}</span></div>`)}
    ${w.backfills.length > 0 && html`<${StopFilling} w=${w} who=${who} done=${done} />`}</${Card}>`;
}

const mostLines = 2000; // of changes that are shown

// useSource is the text of a version.
function useSource(name, version) {
  const [got, setGot] = ui.useState({});
  ui.useEffect(() => {
    let mine = true;
    setGot({});
    if (version > 0) ask(registeredPath(name, `/versions/${version}/source`)).then((r) => r.text()).then((data) => mine && setGot({ data, of: version }), (error) => mine && setGot({ error }));
    return () => { mine = false; };
  }, [name, version]);
  return got.of === version || got.error ? got : {};
}

function Difference({ name, version }) {
  const after = useSource(name, version), before = useSource(name, version - 1), ready = after.data !== undefined && before.data !== undefined;
  const all = ui.useMemo(() => (ready ? around(difference(before.data, after.data)) : []), [before.data, after.data]), lines = all.reduce((n, part) => n + part.length, 0);
  let room = mostLines;
  const parts = all.map((part) => { const some = part.slice(0, room); room -= some.length; return some; }).filter((part) => part.length);
  if (version === 1) return html`<p class="quiet">It is the first version.</p>`;
  if (after.error ?? before.error) return html`<${Failed} error=${after.error ?? before.error} />`;
  if (!ready) return html`<${Loading} what="both versions" />`;
  if (!parts.length) return html`<p class="quiet">Its text is that of version ${version - 1}; its folder, or its place in it, is another.</p>`;
  const marks = { less: "−", more: "+", same: " " }, words = { less: "taken away: ", more: "put in: " };
  return html`<div class="code difference" tabindex="0" role="region" aria-label=${`Changes from version ${version - 1} to ${version}`}>${parts.map((part, i) => html`${i > 0 && html`<div class="gap" aria-hidden="true">⋯</div>`}${part.map((l) => html`<div class=${`line ${l.kind}`}><span class="at" aria-hidden="true">${l.before ?? ""}</span><span class="at" aria-hidden="true">${l.after ?? ""}</span><span aria-hidden="true">${marks[l.kind]}</span><span>${words[l.kind] && html`<span class="hidden">${words[l.kind]}</span>`}${l.text}</span></div>`)}`)}${lines > mostLines && html`<div class="gap">and ${plural(lines - mostLines, "line")} more</div>`}</div>`;
}

function Source({ name, version }) {
  const got = useSource(name, version);
  return html`<${Shown} of=${got} what="the source">${(text) => html`<pre class="code" tabindex="0" aria-label=${`Version ${version}`}>${text}</pre>`}</${Shown}>`;
}

function Versions({ w, shown, view, list, who, done }) {
  const views = [["", "Source"], ["changes", "Changes"]];
  const tools = html`<div class="choice" role="group" aria-label="What is shown of the version">${views.map(([name, title]) => html`<button aria-pressed=${name === view} onClick=${() => change({ view: name })}>${title}</button>`)}</div>`;
  return html`<${Card} title="Versions" width="w6"><${Shown} of=${list} what="versions">${(all) => html`<div class="scroll" tabindex="0" role="region" aria-label="Table of versions"><table><thead><tr><th>Version</th><th>Runs by name</th><th>Registered</th><th>By</th><th>Description</th></tr></thead>
      <tbody>${all.map((v) => html`<tr key=${v.version} class=${v.version === shown ? "chosen" : ""}><td><button class="link" aria-pressed=${v.version === shown} aria-label=${`Version ${v.version}`} onClick=${() => change({ version: v.version })}>${v.version}</button></td><td class="nowrap"><${Pin} w=${w} v=${v} who=${who} done=${done} /></td>
        <td class="nowrap" title=${v.hash}>${stamp(v.created)}</td><td>${v.by}</td><td class="cut" title=${v.description ?? ""}>${(v.description ?? "").split("\n")[0]}${v.tags.map((l) => html` <span class="tag">${l}</span>`)}</td></tr>`)}</tbody></table></div>`}</${Shown}></${Card}>
    <${Card} title=${`Version ${shown}`} width="w6" tools=${tools}>${view === "changes" ? html`<${Difference} name=${w.workflow} version=${shown} />` : html`<${Source} name=${w.workflow} version=${shown} />`}</${Card}>`;
}

function RunsOf({ w, query, beat, now }) {
  const trigger = query.get("trigger") ?? "", state = query.get("state") ?? "", most = limitOf(query);
  const got = useGet(`/workflows?${new URLSearchParams({ registered: w.workflow, limit: String(most), ...(trigger && { trigger }), ...(state && { state }) })}`, beat);
  const begun = ["", "manual", ...w.triggers.map((t) => t.trigger)], states = ["", "running", "succeeded", "failed", "canceled", "interrupted"];
  if (trigger && !begun.includes(trigger)) begun.push(trigger);
  const tools = html`<select aria-label="What began the runs" value=${trigger} onChange=${(e) => change({ trigger: e.target.value })}>${begun.map((t) => html`<option value=${t} selected=${t === trigger}>${t === "" ? "however begun" : t === "manual" ? "by somebody" : t}</option>`)}</select>
    <select aria-label="State of the runs" value=${state} onChange=${(e) => change({ state: e.target.value })}>${states.map((s) => html`<option value=${s} selected=${s === state}>${s || "all states"}</option>`)}</select>`;
  return html`<${Card} title="Runs" tools=${tools}><${Shown} of=${got} what="runs">${(page) => (page.items.length === 0 ? (trigger || state
    ? html`<p class="quiet">No such run. <button onClick=${() => change({ trigger: "", state: "" })}>Show all</button></p>`
    : html`<${Empty} title="No run yet">Begin one above, or by <${Copy} text=${`kaon workflow run ${w.workflow} --server own`} /></${Empty}>`)
    : html`<${Runs} list=${page.items} now=${now} one=${true} /><div class="bar quiet small">${plural(page.total, "run")}<${More} page=${page} limit=${most} /></div>`)}</${Shown}></${Card}>`;
}

/** Registration is the page. */
export function Registration({ name, query, who }) {
  const beat = useBeat("", 700, (e) => e.kind === "workflow" || e.kind === "registered"), now = useClock(1000), slow = Math.floor(now / 15000);
  const got = useGet(registeredPath(name), beat + slow), versions = useGet(got.data ? registeredPath(name, "/versions") : null, got.data ? `${got.data.latest} ${got.data.version} ${got.data.pinned}` : "");
  const asked = Math.floor(Number(query.get("version"))) || 0, shown = asked > 0 ? asked : got.data?.version ?? 0, view = query.get("view") === "changes" ? "changes" : "";
  const detail = useGet(shown ? registeredPath(name, `/versions/${shown}`) : null), last = ui.useRef(null);
  if (detail.data) last.current = detail.data;
  const drawn = { ...detail, data: detail.data ?? (detail.error ? null : last.current) }; // the version before stands until the other has come
  return html`${!got.data && html`<h1><a href=${link(["registered"])}>Workflows</a> / ${name}</h1>`}<${Shown} of=${got} what=${name}>${(w) => html`
    <div class="bar"><h1><a href=${link(["registered"])}>Workflows</a> / ${w.workflow}</h1><${Paused} of=${w} />${w.tags.map((l) => html`<span class="tag">${l}</span>`)}
      <span class="spring"></span><${RegisteredActions} w=${w} who=${who} shown=${shown} done=${got.again} /></div>
    ${w.description && html`<p class="quiet" style=${{ margin: 0 }}>${w.description}</p>`}
    ${w.stopped && html`<div class="note warn" role="status">Its triggers begin nothing: ${w.stopped}</div>`}
    <div class="grid">
      <div class="w12"><${Standing} w=${w} now=${now} /></div>
      ${!drawn.data && !drawn.error && html`<div class="w12 card"><${Loading} what="the graph" /></div>`}
      ${(drawn.data || drawn.error) && html`<${Card} title="Graph" note=${drawn.data ? `version ${drawn.data.version}, ${plural(drawn.data.steps, "step")}` : ""}><${Shown} of=${drawn} what="the graph">${(d) => (d.problem ? html`<div class="note bad breaks">This server cannot read the version: ${d.problem}</div>` : html`<${FlowGraph} graph=${d.graph} still=${true} />`)}</${Shown}></${Card}>
      <div class="w12"><${Triggers} w=${w} who=${who} now=${now} beat=${beat} done=${got.again} /></div>
      <${Versions} w=${w} shown=${shown} view=${view} list=${versions} who=${who} done=${() => { got.again(); versions.again(); }} />
      <${RunsOf} w=${w} query=${query} beat=${beat} now=${now} />`}
    </div>`}</${Shown}>`;
}
