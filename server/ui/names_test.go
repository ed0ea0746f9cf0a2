package ui_test

import "testing"

// Names of metrics and parameters are a program's own: every object has something under some of them.
const namesTest = `
import { chosen, readRanges, writeRanges } from "./plot/parallel.mjs";
import { dimensions } from "./dims.mjs";
import { kindOf } from "./preview.mjs";
for (const name of ["constructor", "toString", "valueOf", "hasOwnProperty", "__proto__", "lr"]) {
  const columns = { trial: [0, 1], state: ["succeeded", "succeeded"], value: [1, 2], seconds: [1, 1], ended_ms: [1, 2], agent: [], params: [{ name, values: ["constructor", "valueOf"] }], metrics: [{ name, values: [1, 2] }] };
  const table = dimensions(columns, "loss"), dim = table.dims.find((d) => d.name === name);
  if (String(dim.categories) !== "constructor,valueOf") throw new Error(name + " has the values " + dim.categories);
  if (String(chosen(table, {})) !== "1,1") throw new Error(name + " without ranges: " + chosen(table, {}));
  const kept = chosen({ ...table, dims: table.dims.filter((d) => d.kind === "metric") }, readRanges(writeRanges(readRanges(name + ":1.5:3"))));
  if (String(kept) !== "0,1") throw new Error(name + " in a range: " + kept);
  if (kindOf({ name: "a." + name, size: 1 }) !== "") throw new Error("a file " + name + " is a " + kindOf({ name: "a." + name, size: 1 }));
}
`

func TestAttackNames(t *testing.T) { runNode(t, namesTest) }
