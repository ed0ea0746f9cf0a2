// Parallel coordinates: a line for each trial over all parameters to the objective. A range is chosen by dragging along
// an axis; what is outside of it steps back. The best are drawn last.
import { ui } from "../html.js";
import { Canvas, cut, pointer } from "./canvas.js";
import { ramp, token } from "./colour.js";
import { scaleOf, ticksOf } from "./scale.js";
import { goodness } from "../dims.js";
import { own } from "../own.js";
import { decode } from "../route.js";
import { count, plural, value } from "../format.js";

const { html } = ui;
const height = 380, top = 40, bottom = 14, atOnce = 2000;

/** readRanges and writeRanges are ranges as a word of the address: NAME:LOW:HIGH, separated by semicolons. */
export function readRanges(text) {
  return Object.fromEntries((text ?? "").split(";").filter(Boolean).map((one) => {
    const [name, lo, hi] = one.split(":");
    return [decode(name), [Number(lo), Number(hi)]];
  }).filter(([, [lo, hi]]) => isFinite(lo) && isFinite(hi)));
}
export function writeRanges(ranges) {
  return Object.entries(ranges).map(([name, [lo, hi]]) => `${encodeURIComponent(name)}:${lo}:${hi}`).join(";");
}

/** chosen says of each row whether it is within all ranges. */
export function chosen(table, ranges) {
  const limits = table.dims.filter((d) => own(ranges, d.name)).map((d) => [d.data, ...own(ranges, d.name)]);
  const out = new Uint8Array(table.rows);
  for (let i = 0; i < table.rows; i++) out[i] = limits.every(([data, lo, hi]) => data[i] >= lo && data[i] <= hi) ? 1 : 0;
  return out;
}

/** mostAxes is how many parameters have an axis at most. */
export const mostAxes = 14;

/** axesOf are the parameters that are not the same in all trials. */
export function axesOf(table) { return table.dims.filter((d) => d.kind === "param" && (d.varies || d.categories?.length > 1)); }

