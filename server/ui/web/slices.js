// Parameters one by one and two by two: slices, a contour, and ranks over pairs. What is chosen stands in the address, with
// the ranges that were dragged along the axes of the overview.
import { ui } from "./html.js";
import { Card, Empty } from "./parts.js";
import { useExplore } from "./explore.js";
import { Contour } from "./plot/contour.js";
import { Pairs } from "./plot/pairs.js";
import { Slice } from "./plot/slice.js";
import { bands } from "./dims.js";
import { change } from "./route.js";
import { count, plural } from "./format.js";

const { html } = ui;

// byImportance are the parameters of a table that vary, what matters most first.
function byImportance(table, report) {
  const share = new Map((report?.importance ?? []).map((s) => [s.parameter, s.share]));
  return table.dims.filter((d) => d.kind === "param" && (d.varies || d.categories?.length > 1)).map((d, i) => ({ d, i, share: share.get(d.name) ?? -1 }))
    .sort((a, b) => b.share - a.share || a.i - b.i).map((one) => one.d);
}

/** Slices shows a table's parameters; report is what matters of them, null where that is not known. */
export function Slices({ table, sweep, query, report, open }) {
  const view = useExplore(table, query), dims = ui.useMemo(() => byImportance(table, report), [table, report]);
  const go = open && ((t) => { location.hash = open(t); });
  if (dims.length === 0 || !isFinite(table.value.min)) {
    return html`<div class="w12 card"><${Empty} title="Nothing to draw yet">${sweep.metric ? "Pictures appear when trials with other parameters have ended with a value." : "The sweep has no metric."}</${Empty}></div>`;
  }
  const pick = (key, fallback) => dims.find((d) => d.name === query.get(key)) ?? fallback;
  const ranges = dims.slice(0, 6).filter((d) => !bands(d)), first = ranges.length > 1 ? ranges : dims; // a contour is of ranges, where there are two
  const x = pick("cx", first[0]), y = pick("cy", first.find((d) => d !== x) ?? dims.find((d) => d !== x));
  const choose = (key, now, other) => html`<label>${key === "cx" ? "x" : "y"} <select value=${now.name} onChange=${(e) => change({ [key]: e.target.value })}>${dims.filter((d) => d !== other).map((d) => html`<option value=${d.name} selected=${d === now}>${d.name}</option>`)}</select></label>`;
  const kept = view.keep.reduce((n, k) => n + k, 0), some = kept < table.rows && html`<span class="tag">${count(kept)} of ${plural(table.rows, "trial")} chosen</span> <button class="plain" onClick=${() => view.onRanges({})}>show all</button>`;
  const most = Number(query.get("slices")) || 12;
  return html`
    <${Card} title="Slices" note=${`${table.value.name} over each parameter, what matters most first; the line is the median`} tools=${some}>
      <div class="slices">${dims.slice(0, most).map((d) => html`<${Slice} key=${d.name} table=${table} goal=${sweep.goal} d=${d} log=${view.log.has(d.name)} keep=${view.keep} onOpen=${go} />`)}</div>
      <div class="bar small quiet"><span>The later a trial, the stronger its dot.</span>${dims.length > most && html`<button onClick=${() => change({ slices: dims.length })}>show all ${dims.length}</button>`}<span class="spring"></span>
        ${dims.filter((d) => d.positive && d.spread > 10).map((d) => html`<label><input type="checkbox" checked=${view.log.has(d.name)} onChange=${() => view.onLog(d.name)} /> log ${d.name}</label>`)}</div>
    </${Card}>
    ${y && html`<${Card} title="Two parameters" width="w6" tools=${html`${choose("cx", x, y)}${choose("cy", y, x)}`}>
      <${Contour} table=${table} goal=${sweep.goal} x=${x} y=${y} log=${view.log} keep=${view.keep} onOpen=${go} />
      <p class="small quiet">How good trials are around each place, by rank; the ring is the best. Nothing is drawn where no trial was near.</p>
    </${Card}>`}
    ${y && html`<${Card} title="Ranks" width="w6" note=${dims.length > 5 ? "of the five that matter most" : ""}>
      <${Pairs} table=${table} goal=${sweep.goal} dims=${dims.slice(0, 5)} log=${view.log} keep=${view.keep} picked=${[x.name, y.name]} onPick=${([a, b]) => change({ cx: a, cy: b })} />
      <p class="small quiet">Each dot is a trial, the better the stronger. Click a pair to see it as a contour.</p>
    </${Card}>`}`;
}
