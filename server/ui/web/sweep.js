// The page of one sweep: how it stands, where good trials lie, what matters, what failed, and its spec.
import { ui } from "./html.js";
import { ask, sweepPath, useGet } from "./api.js";
import { useBeat, useClock } from "./events.js";
import { Actions } from "./actions.js";
import { Best, BestSoFar, Failures, Importance, Region } from "./panels.js";
import { Explore } from "./explore.js";
import { Trials } from "./trials.js";
import { Card, Copy, Empty, Failed, Loading, Shown, State, StateBar } from "./parts.js";
import { dimensions } from "./dims.js";
import { change, link } from "./route.js";
import { ago, count, duration, plural, stamp } from "./format.js";

const { html } = ui;

/** useRate is how many trials end in a second, over the last minute that the page has seen. */
function useRate(sweep) {
  const seen = ui.useRef([]);
  if (!sweep) return null;
  const t = sweep.trials, ended = t.succeeded + t.failed + t.stopped + t.cached, now = Date.now(), list = seen.current;
  list.push([now, ended]);
  while (list.length > 2 && list[0][0] < now - 60000) list.shift();
  const [then, before] = list[0];
  if (now - then > 4000) return (ended - before) / ((now - then) / 1000);
  const since = (now - Date.parse(sweep.created)) / 1000;
  return since > 0 ? ended / since : null;
}

function Standing({ s }) {
  const now = useClock(1000), rate = useRate(s), t = s.trials;
  const ended = t.succeeded + t.failed + t.stopped + t.cached, left = t.total - ended, live = !s.finished && s.state !== "interrupted";
  const early = Object.entries(s.early_stopped ?? {});
  return html`<${Card} title="Standing">
    <${StateBar} trials=${t} legend=${true} />
    <dl class="facts" style=${{ margin: "14px 0 0" }}>
      <div><dt>Ended</dt><dd>${count(ended)} <small>of ${plural(t.total, "trial")}</small></dd></div>
      <div><dt>Running</dt><dd>${count(t.running)}<small>${t.launched ? `${count(t.launched)} starting` : ""}</small></dd></div>
      ${live && html`<div><dt>Rate</dt><dd>${rate === null ? "–" : rate >= 1 ? `${rate.toFixed(1)}/s` : `${(rate * 60).toFixed(1)}/min`}<small>trials ended</small></dd></div>
      <div><dt>Time left</dt><dd>${rate > 0 && left > 0 ? duration(left / rate) : "–"}<small>at this rate</small></dd></div>`}
      <div><dt>${s.finished ? "Took" : "Since"}</dt><dd>${duration(((s.finished ? Date.parse(s.finished) : now) - Date.parse(s.created)) / 1000)}<small title=${stamp(s.created)}>begun ${ago(s.created, now)}</small></dd></div>
      <div><dt>Method</dt><dd>${s.method}<small>${s.owner ? `by ${s.owner}` : ""}</small></dd></div>
      ${early.length > 0 && html`<div><dt>Ended early</dt><dd>${count(early.reduce((n, [, v]) => n + v, 0))}<small>${early.map(([k, v]) => `${k} ${v}`).join(", ")}</small></dd></div>`}
    </dl>
    ${s.waiting && html`<p class="note warn">Trials wait: ${s.waiting}</p>`}
    ${s.sentence && html`<p class="quiet small">${s.sentence}</p>`}
  </${Card}>`;
}