/** Parallel shows a table. log are the names of axes that are logarithmic. */
export function Parallel({ table, goal, log, ranges: kept, onRanges, onLog }) {
  const [drag, setDrag] = ui.useState(null); // {a, from, range}: while it lasts the address stays as it is
  const ranges = ui.useMemo(() => (drag?.range ? { ...kept, [drag.a.d.name]: drag.range } : kept), [kept, drag]);
  const dims = ui.useMemo(() => {
    return [...axesOf(table).slice(0, mostAxes), ...(isFinite(table.value.min) ? [table.value] : [])];
  }, [table]);
  const rank = ui.useMemo(() => goodness(table.value, goal), [table, goal]);
  const order = ui.useMemo(() => Array.from(rank.keys()).sort((a, b) => (rank[a] || 0) - (rank[b] || 0)), [rank]);
  const keep = ui.useMemo(() => chosen(table, ranges), [table, ranges]);
  const place = (width) => {
    const margin = Math.min(60, width / (dims.length * 2 || 2));
    return dims.map((d, i) => ({ d, x: margin + (width - 2 * margin) * (dims.length > 1 ? i / (dims.length - 1) : 0.5), s: scaleOf(d, height - bottom, top, log.has(d.name)) }));
  };
  const many = keep.reduce((n, k) => n + k, 0);
  const few = Math.max(1, Math.floor(table.rows / atOnce)); // of what is drawn at once: every so many-th
  const paint = function* (c, width, every) {
    const axes = place(width), line = (i) => {
      let pen = false;
      for (const { d, x, s } of axes) {
        const v = d.data[i];
        if (!isFinite(v) || (s.log && v <= 0)) { pen = false; continue; }
        if (pen) c.lineTo(x, s(v)); else c.moveTo(x, s(v));
        pen = true;
      }
    };
    const shown = many / every, alpha = Math.max(0.04, Math.min(0.75, 6 / Math.sqrt(shown + 1)));
    let drawn = 0;
    c.lineWidth = 1;
    if (many < table.rows) {
      c.strokeStyle = token("line");
      c.globalAlpha = Math.max(0.05, 0.8 / Math.sqrt((table.rows - many) / 100 + 1));
      let left = Math.min(3000, atOnce); // of what steps back a part is enough
      for (const i of order) if (!keep[i] && left-- > 0) { c.beginPath(); line(i); c.stroke(); if (++drawn % 64 === 0) yield; }
      c.globalAlpha = 1;
    }
    const bands = 24; // colours and strengths
    let band = -1;
    for (let n = (order.length - 1) % every; n < order.length; n += every) { // so that the last, the best, is among them
      const i = order[n], r = rank[i];
      if (!keep[i]) continue;
      const now = isFinite(r) ? Math.floor(r * (bands - 1)) : -2;
      if (now !== band) {
        band = now;
        c.strokeStyle = now < 0 ? token("waiting") : ramp(now / (bands - 1), alpha + (1 - alpha) * (now / (bands - 1)) ** (shown > 3000 ? 24 : 6));
      }
      c.beginPath(); line(i); c.stroke();
      if (++drawn % 64 === 0) yield;
    }
    labels(c, width, axes);
  };
  const labels = (c, width, axes) => {
    c.textBaseline = "middle";
    for (const { d, x, s } of axes) {
      c.strokeStyle = token("line-strong");
      c.beginPath(); c.moveTo(x + 0.5, top); c.lineTo(x + 0.5, height - bottom); c.stroke();
      const range = own(ranges, d.name);
      if (range) {
        const a = s(Math.max(range[0], s.min)), b = s(Math.min(range[1], s.max));
        c.fillStyle = token("accent"); c.globalAlpha = 0.3; c.fillRect(x - 7, Math.min(a, b), 14, Math.max(Math.abs(a - b), 2)); c.globalAlpha = 1;
      }
      const last = x > width - 90;
      c.textAlign = last ? "right" : "left";
      for (const t of ticksOf(d, s, 5)) {
        const label = cut(c, t.label, 90), w = c.measureText(label).width, at = last ? x - 6 : x + 6;
        c.globalAlpha = 0.8; c.fillStyle = token("card"); c.fillRect(last ? at - w - 2 : at - 2, s(t.at) - 7, w + 4, 14); c.globalAlpha = 1;
        c.fillStyle = token("quiet"); c.fillText(label, at, s(t.at));
      }
      c.textAlign = x < 70 ? "left" : x > width - 70 ? "right" : "center";
      c.fillStyle = token("text");
      const room = dims.length > 1 ? Math.max(axes[1].x - axes[0].x - 8, 30) : width;
      c.fillText(cut(c, d.name + (s.log ? " (log)" : ""), room), x < 70 ? Math.max(x - 30, 2) : x > width - 70 ? Math.min(x + 30, width - 2) : x, 14);
    }
  };
  const draw = (c, width) => { for (const step of paint(c, width, few)) void step; };
  const full = few > 1 && !drag ? (c, width) => paint(c, width, 1) : null;
  const nearest = (p) => place(p.width).reduce((a, b) => (Math.abs(b.x - p.x) < Math.abs(a.x - p.x) ? b : a));
  const down = (e) => { if (!dims.length) return; const p = pointer(e), a = nearest(p); e.currentTarget.setPointerCapture(e.pointerId); setDrag({ a, from: p.y }); };
  const move = (e) => {
    if (!drag) return;
    const y = Math.max(top, Math.min(height - bottom, pointer(e).y)), v = [drag.a.s.invert(Math.max(top, Math.min(height - bottom, drag.from))), drag.a.s.invert(y)].sort((m, n) => m - n);
    if (Math.abs(y - drag.from) > 4) setDrag({ ...drag, range: v });
  };
  const up = (e) => {
    if (!drag) return;
    const { [drag.a.d.name]: gone, ...rest } = kept;
    onRanges(drag.range ? ranges : rest);
    setDrag(null);
  };
  if (!dims.length) return html`<p class="quiet">No parameter has two values yet.</p>`;
  return html`<div>
    <${Canvas} height=${height} draw=${draw} full=${full} on=${[table, keep, ranges, log]} style=${{ touchAction: "none", cursor: "ns-resize" }}
      label=${`Parallel coordinates of ${plural(many, "trial")} over ${dims.map((d) => d.name).join(", ")}`}
      onPointerDown=${down} onPointerMove=${move} onPointerUp=${up} />
    <div class="bar small quiet">
      <span>${plural(many, "trial")} shown${many < table.rows ? ` of ${count(table.rows)}` : ""}; drag along an axis to choose a range, click it to let go.</span>
      <span class="spring"></span>
      ${dims.filter((d) => d.positive && d.spread > 10).map((d) => html`<label><input type="checkbox" checked=${log.has(d.name)} onChange=${() => onLog(d.name)} /> log ${d.name}</label>`)}
    </div>
    ${Object.entries(ranges).length > 0 && html`<div class="bar small">${Object.entries(ranges).map(([name, [lo, hi]]) => {
      const d = table.dims.find((x) => x.name === name);
      const text = d?.categories ? d.categories.slice(Math.max(0, Math.ceil(lo)), Math.floor(hi) + 1).join(", ") : `${value(lo)} to ${value(hi)}`;
      return html`<span class="tag">${name}: ${text}</span>`;
    })}<button class="plain" onClick=${() => onRanges({})}>show all</button></div>`}
  </div>`;
}
