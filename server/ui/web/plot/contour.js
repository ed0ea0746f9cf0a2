// A contour: how good trials are around each place of two parameters, with the trials themselves and the best among them.
import { ui } from "../html.js";
import { Canvas, axes, pointer } from "./canvas.js";
import { axisOf } from "./axis.js";
import { cloud, palette } from "./cloud.js";
import { ramp, token } from "./colour.js";
import { between, field, levels } from "./field.js";
import { goodness } from "../dims.js";
import { value } from "../format.js";

const { html } = ui;
const height = 400, left = 66, right = 14, top = 26, bottom = 44, lines = 8;

/** Contour shows the value of a table over two dimensions, of the rows that are kept. */
export function Contour({ table, goal, x, y, log, keep, onOpen }) {
  const [tip, setTip] = ui.useState(null), rank = goodness(table.value, goal), v = table.value.data;
  const rows = ui.useMemo(() => Array.from(rank.keys()).filter((i) => keep[i] && isFinite(rank[i]) && isFinite(x.data[i]) && isFinite(y.data[i])).sort((a, b) => rank[a] - rank[b]), [rank, keep, x, y]);
  const place = (width) => [axisOf(x, left, width - right, log.has(x.name), 6), axisOf(y, height - bottom, top, log.has(y.name), 6)];
  const known = ui.useMemo(() => { const [ax, ay] = place(800); return field(rows, rank, table, ax, ay); }, [rows, rank, x, y, log]);
  const worth = (mean) => (mean - known.low) / Math.max(known.high - known.low, 1e-9);
  const byRank = ui.useMemo(() => rows.map((i) => v[i]), [rows]); // values from the worst to the best
  const typical = (mean) => byRank[Math.max(0, Math.min(byRank.length - 1, Math.round(mean * (byRank.length - 1))))];
  const cells = (axis, n) => (axis.s.to - axis.s.from) / n;
  const draw = (c, width) => {
    const [ax, ay] = place(width), w = cells(ax, known.nx), h = cells(ay, known.ny);
    axes(c, { x: ax.s, y: ay.s, xTicks: ax.ticks, yTicks: ay.ticks, xLabel: ax.label, yLabel: ay.label });
    const smooth = !ax.banded && !ay.banded, part = smooth ? 4 : 1, of = palette(ramp, lines); // cells are drawn in parts, so that bands have no steps
    for (let j = 0; j < known.ny * part; j++) for (let i = 0; i < known.nx * part; i++) {
      const cell = Math.floor(j / part) * known.nx + Math.floor(i / part), m = smooth ? between(known, (i + 0.5) / part, (j + 0.5) / part) : known.mean[cell];
      if (Number.isNaN(m)) continue;
      c.globalAlpha = 0.35 + 0.6 * Math.min(1, known.near[cell]);
      c.fillStyle = of(Math.min(lines - 1, Math.floor(worth(m) * lines)) / (lines - 1));
      const x0 = Math.round(ax.s.from + i * w / part), y0 = Math.round(ay.s.from + (j + 1) * h / part); // edges that meet, so that nothing is drawn twice
      c.fillRect(x0, y0, Math.round(ax.s.from + (i + 1) * w / part) - x0, Math.round(ay.s.from + j * h / part) - y0);
    }
    c.globalAlpha = 1;
    if (!ax.banded && !ay.banded) {
      c.strokeStyle = token("card"); c.lineWidth = 1; c.globalAlpha = 0.55;
      c.beginPath();
      for (let k = 1; k < lines; k++) for (const [a, b, d, e] of levels(known, known.low + (known.high - known.low) * k / lines)) {
        c.moveTo(ax.s.from + a * w, ay.s.from + b * h); c.lineTo(ax.s.from + d * w, ay.s.from + e * h);
      }
      c.stroke();
      c.globalAlpha = 1;
    }
    cloud(c, { n: rows.length, at: (k) => [ax.at(rows[k], table.trial[rows[k]]), ay.at(rows[k], table.trial[rows[k]] * 31)], colour: () => token("text"), size: rows.length > 1000 ? 1 : 1.7, alpha: 0.5, box: [left, top, width - right, height - bottom] });
    const best = rows[rows.length - 1];
    if (best !== undefined) {
      const px = ax.at(best, table.trial[best]), py = ay.at(best, table.trial[best] * 31);
      for (const [colour, wide] of [[token("card"), 5], [token("failed"), 2.5]]) { c.strokeStyle = colour; c.lineWidth = wide; c.beginPath(); c.arc(px, py, 7, 0, 7); c.stroke(); }
    }
  };
  const nearest = (e) => {
    const p = pointer(e), [ax, ay] = place(p.width);
    let best = -1, far = 12 * 12;
    for (const i of rows) {
      const q = (ax.at(i, table.trial[i]) - p.x) ** 2 + (ay.at(i, table.trial[i] * 31) - p.y) ** 2;
      if (q < far) { far = q; best = i; }
    }
    return [best, p, ax, ay];
  };
  const name = (d, i) => `${d.name} ${d.categories ? d.categories[d.data[i]] : value(d.data[i])}`;
  const move = (e) => {
    const [i, p, ax, ay] = nearest(e), a = Math.floor((p.x - ax.s.from) / cells(ax, known.nx)), b = Math.floor((p.y - ay.s.from) / cells(ay, known.ny));
    const m = a >= 0 && a < known.nx && b >= 0 && b < known.ny ? known.mean[b * known.nx + a] : NaN;
    const text = [Number.isNaN(m) ? "" : `around here: ${table.value.name} about ${value(typical(m))}`, i < 0 ? "" : `trial ${table.trial[i]}: ${value(v[i])}\n${name(x, i)}\n${name(y, i)}`].filter(Boolean).join("\n");
    setTip(text ? { ...p, text } : null);
  };
  if (rows.length < 4) return html`<p class="quiet">It is drawn when four trials have a value with both.</p>`;
  const steps = Array.from({ length: 9 }, (_, i) => ramp(i / 8));
  return html`<div><${Canvas} height=${height} draw=${draw} on=${[rows, known, x, y, log]} tip=${tip} label=${`${table.value.name} over ${x.name} and ${y.name}`} onPointerMove=${move} onPointerLeave=${() => setTip(null)}
      onClick=${(e) => { const [i] = nearest(e); if (i >= 0) onOpen?.(table.trial[i]); }} />
    <div class="ramp small quiet"><span>worse, about ${value(typical(known.low))}</span><i style=${{ background: `linear-gradient(to right, ${steps.join(", ")})` }}></i><span>better, about ${value(typical(known.high))}</span></div></div>`;
}
