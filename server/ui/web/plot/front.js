// Two goals against each other: all trials, those of the front, and the volume that the front dominates up to its reference.
import { ui } from "../html.js";
import { Canvas, axes, pointer } from "./canvas.js";
import { cloud } from "./cloud.js";
import { token } from "./colour.js";
import { scale, ticks } from "./scale.js";
import { value } from "../format.js";

const { html } = ui;
const height = 340, left = 66, right = 16, top = 26, bottom = 44;

// view is the range of a goal: with all, or without the worse half of the trials where they lie far off. The front is in it.
function view(g, front, all) {
  const sorted = g.d.data.filter((v) => isFinite(v)).sort(), n = sorted.length;
  if (!n) return [0, 1];
  let lo = sorted[0], hi = sorted[n - 1];
  if (!all && n > 20) {
    const [a, b] = g.goal === "maximize" ? [sorted[Math.floor(0.5 * (n - 1))], hi] : [lo, sorted[Math.ceil(0.5 * (n - 1))]];
    const ends = front.map((i) => g.d.data[i]), low = Math.min(a, ...ends), high = Math.max(b, ...ends);
    if ((hi - lo) > 2 * (high - low)) { lo = low; hi = high; }
  }
  const pad = (hi - lo || Math.abs(hi) || 1) * 0.08;
  return [lo - pad, hi + pad];
}

/** FrontPlot shows two goals, each {d, goal, reference}; front are rows of the table. whole says that the goals have no
    others beside them: then the front is a line, and its volume is an area. */
export function FrontPlot({ table, x, y, front, whole, all, onOpen }) {
  const [tip, setTip] = ui.useState(null);
  const rows = ui.useMemo(() => Array.from(table.trial.keys()).filter((i) => isFinite(x.d.data[i]) && isFinite(y.d.data[i])), [table, x.d, y.d]);
  const ranges = ui.useMemo(() => [view(x, front, all), view(y, front, all)], [x.d, y.d, front, all]);
  const place = (width) => [scale(...ranges[0], left, width - right), scale(...ranges[1], height - bottom, top)];
  const arrow = (g) => `${g.d.name} (${g.goal === "maximize" ? "higher" : "lower"} is better)`;
  const draw = (c, width) => {
    const [sx, sy] = place(width), accent = token("accent");
    axes(c, { x: sx, y: sy, xTicks: ticks(sx, 6), yTicks: ticks(sy, 5), xLabel: arrow(x), yLabel: arrow(y) });
    c.save();
    c.beginPath(); c.rect(left, top, width - left - right, height - top - bottom); c.clip();
    const line = [...front].sort((a, b) => x.d.data[a] - x.d.data[b]).map((i) => [sx(x.d.data[i]), sy(y.d.data[i])]);
    if (whole && line.length > 0) {
      const rx = x.reference === undefined ? null : sx(x.reference), ry = y.reference === undefined ? null : sy(y.reference), corner = [];
      line.forEach(([px, py], k) => { // steps stay on the side of the front that is worse
        if (k) corner.push(x.goal === "maximize" ? [line[k - 1][0], py] : [px, line[k - 1][1]]);
        corner.push([px, py]);
      });
      if (rx !== null && ry !== null) {
        c.globalAlpha = 0.12; c.fillStyle = accent;
        const first = line[0], last = line[line.length - 1];
        c.beginPath();
        if (x.goal === "maximize") { c.moveTo(rx, ry); c.lineTo(rx, first[1]); } else { c.moveTo(first[0], ry); }
        for (const p of corner) c.lineTo(...p);
        if (x.goal === "maximize") c.lineTo(last[0], ry); else { c.lineTo(rx, last[1]); c.lineTo(rx, ry); }
        c.closePath(); c.fill();
        c.globalAlpha = 1;
      }
      c.strokeStyle = accent; c.lineWidth = 1.5;
      c.beginPath(); corner.forEach((p, k) => (k ? c.lineTo(...p) : c.moveTo(...p))); c.stroke();
    }
    cloud(c, { n: rows.length, at: (k) => [sx(x.d.data[rows[k]]), sy(y.d.data[rows[k]])], colour: () => token("waiting"), size: rows.length > 1000 ? 1.6 : 2.6, alpha: 0.8, box: [left, top, width - right, height - bottom] });
    for (const [px, py] of line) {
      c.fillStyle = accent; c.strokeStyle = token("card"); c.lineWidth = 1.5;
      c.beginPath(); c.arc(px, py, 5, 0, 7); c.fill(); c.stroke();
    }
    c.restore();
  };
  const nearest = (e) => {
    const p = pointer(e), [sx, sy] = place(p.width);
    let best = -1, far = 14 * 14;
    for (const list of [rows, front]) for (const i of list) { // of the front where both are as near
      const d = (sx(x.d.data[i]) - p.x) ** 2 + (sy(y.d.data[i]) - p.y) ** 2;
      if (d < far || (d === far && list === front)) { far = d; best = i; }
    }
    return [best, p];
  };
  const move = (e) => {
    const [i, p] = nearest(e);
    setTip(i < 0 ? null : { ...p, text: `trial ${table.trial[i]}${front.includes(i) ? ", of the front" : ""}\n${x.d.name} ${value(x.d.data[i])}\n${y.d.name} ${value(y.d.data[i])}` });
  };
  return html`<${Canvas} height=${height} draw=${draw} on=${[rows, ranges, front, x, y]} tip=${tip} label=${`${y.d.name} against ${x.d.name}, with the Pareto front`} onPointerMove=${move} onPointerLeave=${() => setTip(null)}
    onClick=${(e) => { const [i] = nearest(e); if (i >= 0) onOpen?.(table.trial[i]); }} style=${{ cursor: tip && onOpen ? "pointer" : "default" }} />`;
}
