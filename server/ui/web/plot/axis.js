// The axis of a dimension, whether it is a range or has few values, each in a band of its own.
import { bands } from "../dims.js";
import { scale, scaleOf, ticksOf } from "./scale.js";
import { jitter } from "./cloud.js";

/** axisOf is {d, s, at, ticks, banded, label}: at(i, trial) is the pixel of row i, NaN where it has none. */
export function axisOf(d, from, to, log, about = 5) {
  const few = bands(d);
  if (few) {
    const s = scale(-0.5, few.labels.length - 0.5, from, to), every = Math.ceil(few.labels.length / Math.max(about * 2, 1));
    return { d, s, banded: few, label: d.name, at: (i, trial) => s(few.of(d.data[i]) + 0.6 * jitter(trial)), ticks: few.labels.map((label, at) => ({ at, label })).filter((t) => t.at % every === 0) };
  }
  const s = scaleOf(d, from, to, log);
  return { d, s, banded: null, label: d.name + (s.log ? " (log)" : ""), at: (i) => (s.log && !(d.data[i] > 0) ? NaN : s(d.data[i])), ticks: ticksOf(d, s, about) };
}
