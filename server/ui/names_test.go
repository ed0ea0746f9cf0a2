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
  for (const [range, want] of [[name + ":0.5:1", "0,1"], ["metric." + name + ":1.5:3", "0,1"], [name + ":0:0;metric." + name + ":2:2", "0,0"]]) {
    const kept = chosen(table, readRanges(writeRanges(readRanges(range))));
    if (String(kept) !== want) throw new Error(range + ": " + kept);
  }
  if (kindOf({ name: "a." + name, size: 1 }) !== "") throw new Error("a file " + name + " is a " + kindOf({ name: "a." + name, size: 1 }));
}
const none = { trial: [0], state: ["succeeded"], value: [1], seconds: [1], ended_ms: [1], agent: [] };
const same = dimensions({ ...none, params: ["loss", "seconds", "lr", "metric.lr"].map((name) => ({ name, values: [1] })), metrics: ["loss", "lr", "trial"].map((name) => ({ name, values: [2] })) }, "loss");
const called = same.dims.map((d) => [d.name, d.of, d.kind].join(" ")).join(", ");
if (called !== "metric.loss loss value, loss loss param, seconds seconds param, lr lr param, metric.lr metric.lr param, metric.metric.lr lr metric, trial trial metric, run.seconds seconds run, run.trial trial run") throw new Error(called);
`

func TestAttackNames(t *testing.T) { runNode(t, namesTest) }
