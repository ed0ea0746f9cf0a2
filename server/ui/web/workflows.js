// The page of all runs of workflows: live, searched.
import { ui } from "./html.js";
import { useGet } from "./api.js";
import { useBeat, useClock } from "./events.js";
import { Copy, Empty, limitOf, More, Shown } from "./parts.js";
import { change, link } from "./route.js";
import { ago, count, duration, plural, stamp } from "./format.js";
import { FlowState, FlowTabs, flowStates, Late, stateOf } from "./flow.js";

const { html } = ui;

/** Steps is how many steps are in each state, as a bar. */
function Steps({ counts }) {
  const shown = flowStates.filter((s) => counts[s] > 0), total = shown.reduce((n, s) => n + counts[s], 0) || 1;
  const text = shown.map((s) => `${count(counts[s])} ${s}`).join(", ") || "no steps yet";
  return html`<div class="states" role="img" aria-label=${text} title=${text}>${shown.map((s) => html`<i class=${`of-${s}`} style=${{ width: `${100 * counts[s] / total}%` }}></i>`)}</div>`;
}

function Row({ r, now, one }) {
  const c = r.counts, total = flowStates.reduce((n, s) => n + (c[s] ?? 0), 0), ended = total - (c.running ?? 0) - (c.waiting ?? 0);
  return html`<tr>
    <td class="cut"><a href=${link(["workflows", r.run])} title=${r.run}><b>${r.run}</b></a> ${r.labels.map((l) => html`<span class="tag">${l}</span> `)}</td>
    ${!one && html`<td class="cut">${r.registered ? html`<a href=${link(["registered", r.registered])}>${r.workflow}</a>` : r.workflow}</td>`}
    ${one && html`<td class="number">${r.version}</td><td class="cut">${begunBy(r)}</td>`}
    <td class="nowrap"><${FlowState} of=${stateOf(r)} /> <${Late} run=${r} now=${now} /></td>
    <td style=${{ minWidth: "140px" }}><${Steps} counts=${c} /></td>
    <td class="number nowrap">${count(ended)} <span class="quiet">of ${count(total)}</span></td>
    <td>${r.owner ?? ""}</td>
    <td class="nowrap" title=${stamp(r.created)}>${ago(new Date(r.created).toISOString(), now)}</td>
    <td class="nowrap number">${r.began ? duration(((r.ended || now) - r.began) / 1000) : "–"}</td>
  </tr>`;
}

// begunBy is what began a run of a registered workflow.
function begunBy(r) {
  if (!r.trigger || r.trigger.kind === "manual") return r.owner ? `by ${r.owner}` : "by somebody";
  return html`<span title=${r.trigger.source ?? ""}>${r.trigger.name || r.trigger.kind}${r.trigger.backfill ? ", backfill" : ""}${r.trigger.time ? html` <span class="quiet small">of ${stamp(r.trigger.time)}</span>` : ""}</span>`;
}

/** Runs is a table of runs; of one workflow with their versions and what began them. */
export function Runs({ list, now, one }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Table of runs"><table><thead><tr><th>Run</th>${one ? html`<th class="number">Version</th><th>Begun by</th>` : html`<th>Workflow</th>`}<th>State</th><th>Steps</th><th class="number">Ended</th><th>Owner</th><th>Begun</th><th class="number">Took</th></tr></thead>
    <tbody>${list.map((r) => html`<${Row} key=${r.run} r=${r} now=${now} one=${one} />`)}</tbody></table></div>`;
}

/** Workflows is the page. */
export function Workflows({ query }) {
  const text = query.get("text") ?? "", state = query.get("state") ?? "", most = limitOf(query);
  const words = new URLSearchParams({ limit: String(most), ...(text && { text }), ...(state && { state }) });
  const beat = useBeat("", 700, (e) => e.kind === "workflow" || e.kind === "step" || e.kind === "late");
  const list = useGet(`/workflows?${words}`, beat), now = useClock(1000);
  return html`
    <div class="bar"><h1>Workflows</h1><span class="spring"></span>
      <input class="grow" type="search" placeholder="run, workflow, owner or label" aria-label="Search" value=${text} onInput=${(e) => change({ text: e.target.value })} />
      <select aria-label="State" value=${state} onChange=${(e) => change({ state: e.target.value })}>${["", "running", "succeeded", "failed", "canceled", "interrupted"].map((s) => html`<option value=${s} selected=${s === state}>${s || "all states"}</option>`)}</select></div>
    <${FlowTabs} at="workflows" />
    <${Shown} of=${list} what="workflows">${(page) => {
      if (page.items.length === 0) return text || state
        ? html`<${Empty} title="No such run"><button onClick=${() => change({ text: "", state: "" })}>Show all</button></${Empty}>`
        : html`<div class="card"><${Empty} title="No runs of workflows yet">Begin one: <${Copy} text="kaon workflow run FILE --server own" /></${Empty}></div>`;
      return html`<${Runs} list=${page.items} now=${now} />
        <div class="bar quiet small">${plural(page.total, "run")}<${More} page=${page} limit=${most} /></div>`;
    }}</${Shown}>`;
}