function Overview({ s, query, beat }) {
  const id = s.sweep, open = (t) => link(["sweeps", id, "trials", String(t)]);
  const many = s.trials.total > 4000, heavy = many ? Math.floor(beat / 20) : beat; // many trials are looked at less often, and a part of them first
  const first = useGet(many ? sweepPath(id, "/columns?most=2000&digits=7") : null), columns = useGet(sweepPath(id, "/columns?digits=7"), heavy), curves = useGet(sweepPath(id, "/curves"), heavy);
  const failures = useGet(s.trials.failed > 0 ? sweepPath(id, "/failures") : null, s.trials.failed);
  const ended = s.trials.succeeded + s.trials.stopped;
  const matters = useGet(ended > 3 ? sweepPath(id, "/importance") : null, s.finished ? 1 : Math.floor(Math.log2(ended + 1)));
  const best = useGet(s.best ? sweepPath(id, `/trials/${s.best.trial}`) : null);
  const table = ui.useMemo(() => (columns.data || first.data ? dimensions(columns.data ?? first.data, s.metric) : null), [columns.data, first.data, s.metric]);
  const importance = matters.data?.importance || matters.data?.note ? matters.data : matters.data?.explanation;
  return html`<div class="grid">
    <div class="w12"><${Standing} s=${s} /></div>
    <${Best} sweep=${s} trial=${best.data} open=${open} rerun=${s.best && html`Rerun it: <${Copy} text=${`kaon try ${id}/${s.best.trial}`} />`} />
    ${columns.error && !table && html`<div class="w8"><${Failed} error=${columns.error} again=${columns.again} /></div>`}
    ${!columns.error && !table && html`<div class="w8 card"><${Loading} what="trials" /></div>`}
    ${table && html`<${BestSoFar} table=${table} sweep=${s} byTime=${query.get("by") === "time"} onByTime=${() => change({ by: query.get("by") === "time" ? "" : "time" })} />`}
    ${importance && html`<${Importance} report=${importance} metric=${s.metric} /><${Region} report=${importance} />`}
    ${failures.data && failures.data.failed > 0 && html`<${Failures} failures=${failures.data} open=${open} />`}
    ${table && table.rows === 0 && html`<div class="w12 card"><${Empty} title="No trial has begun yet">Pictures appear with the first.</${Empty}></div>`}
    ${table && table.rows > 0 && html`<${Explore} table=${table} sweep=${s} query=${query} curves=${curves.data ?? (curves.error ? [] : null)} open=${open} />`}
  </div>`;
}

function Spec({ s }) {
  const [spec, setSpec] = ui.useState({});
  ui.useEffect(() => { ask(sweepPath(s.sweep, "/spec")).then((r) => r.text()).then((data) => setSpec({ data }), (error) => setSpec({ error })); }, [s.sweep]);
  return html`<${Card} title="Spec" note=${s.file ?? ""}><${Shown} of=${spec} what="the spec">${(text) => html`<pre>${text}</pre>`}</${Shown}></${Card}>`;
}

/** SweepPage is the page; tab is overview, trials or spec. */
export function SweepPage({ id, tab, query, who }) {
  const beat = useBeat(id, 800), got = useGet(sweepPath(id), beat);
  const tabs = [["", "Overview"], ["trials", "Trials"], ["spec", "Spec"]];
  return html`<${Shown} of=${got} what=${id}>${(s) => html`
    <div class="bar"><h1>${s.sweep}</h1><${State} of=${s.state} />${s.paused && html`<span class="tag">paused</span>`}${s.labels.map((l) => html`<span class="tag">${l}</span>`)}
      <span class="spring"></span><${Actions} sweeps=${[s]} who=${who} done=${got.again} /></div>
    <nav class="tabs" aria-label="Parts of the sweep">${tabs.map(([name, title]) => html`<a href=${link(["sweeps", id, ...(name ? [name] : [])])} aria-current=${name === tab ? "page" : undefined}>${title}${name === "trials" ? ` (${count(s.trials.total)})` : ""}</a>`)}</nav>
    ${tab === "" && html`<${Overview} s=${s} query=${query} beat=${beat} />`}
    ${tab === "trials" && html`<${Trials} s=${s} query=${query} beat=${beat} />`}
    ${tab === "spec" && html`<${Spec} s=${s} />`}`}</${Shown}>`;
}
