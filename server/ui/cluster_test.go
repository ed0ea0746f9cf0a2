package ui_test

import "testing"

// What is asked and said of an agent stays in its row when what runs has the rows sorted anew.
const clusterTest = page + `
const { Agents } = await import("./cluster.mjs");
const rows = (of) => (Array.isArray(of) ? of.flatMap(rows)
  : of?.type === "tr" && of.key != null ? [of.key] : of?.props ? rows(of.props.children) : []);
const agent = (agent, running) => ({ agent, host: "h", running, state: "proven" });
const shown = (list) => rows(Agents({ list,
  byHost: new Map(), who: { name: "o", role: "operator" }, done() {} }));
same(shown([agent("A1", 2), agent("A2", 1)]), ["A1", "A2"]);
same(shown([agent("A1", 1), agent("A2", 2)]), ["A2", "A1"]);
`

func TestRowsOfAgents(t *testing.T) { runNode(t, clusterTest) }
