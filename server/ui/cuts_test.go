package ui_test

import "testing"

// A list that is cut says how many of how many it shows.
const cutsTest = page + `
const { firstOf } = await import("./format.mjs");
const { Importance } = await import("./panels.mjs");
const { axesOf, mostAxes } = await import("./plot/parallel.mjs");
const { dimensions } = await import("./dims.mjs");
same([firstOf(3, 3, "agent"), firstOf(1, 1, "agent"), firstOf(500, 12345, "agent"), firstOf(500, 12345, "agent", "those where most runs")],
  ["3 agents", "1 agent", "the first 500 of 12,345 agents", "500 of 12,345 agents: those where most runs"]);
const text = (node) => (node === null || node === undefined || typeof node === "boolean" ? "" : Array.isArray(node) ? node.map(text).join("")
  : typeof node === "object" ? text(node.props?.children) + text(node.props?.note ?? "") : String(node));
const report = (shares, pairs = []) => ({ method: "fANOVA", trials: 9, fit: 0.5, importance: shares.map((share, i) => ({ parameter: "p" + i, share })),
  interactions: pairs.map((share) => ({ parameters: ["a", "b"], share })) });
const said = (r) => text(Importance({ report: r, metric: "loss" })).match(/Not shown: ([^.]*[.])/)?.[1] ?? "";
same([said(report([0.5, 0.2])), said(report([0.5, 0.001, 0])), said(report(Array(14).fill(0.06)))],
  ["", "2 parameters more, each below 1 %.", "2 parameters more, each 6 or less %."]);
same(said(report([0.4], Array(6).fill(0.1))), "2 pairs more.");
const params = Array.from({ length: 20 }, (_, i) => ({ name: "p" + i, values: [1, i ? 2 : 1] }));
const table = dimensions({ trial: [0, 1], state: ["succeeded", "succeeded"], value: [1, 2], seconds: [1, 1], ended_ms: [1, 2], agent: [], metrics: [], params }, "loss");
same([axesOf(table).length, mostAxes], [19, 14]);
`

func TestCutListsSaySo(t *testing.T) { runNode(t, cutsTest) }
