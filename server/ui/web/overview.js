// What a sweep's pages show but for tables and text: how it stands, the best, where good trials lie, what matters, what failed.
import { ui } from "./html.js";
import { sweepPath, useGet } from "./api.js";
import { useClock } from "./events.js";
import { Best, Failures, Importance, Region } from "./panels.js";
import { BestSoFar } from "./bestsofar.js";
import { Goals } from "./goals.js";
import { Slices } from "./slices.js";
import { Explore } from "./explore.js";
import { OverTime } from "./overtime.js";
import { Card, Copy, Empty, endedOf, Failed, Loading, StateBar } from "./parts.js";
import { dimensions } from "./dims.js";
import { Used, whyOf } from "./waits.js";
import { change, link } from "./route.js";
import { ago, count, duration, plural, stamp } from "./format.js";

const { html } = ui;

/** useRate is how many trials end in a second, over the last minute that the page has seen. */
function useRate(sweep) {
  const seen = ui.useRef([]);
  if (!sweep) return null;
  const t = sweep.trials, ended = endedOf(t), now = Date.now(), list = seen.current;
  list.push([now, ended]);
  while (list.length > 2 && list[0][0] < now - 60000) list.shift();
  const [then, before] = list[0];
  if (now - then > 4000) return (ended - before) / ((now - then) / 1000);
  const since = (now - Date.parse(sweep.created)) / 1000;
  return since > 0 ? ended / since : null;
}

function Standing({ s }) {
  const now = useClock(1000), rate = useRate(s), t = s.trials;
  const ended = endedOf(t), left = t.total - ended, live = !s.finished && s.state !== "interrupted";
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
      ${s.here && html`<${Used} s=${s} />`}
      ${early.length > 0 && html`<div><dt>Ended early</dt><dd>${count(early.reduce((n, [, v]) => n + v, 0))}<small>${early.map(([k, v]) => `${k} ${v}`).join(", ")}</small></dd></div>`}
    </dl>
    ${whyOf(s) && html`<p class=${t.running + t.launched > 0 ? "quiet small" : "note warn"}>${plural(t.waiting, "trial")} ${t.waiting === 1 ? "waits" : "wait"}: ${whyOf(s)}</p>`}
    ${s.damaged && html`<p class="note warn">${s.damaged}</p>`}
    ${s.sentence && html`<p class="quiet small">${s.sentence}</p>`}
  </${Card}>`;
}

/** Pictures is what is drawn of a sweep: the overview, or its parameters. */
export function Pictures({ s, tab, query, beat }) {
  const id = s.sweep, open = (t) => link(["sweeps", id, "trials", String(t)]);
  const many = s.trials.total > 4000, heavy = many ? Math.floor(beat / 20) : beat; // many trials are looked at less often, and a part of them first
  const first = useGet(many ? sweepPath(id, "/columns?most=2000&digits=7") : null), columns = useGet(sweepPath(id, "/columns?digits=7"), heavy), curves = useGet(sweepPath(id, "/curves"), heavy);
  const series = useGet(tab ? null : sweepPath(id, "/series"), heavy);
  const failures = useGet(s.trials.failed > 0 ? sweepPath(id, "/failures") : null, s.trials.failed);
  const ended = s.trials.succeeded + s.trials.cached + s.trials.stopped;
  const matters = useGet(ended > 3 ? sweepPath(id, "/importance") : null, s.finished ? 1 : Math.floor(Math.log2(ended + 1)));
  const best = useGet(s.best ? sweepPath(id, `/trials/${s.best.trial}`) : null);
  const table = ui.useMemo(() => (columns.data || first.data ? dimensions(columns.data ?? first.data, s.metric) : null), [columns.data, first.data, s.metric]);
  const boardPath = s.trials.total <= 200000 || s.finished ? sweepPath(id, "/board") : null, board = useGet(boardPath, heavy);
  const topmost = !s.best || best.data || best.error, known = topmost && (board.data || board.error || !boardPath); // how many goals there are: what lies below then stays where it is
  const importance = matters.data?.importance || matters.data?.note ? matters.data : matters.data?.explanation;
  const none = table && table.rows === 0 && html`<div class="w12 card"><${Empty} title="No trial has begun yet">Pictures appear with the first.</${Empty}></div>`;
  const missing = !table && html`<div class=${tab ? "w12" : "w8"}>${columns.error ? html`<${Failed} error=${columns.error} again=${columns.again} />` : html`<div class="card"><${Loading} what="trials" /></div>`}</div>`;
  const awaited = !importance && !matters.error && ended > 3 && s.trials.total <= 4000; // pictures come in their order at once, where that does not take long
  const settled = known && !awaited && (failures.data || failures.error || s.trials.failed === 0); // what stands above the last picture
  if (tab === "parameters" && awaited) return html`<div class="card"><${Loading} what="what matters" /></div>`;
  if (tab === "parameters") return html`<div class="grid">${missing}${none}${table && table.rows > 0 && html`<${Slices} table=${table} sweep=${s} query=${query} report=${importance} open=${open} />`}</div>`;
  return html`<div class="grid">
    <div class="w12"><${Standing} s=${s} /></div>
    <${Best} sweep=${s} trial=${best.data} open=${open} rerun=${s.best && html`Rerun it: <${Copy} text=${`kaon try ${id}/${s.best.trial}`} />`} />
    ${missing}
    ${table && html`<${BestSoFar} table=${table} sweep=${s} repeat=${board.data?.repeat} byTime=${query.get("by") === "time"} onByTime=${() => change({ by: query.get("by") === "time" ? "" : "time" })} />`}
    ${!known && table && many && html`<div class="w12 card"><${Loading} what="the best, and what matters" /></div>`}
    ${known && html`
      ${table && board.data?.goals.length > 1 && html`<${Goals} table=${table} board=${board.data} query=${query} open=${open} />`}
      ${!importance && !matters.error && ended > 3 && html`<div class="w6 card"><${Loading} what="what matters" /></div><div class="w6 card"><${Loading} what="where the best lie" /></div>`}
      ${importance && html`<${Importance} report=${importance} metric=${s.metric} /><${Region} report=${importance} />`}
      ${!failures.data && !failures.error && s.trials.failed > 0 && html`<div class="w12 card"><${Loading} what="failures" /></div>`}
      ${failures.data && failures.data.failed > 0 && html`<${Failures} failures=${failures.data} open=${open} />`}`}
    ${none}
    ${settled && table && table.rows > 0 && html`<${Explore} table=${table} sweep=${s} query=${query} curves=${curves.data ?? (curves.error ? [] : null)} open=${open} />`}
    ${settled && table && series.data && html`<${OverTime} series=${series.data} />`}
  </div>`;
}
