// A scatter of any two columns, coloured by how good trials are. The nearest trial is named; a click opens it.
import { ui } from "../html.js";
import { Canvas, axes, pointer } from "./canvas.js";
import { ramp, token } from "./colour.js";
import { scaleOf, ticksOf } from "./scale.js";
import { goodness } from "../dims.js";
import { plural, value } from "../format.js";

const { html } = ui;
const height = 320;

/** Scatter shows two dimensions of a table, of the rows that are kept. */
export function Scatter({ table, goal, x, y, log, keep, onOpen }) {
  const rank = ui.useMemo(() => goodness(table.value, goal), [table, goal]);
  const order = ui.useMemo(() => Array.from(rank.keys()).sort((a, b) => (rank[a] || 0) - (rank[b] || 0)), [rank]);
  const [tip, setTip] = ui.useState(null);
  const scales = (width) => [scaleOf(x, 62, width - 14, log.has(x.name)), scaleOf(y, height - 44, 26, log.has(y.name))];
  // categories are spread, so that equal ones do not hide each other: by the trial's number, the same at every look
  const spread = (d, i) => (d.categories ? (((table.trial[i] * 7919) % 1000) / 1000 - 0.5) * 0.6 : 0);
  const at = (i, sx, sy) => {
    const a = x.data[i], b = y.data[i];
    if (!isFinite(a) || !isFinite(b) || (sx.log && a <= 0) || (sy.log && b <= 0)) return null;
    return [sx(a + spread(x, i)), sy(b + spread(y, i))];
  };
  const draw = (c, width) => {
    const [sx, sy] = scales(width);
    axes(c, { x: sx, y: sy, xTicks: ticksOf(x, sx, 6), yTicks: ticksOf(y, sy, 5), xLabel: x.name + (sx.log ? " (log)" : ""), yLabel: y.name + (sy.log ? " (log)" : "") });
    const size = table.rows > 5000 ? 2 : table.rows > 500 ? 3 : 4.5;
    for (const i of order) {
      const p = at(i, sx, sy);
      if (!p) continue;
      const r = rank[i];
      c.globalAlpha = keep[i] ? (table.rows > 5000 ? 0.6 : 0.85) : 0.12;
      c.fillStyle = isFinite(r) && keep[i] ? ramp(r) : token("waiting");
      if (size < 3) c.fillRect(p[0] - size / 2, p[1] - size / 2, size, size);
      else { c.beginPath(); c.arc(p[0], p[1], size, 0, 7); c.fill(); }
    }
    c.globalAlpha = 1;
  };
  const nearest = (e) => {
    const p = pointer(e), [sx, sy] = scales(p.width);
    let best = -1, far = 14 * 14;
    for (let i = 0; i < table.rows; i++) {
      const q = keep[i] && at(i, sx, sy);
      if (!q) continue;
      const d = (q[0] - p.x) ** 2 + (q[1] - p.y) ** 2;
      if (d < far) { far = d; best = i; }
    }
    return [best, p];
  };
  const name = (d, i) => `${d.name} ${d.categories ? d.categories[d.data[i]] : value(d.data[i])}`;
  const move = (e) => {
    const [i, p] = nearest(e);
    setTip(i < 0 ? null : { ...p, text: [`trial ${table.trial[i]}, ${table.state[i]}`, name(table.value, i), name(x, i), name(y, i)].filter((t, k, all) => all.indexOf(t) === k).join("\n") });
  };
  const open = (e) => { const [i] = nearest(e); if (i >= 0) onOpen?.(table.trial[i]); };
  return html`<${Canvas} height=${height} draw=${draw} on=${[table, keep, x, y, log]} tip=${tip} onPointerMove=${move} onPointerLeave=${() => setTip(null)} onClick=${open}
    style=${{ cursor: tip && onOpen ? "pointer" : "default" }} label=${`${y.name} against ${x.name} of ${plural(table.rows, "trial")}`} />`;
}
