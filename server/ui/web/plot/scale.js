// Scales: from values to pixels and back, linear or logarithmic, with the ticks that people expect.
import { tick } from "../format.js";

// least is how far apart two numbers of a magnitude must lie so that there is something between them.
function least(a, b) { return 8 * Number.EPSILON * Math.max(Math.abs(a), Math.abs(b)); }

/** scale maps [min, max] to [from, to]. */
export function scale(min, max, from, to, log = false) {
  if (!(max - min > least(min, max))) { const pad = Math.abs(min) || 1; min -= pad / 2; max = min + pad; if (log && min <= 0) min = max / 10; }
  const f = log ? Math.log10 : (v) => v, back = log ? (v) => 10 ** v : (v) => v;
  const a = f(min), k = (to - from) / (f(max) - a);
  const at = (v) => from + (f(v) - a) * k;
  at.invert = (pixel) => (pixel === from ? min : pixel === to ? max : back(a + (pixel - from) / k)); // ends are not rounded
  at.min = min; at.max = max; at.log = log; at.from = from; at.to = to;
  return at;
}

/** ticks are about so many values of a scale, each with its label. */
export function ticks(s, about = 5) {
  if (s.log) {
    const lo = Math.ceil(Math.log10(s.min) - 1e-9), hi = Math.floor(Math.log10(s.max) + 1e-9);
    if (hi - lo >= 1) {
      const every = Math.max(1, Math.ceil((hi - lo + 1) / about)), out = [];
      for (let e = lo; e <= hi; e += every) out.push({ at: 10 ** e, label: tick(10 ** e) });
      return out;
    }
  }
  const raw = (s.max - s.min) / about, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((x) => x >= raw * 0.99) ?? 10 * power;
  return multiples(s, step, about).map((at) => ({ at, label: tick(at) }));
}

// multiples are those of a step on a scale, but no more than a few for each that is wanted: beyond 2^53 a number and the next are the same.
function multiples(s, step, about) {
  const first = Math.ceil(s.min / step - 1e-9), many = Math.min(Math.floor(s.max / step - first + 1e-9), 4 * about), out = [];
  for (let i = 0; i <= many; i++) out.push((first + i) * step);
  return out;
}

const times = [0.001, 0.01, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

/** timeTicks are ticks of a scale in seconds, at times that people say. */
export function timeTicks(s, about, label) {
  const raw = (s.max - s.min) / about, step = times.find((t) => t >= raw * 0.8) ?? Math.ceil(raw / 86400) * 86400;
  return multiples(s, step, about).map((at) => ({ at, label: at === 0 ? "0" : label(at) }));
}

/** scaleOf is the scale of a dimension: categories in the middle of even bands. */
export function scaleOf(dim, from, to, log) {
  if (dim.categories) return scale(-0.5, Math.max(dim.categories.length - 0.5, 0.5), from, to);
  const l = log && dim.positive;
  if (!isFinite(dim.min)) return scale(0, 1, from, to);
  return scale(dim.min, dim.max, from, to, l);
}

/** ticksOf are the ticks of a dimension's scale. */
export function ticksOf(dim, s, about) {
  if (dim.few?.length > 1 && dim.kind === "param" && !dim.categories) {
    let last = Infinity; // labels do not lie on each other
    return dim.few.filter((v) => { const clear = Math.abs(s(v) - last) > 15; if (clear) last = s(v); return clear; }).map((at) => ({ at, label: tick(at) }));
  }
  if (!dim.categories) return dim.whole && !s.log && s.max - s.min <= about ? ticks(s, about).filter((t) => Number.isInteger(t.at)) : ticks(s, about);
  const every = Math.ceil(dim.categories.length / Math.max(about * 2, 1));
  return dim.categories.map((label, at) => ({ at, label })).filter((t) => t.at % every === 0);
}
