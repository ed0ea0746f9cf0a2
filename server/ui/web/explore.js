// Where good trials lie: parallel coordinates whose chosen ranges hold for the scatter, the curves and the table below.
// What is chosen stands in the address.
import { ui } from "./html.js";
import { Card } from "./parts.js";
import { Parallel, axesOf, chosen, mostAxes, readRanges, writeRanges } from "./plot/parallel.js";
import { Scatter } from "./plot/scatter.js";
import { CurvesPanel } from "./curves.js";
import { TopTable, When } from "./panels.js";
import { change, decode } from "./route.js";
import { count, firstOf, plural } from "./format.js";

const { html } = ui;

/** useExplore is what is chosen of a table, by the query of the address. */
export function useExplore(table, query) {
  const words = `${query.get("ranges") ?? ""} ${query.get("log") ?? "auto"}`;
  const ranges = ui.useMemo(() => readRanges(query.get("ranges")), [words]);
  const log = ui.useMemo(() => new Set(query.has("log") ? query.get("log").split(",").map(decode) : table.dims.filter((d) => d.kind === "param" && d.logLike).map((d) => d.name)), [words, table]);
  const keep = ui.useMemo(() => chosen(table, ranges), [table, ranges]);
  const trials = ui.useMemo(() => (Object.keys(ranges).length ? new Set(table.trial.filter((_, i) => keep[i])) : null), [table, keep]);
  return {
    ranges, log, keep, trials,
    onRanges: (r) => change({ ranges: writeRanges(r) }),
    onLog: (name) => { const next = new Set(log); if (!next.delete(name)) next.add(name); change({ log: next.size ? [...next].map(encodeURIComponent).join(",") : "none" }); },
  };
}

/** Explore shows a table in all its pictures. open is the address of a trial's page, absent where there is none. */
export function Explore({ table, sweep, query, curves, open }) {
  const view = useExplore(table, query);
  const go = open && ((t) => { location.hash = open(t); });
  const pick = (key, fallback) => table.dims.find((d) => d.name === query.get(key)) ?? fallback;
  const first = table.dims.find((d) => d.kind === "param" && d.varies) ?? table.dims[0];
  const x = pick("x", first), y = pick("y", isFinite(table.value.min) ? table.value : table.dims[table.dims.length - 1]);
  const choose = (key, now) => html`<label>${key} <select value=${now.name} onChange=${(e) => change({ [key]: e.target.value })}>${table.dims.map((d) => html`<option value=${d.name} selected=${d === now}>${d.name}</option>`)}</select></label>`;
  const note = table.sampled ? `${count(table.rows)} of ${plural(table.total, "trial")}: the best, and an even part of the others` : "";
  const params = axesOf(table), axes = params.length > mostAxes ? firstOf(mostAxes, params.length, "parameter") : "";
  return html`
    <${Card} title="All parameters" note=${[note, axes].filter(Boolean).join("; ")}><${Parallel} table=${table} goal=${sweep.goal} log=${view.log} ranges=${view.ranges} onRanges=${view.onRanges} onLog=${view.onLog} /></${Card}>
    <${Card} title="Scatter" width="w6" tools=${html`${choose("x", x)}${choose("y", y)}`}>
      <${Scatter} table=${table} goal=${sweep.goal} x=${x} y=${y} log=${view.log} keep=${view.keep} onOpen=${go} />
      <div class="bar small">${[x, y].filter((d) => d.positive && d.spread > 10).map((d) => html`<label><input type="checkbox" checked=${view.log.has(d.name)} onChange=${() => view.onLog(d.name)} /> log ${d.name}</label>`)}</div>
    </${Card}>
    <${CurvesPanel} curves=${curves} only=${view.trials} sweep=${sweep} query=${query} onOpen=${go} />
    <${TopTable} table=${table} goal=${sweep.goal} keep=${view.keep} open=${open} />
    <${When} table=${table} open=${open} />`;
}
