package ui_test

import "testing"

// Categories are in the order of the spec's list; numbers that it does not list by their values, behind them names.
const orderTest = page + `
const { dimensions, inOrder, bands } = await import("./dims.mjs");
const { axisOf } = await import("./plot/axis.mjs");
const { scaleOf, ticksOf } = await import("./plot/scale.mjs");
for (const [names, list, want] of [
  [["large", "small", "medium"], ["small", "medium", "large"], ["small", "medium", "large"]],
  [["10", "2", "auto", "-1", "0.5", "1e3", ""], undefined, ["-1", "0.5", "2", "10", "1e3", "", "auto"]],
  [["10", "new", "auto", "2"], ["auto", 10], ["auto", "10", "2", "new"]],
  [["b", "a", "c"], [], ["a", "b", "c"]],
  [["[64,32]", "[32]", "true"], [[64, 32], true, [32]], ["[64,32]", "true", "[32]"]],
  [["NaN", "Infinity", "3"], [], ["3", "Infinity", "NaN"]],
]) same(inOrder(names, list), want);
const params = [{ name: "size", values: ["large", "small", null], order: ["tiny", "small", "large"] },
  { name: "layers", values: ["10", "2", "auto"] }, { name: "width", values: [10, 2, 3], order: [3, 10, 2] }];
const columns = { trial: [0, 1, 2], state: Array(3).fill("succeeded"), value: [1, 2, 3], seconds: [1, 1, 1],
  ended_ms: [1, 2, 3], agent: [], metrics: [], params };
const [, size, layers, width] = dimensions(columns, "loss").dims;
same([size.categories, Array.from(size.data.slice(0, 2))], [["small", "large"], [1, 0]]);
same(layers.categories, ["2", "10", "auto"]);
same([width.categories, width.few, bands(width).labels], [null, [2, 3, 10], ["2", "3", "10"]]);
for (const d of [size, layers]) { // one order in every picture
  same(axisOf(d, 0, 100, false).ticks.map((t) => t.label), d.categories);
  same(ticksOf(d, scaleOf(d, 0, 100, false), 5).map((t) => t.label), d.categories);
}
`

func TestOrderOfCategories(t *testing.T) { runNode(t, orderTest) }
