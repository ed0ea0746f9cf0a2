// The best value over the trials that have ended, and every trial's own. Where points are repeated with other seeds, what is
// ranked are points: each with how far its repeats lie apart.
import { ui } from "./html.js";
import { Card } from "./parts.js";
import { Lines } from "./plot/lines.js";
import { token } from "./plot/colour.js";
import { better, focus } from "./dims.js";
import { useDark } from "./theme.js";
import { duration, plural } from "./format.js";

const { html } = ui;

// rankOf is what a point is ranked by: the mean, or a quantile as the spec says.
function rankOf(rank, sorted) {
  const q = rank === "median" ? 0.5 : rank?.startsWith("q") ? Number(rank.slice(1)) : NaN;
  if (!isFinite(q)) return sorted.reduce((n, v) => n + v, 0) / sorted.length;
  const at = q * (sorted.length - 1), low = Math.floor(at);
  return low + 1 < sorted.length ? sorted[low] + (at - low) * (sorted[low + 1] - sorted[low]) : sorted[low];
}

// points are what is ranked, in the order they ended: {ended, value, low, high, wins}.
function points(table, repeat) {
  const rows = Array.from(table.value.data.keys()).filter((i) => isFinite(table.value.data[i]) && table.ended[i]), won = (i) => table.state[i] === "succeeded" || table.state[i] === "cached";
  const n = repeat?.trials ?? 1;
  if (n < 2) return rows.sort((a, b) => table.ended[a] - table.ended[b]).map((i) => ({ ended: table.ended[i], value: table.value.data[i], wins: won(i) }));
  const groups = new Map();
  for (const i of rows) if (won(i)) { const p = Math.floor(table.trial[i] / n); groups.set(p, [...(groups.get(p) ?? []), i]); }
  return [...groups.values()].map((list) => {
    const sorted = list.map((i) => table.value.data[i]).sort((a, b) => a - b);
    return { ended: Math.max(...list.map((i) => table.ended[i])), value: rankOf(repeat.rank, sorted), low: sorted[0], high: sorted[sorted.length - 1], wins: list.length > n / 2 };
  }).sort((a, b) => a.ended - b.ended);
}

/** BestSoFar shows it over trials or over time; repeat is the board's, absent where points are single trials. */
export function BestSoFar({ table, sweep, repeat, byTime, onByTime }) {
  const dark = useDark();
  const lines = ui.useMemo(() => {
    const start = Date.parse(sweep.created), best = [], all = [], low = [], high = [], bars = [];
    let so = null;
    points(table, repeat).forEach((p, n) => {
      const x = byTime ? Math.max(0, (p.ended - start) / 1000) : n + 1;
      all.push([x, p.value]);
      if (p.high > p.low) bars.push([x, p.low], [x, p.high], [x, NaN]);
      if (p.wins && (so === null || better(sweep.goal, p.value, so.value))) so = p;
      if (!so) return;
      best.push([x, so.value]);
      if (so.high !== undefined) { low.push([x, so.low]); high.push([x, so.high]); }
    });
    const shown = focus(table.value, sweep.goal), edge = sweep.goal === "maximize" ? 0 : 1;
    const view = shown && [shown[0], shown[1]];
    if (view && so) view[edge] = edge ? Math.max(view[1], so.value) : Math.min(view[0], so.value);
    if (view) view[1 - edge] = undefined;
    return { view, repeated: bars.length > 0, list: [
      { points: all, dots: table.rows > 3000 ? 1.2 : 2.2, colour: token("waiting"), alpha: 0.7 }, ...(bars.length ? [{ points: bars, width: 1, colour: token("waiting"), alpha: 0.7 }] : []),
      ...(low.length ? [{ area: [low, high], points: [], colour: token("accent"), alpha: 0.16 }] : []),
      { name: "best so far", points: best, step: true, width: 2.2, colour: token("accent") }] };
  }, [table, sweep.created, sweep.goal, repeat?.trials, repeat?.rank, byTime, dark]);
  const tools = html`<label><input type="checkbox" checked=${byTime} onChange=${() => onByTime(!byTime)} /> over time</label>`;
  const note = lines.repeated ? `points of ${plural(repeat.trials, "repeat")} by their ${repeat.rank || "mean"}, with the least and the greatest` : lines.view ? "the worst fifth of the values may be out of view" : "";
  return html`<${Card} title="Best so far" width="w8" tools=${tools} note=${note}>
    <${Lines} lines=${lines.list} yRange=${lines.view} xLabel=${byTime ? "since the start" : lines.repeated ? "points ended" : "trials ended"} yLabel=${sweep.metric ?? ""} xTick=${byTime ? duration : undefined} label="Best value so far" />
  </${Card}>`;
}
