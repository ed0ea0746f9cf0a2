// A slice: the objective over one parameter, a dot for each trial, the later the stronger; and the median along it. Where
// the median has its best is where to look next.
import { ui } from "../html.js";
import { Canvas, axes, pointer } from "./canvas.js";
import { cloud, palette } from "./cloud.js";
import { axisOf } from "./axis.js";
import { ramp, token } from "./colour.js";
import { scale, ticks } from "./scale.js";
import { focus } from "../dims.js";
import { value } from "../format.js";

const { html } = ui;
const height = 190, left = 54, right = 12, top = 22, bottom = 40, bins = 14;

// medians are the middle values along an axis, as [pixel, value, half width]: of a range, of as many trials each.
function medians(axis, v, rows) {
  const groups = new Map(), { s } = axis, middle = (list) => { const sorted = Float64Array.from(list).sort(); return sorted[Math.floor((sorted.length - 1) / 2)]; };
  if (axis.banded) {
    for (const i of rows) { const k = axis.banded.of(axis.d.data[i]); if (isFinite(k)) (groups.get(k) ?? groups.set(k, []).get(k)).push(v[i]); }
    return [...groups].map(([k, list]) => [s(k), middle(list), Math.abs(s(0.35) - s(0))]);
  }
  const along = rows.map((i) => [axis.at(i, 0), v[i]]).filter(([p]) => isFinite(p)).sort((a, b) => a[0] - b[0]), each = Math.max(5, Math.ceil(along.length / bins)), out = [];
  for (let k = 0; k < along.length; k += each) {
    const part = along.slice(k, along.length - k < 1.5 * each ? undefined : k + each);
    out.push([middle(part.map(([p]) => p)), middle(part.map(([, y]) => y)), 0]);
    if (along.length - k < 1.5 * each) break;
  }
  return out;
}

/** Slice shows the value of a table over one dimension, of the rows that are kept. */
export function Slice({ table, goal, d, log, keep, onOpen }) {
  const [tip, setTip] = ui.useState(null), v = table.value.data;
  const rows = ui.useMemo(() => Array.from(table.trial.keys()).filter((i) => keep[i] && isFinite(v[i]) && isFinite(d.data[i])).sort((a, b) => table.trial[a] - table.trial[b]), [table, d, keep]);
  const range = ui.useMemo(() => focus(table.value, goal) ?? [table.value.min, table.value.max], [table, goal]);
  const place = (width) => {
    const pad = (range[1] - range[0]) * 0.05;
    return [axisOf(d, left, width - right, log, 4), scale(range[0] - pad, range[1] + pad, height - bottom, top)];
  };
  const draw = (c, width) => {
    const [x, y] = place(width), of = palette((t) => ramp(0.1 + 0.9 * t)), n = rows.length;
    axes(c, { x: x.s, y, xTicks: x.ticks, yTicks: ticks(y, 4), xLabel: x.label, yLabel: "" });
    c.save();
    c.beginPath(); c.rect(left - 3, top - 3, width - left - right + 6, height - top - bottom + 6); c.clip();
    cloud(c, { n, at: (k) => [x.at(rows[k], table.trial[rows[k]]), y(v[rows[k]])], colour: (k) => of(n > 1 ? k / (n - 1) : 1), size: n > 800 ? 1.6 : 2.6, alpha: 0.75, box: [left, top, width - right, height - bottom] });
    const middle = (n > 8 ? medians(x, v, rows) : []).map(([px, m, half]) => [px, Math.max(range[0], Math.min(range[1], m)), half]); // what is out of view lies at its edge
    c.strokeStyle = token("failed"); c.lineWidth = 2; c.lineJoin = "round";
    c.beginPath();
    middle.forEach(([px, m, half], k) => {
      if (x.banded) { c.moveTo(px - half, y(m)); c.lineTo(px + half, y(m)); } else if (k) c.lineTo(px, y(m)); else c.moveTo(px, y(m));
    });
    c.stroke();
    c.restore();
  };
  const nearest = (e) => {
    const p = pointer(e), [x, y] = place(p.width);
    let best = -1, far = 14 * 14;
    for (const i of rows) {
      const q = (x.at(i, table.trial[i]) - p.x) ** 2 + (y(v[i]) - p.y) ** 2;
      if (q < far) { far = q; best = i; }
    }
    return [best, p];
  };
  const move = (e) => {
    const [i, p] = nearest(e);
    setTip(i < 0 ? null : { ...p, text: `trial ${table.trial[i]}, ${table.state[i]}\n${table.value.name} ${value(v[i])}\n${d.name} ${d.categories ? d.categories[d.data[i]] : value(d.data[i])}` });
  };
  return html`<${Canvas} height=${height} draw=${draw} on=${[rows, range, d, log]} tip=${tip} label=${`${table.value.name} over ${d.name}`} onPointerMove=${move} onPointerLeave=${() => setTip(null)}
    onClick=${(e) => { const [i] = nearest(e); if (i >= 0) onOpen?.(table.trial[i]); }} style=${{ cursor: tip && onOpen ? "pointer" : "default" }} />`;
}
