package ui_test

import "testing"

// Whatever values lie on an axis, it has a few ticks, at once: a loop that a sum of two numbers does not end stands the page still.
const ticksTest = `
import { scale, ticks, timeTicks } from "./plot/scale.mjs";
import { chosen, readRanges, writeRanges } from "./plot/parallel.mjs";
const about = 5, one = 1 - Number.EPSILON / 2;
for (const [min, max] of [[one, 1], [1, 1], [0, 1], [-1, 1], [0.1, 0.3], [1e15, 1e15 + 1], [1e300, 1e300 * (1 + 1e-15)], [0, 5e-324], [-1e308, 1e308], [1.7e9, 1.7e9 + 1e-3], [9007199254740992, 9007199254740994], [-1, -one], [1, 1 + 1e-13]]) {
  const s = scale(min, max, 0, 100), all = ticks(s, about);
  if (all.length > 4 * about + 1) throw new Error([min, max] + ": " + all.length + " ticks");
  if (max - min > 1e-12 * Math.abs(max) && isFinite(max - min) && max > 1e-300 && all.length < 2) throw new Error([min, max] + ": " + JSON.stringify(all));
  if (timeTicks(s, about, String).length > 4 * about + 1) throw new Error([min, max] + " as times");
}
for (const [min, max, want] of [[0, 1, "0 0.2 0.4 0.6 0.8 1"], [-1, 1, "-1 -0.5 0 0.5 1"], [0.3, 4.1, "1 2 3 4"]]) {
  const got = ticks(scale(min, max, 0, 100), about).map((t) => t.label).join(" ");
  if (got !== want) throw new Error([min, max] + ": " + got + ", not " + want);
}
// A range that is dragged to the end of an axis has the trial there, also from an address.
for (const [min, max, log] of [[0.1234567, 0.7654321, false], [1000000.1, 1000000.2, false], [1.234567e-7, 9.876543e3, true]]) {
  const s = scale(min, max, 366, 40, log), best = { rows: 2, dims: [{ name: "loss", data: [min, max] }] };
  const kept = chosen(best, readRanges(writeRanges({ loss: [s.invert(366), s.invert(40)] })));
  if (String(kept) !== "1,1") throw new Error("of " + min + " to " + max + " are left " + kept);
}
const equal = scale(one, 1, 0, 100)(1);
if (!(equal > 30 && equal < 70)) throw new Error("equal values lie at " + equal);
`

func TestAttackTicks(t *testing.T) { runNode(t, ticksTest) }
