package ui_test

import "testing"

// A saved table has values as they are, and runs nothing; and each column can be shown.
const savedTest = `
let saved;
globalThis.document = { createElement: () => ({ click() {} }) };
URL.createObjectURL = (blob) => { saved = blob.text(); return "blob:"; };
URL.revokeObjectURL = () => {};
globalThis.setTimeout = () => {};
const columns = { trial: [0], state: ["succeeded"], value: [-1], attempts: [1], seconds: [2], metrics: [{ name: "m", values: ["NaN"] }],
  params: [{ name: "list", values: [[64]] }, { name: "formula", values: ["=1+1"] }, { name: "in a list", values: [["=HYPERLINK(\"a\")"]] }, { name: "object", values: [{ a: [1, "b"] }] }, { name: "none", values: [null] }, { name: "yes", values: [true] }] };
globalThis.fetch = async () => new Response(JSON.stringify(columns));
const { saveCSV } = await import("./csv.mjs");
await saveCSV({ sweep: "s" });
const row = (await saved).split("\r\n")[1], want = "0,succeeded,-1,1,2,[64],'=1+1,\"[\"\"=HYPERLINK(\\\"\"a\\\"\")\"\"]\",\"{\"\"a\"\":[1,\"\"b\"\"]}\",,true,NaN";
if (row !== want) throw new Error(row + "\nnot\n" + want);
const { hiddenBy, toggled } = await import("./columns.mjs");
if (String([...hiddenBy(null)]) !== "host" || toggled(null, "host") !== "none" || hiddenBy("none").size !== 0 || toggled("none", "p.a,b") !== "p.a%2Cb" || toggled("none", "host") !== "host") throw new Error("columns");
`

func TestSavedTables(t *testing.T) { runNode(t, savedTest) }
