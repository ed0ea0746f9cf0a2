package ui_test

import "testing"

// What waits says for what, and what was used is said with what nobody knows of it.
const waitsTest = page + `
const { waitsOf, whyOf, usedOf } = await import("./waits.mjs");
const sweep = (id, waiting, more) => ({ sweep: id, state: "running", trials: { waiting }, ...more });
same(waitsOf([sweep("a", 2, { waiting: "no agent has 9 CPUs" }), sweep("b", 0), sweep("c", 7, { paused: true, queue: "team" }), sweep("d", 3, { state: "stopped" }),
  sweep("e", 2)]), [{ sweep: "c", queue: "team", waiting: 7, why: "paused: none begins until the sweep is resumed" },
  { sweep: "a", queue: "default", waiting: 2, why: "no agent has 9 CPUs" }, { sweep: "e", queue: "default", waiting: 2, why: "for their turn" }]);
same([whyOf(sweep("a", 0, { waiting: "x" })), whyOf(sweep("a", 1)), whyOf(sweep("a", 1, { waiting: "x" }))], ["", "", "x"]);
const row = { key: "a", attempts: 3, hours: 1, cpu_hours: 1.5, gb_hours: 0.25, gpu_hours: 0 };
same(usedOf({ items: [row] }, "a"), "1.5 CPU hours, 0.25 GB hours");
same(usedOf({ items: [{ ...row, unknown: 1 }], gaps: [{ sweep: "a", reason: "a file is damaged" }] }, "a"),
  "1.5 CPU hours, 0.25 GB hours; without 1 attempt of which nobody knows; in part: a file is damaged");
same([usedOf({ items: [row] }, "b"), usedOf({ items: [], gaps: [{ sweep: "b", reason: "no file" }] }, "b")], ["nothing yet", "not known: no file"]);
`

func TestWhatWaits(t *testing.T) { runNode(t, waitsTest) }
