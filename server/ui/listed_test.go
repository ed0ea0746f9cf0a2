package ui_test

import "testing"

// The address says which sweeps are listed and in which order: a link shows the same to whoever opens it.
const listedTest = page + `
const { askedFor, filtered, labelsOf, none, sorted, toggledLabel } = await import("./listed.mjs");
const query = (text) => new URLSearchParams(text), asked = (text) => askedFor(query(text));
same(asked(""), "/sweeps?limit=100");
same(asked("text=a+b&state=failed&queue=team&owner=ann&label=x+y%26z&archived=1&limit=500&other=1"),
  "/sweeps?limit=500&text=a+b&state=failed&queue=team&owner=ann&label=x&label=y%26z&archived=true");
same([asked("sort=best"), asked("sort=best&limit=2500")], ["/sweeps?limit=1000", "/sweeps?limit=2500"]);
same([filtered(query("archived=1&sort=best")), filtered(query("label=x"))], [false, true]);
same([toggledLabel(query("label=x+y"), "x"), toggledLabel(query("label=x"), "z,1")], ["y", "x z,1"]);
same(labelsOf(query("label=++x++y")), ["x", "y"]);
for (const word of ["text", "state", "queue", "owner", "label", "archived"]) if (none[word] !== "") throw new Error(word + " stays");
const at = (s) => new Date(1e12 + s * 1000).toISOString();
const sweep = (id, created, more) => ({ sweep: id, state: "running", queue: "default", owner: "ann", created: at(created),
  trials: { total: 10, succeeded: 0, failed: 0, stopped: 0, cached: 0 }, best: null, ...more });
const list = [sweep("c", 30, { best: { value: "NaN" }, owner: "" }), sweep("b", 20, { finished: at(21), queue: "a.b", best: { value: 2 } }),
  sweep("a", 10, { trials: { total: 5, succeeded: 3, failed: 1, stopped: 0, cached: 0 }, best: { value: -1 }, owner: "zoe" })];
const by = (column, desc) => sorted(list, column, desc, 1e12 + 100 * 1000).map((s) => s.sweep).join("");
for (const [column, up, down] of [["sweep", "abc", "cba"], ["begun", "abc", "cba"], ["took", "bca", "acb"], ["ended", "cba", "acb"], ["failed", "cba", "acb"],
  ["best", "abc", "bac"], ["queue", "bca", "cab"], ["owner", "bac", "abc"], ["total", "acb", "cba"]]) same([column, by(column, false), by(column, true)], [column, up, down]);
for (const column of ["", null, "constructor", "nothing"]) same(by(column, true), "cba");
`

func TestListOfSweeps(t *testing.T) { runNode(t, listedTest) }
