package ui_test

import "testing"

// A value that is typed is sent as it was typed, or not at all: no number in it becomes another.
const typedTest = `
import { valueOf, payloadOf } from "./typed.mjs";
const same = (got, want, text) => { if (JSON.stringify(got) !== JSON.stringify(want)) throw new Error(text + " is " + JSON.stringify(got) + ", not " + JSON.stringify(want)); };
for (const [text, type, value] of [["x", "string", "x"], ["9007199254740993", "string", "9007199254740993"], ["x y", "any", "x y"], ["9007199254740993 x", "any", "9007199254740993 x"],
  ["9007199254740991", "integer", 9007199254740991], ["-9007199254740991", "any", -9007199254740991], ["1.5e3", "number", 1500], ["1e300", "number", 1e300], ["true", "boolean", true],
  ["[1, -2.5, [\"9007199254740993\", \"a \\\" 1e999 \\\\\"], {\"12345678901234567890\": 3}]", "list", [1, -2.5, ["9007199254740993", "a \" 1e999 \\"], { "12345678901234567890": 3 }]],
  ["{\"a\": 9007199254740991, \"b\": null}", "object", { a: 9007199254740991, b: null }]]) same(valueOf(text, type), { value }, text);
for (const [text, type, words] of [["x", "integer", "a whole number is needed"], ["[1,", "list[number]", "list[number], written as JSON, is needed"]]) same(valueOf(text, type), { wrong: words }, text);
const large = ["9007199254740993", " -9007199254740993 ", "[1, 9007199254740993]", "[\"a\\\\\",9007199254740993]", "{\"a\": {\"b\": [0,-12345678901234567890]}}", "[" + "9".repeat(400) + "]"], endless = ["1e999", "[-1e999]", "{\"a\": 1.5E+400}", "[" + "9".repeat(400) + ".0]"];
for (const type of ["any", "list", "number"]) {
  for (const text of large) { const { value, wrong } = valueOf(text, type); if (value !== undefined || !/beyond 2\^53.*kaon workflow run$/.test(wrong) || wrong.length > 200) throw new Error(text + " is " + value + ", " + wrong); }
  for (const text of endless) { const { value, wrong } = valueOf(text, type); if (value !== undefined || !/beyond what a number can be: write/.test(wrong) || wrong.length > 200) throw new Error(text + " is " + value + ", " + wrong); }
}
same(payloadOf(""), { value: {} }, "nothing");
same(payloadOf("{\"a\": [1]}"), { value: { a: [1] } }, "a payload");
for (const [text, want] of [["{", /no JSON/], ["null", /a JSON object/], ["[1]", /a JSON object/], ["{\"a\": 9007199254740993}", /2\^53.*kaon workflow trigger\.$/], ["{\"a\": 1e999}", /beyond what a number/]])
  if (!want.test(payloadOf(text).wrong)) throw new Error(text + " is " + JSON.stringify(payloadOf(text)));
const begun = performance.now(), long = "[" + "\"\\\\\",1,".repeat(200000) + "\"" + "\\\"".repeat(400000) + "\"]";
if (valueOf(long, "list").wrong) throw new Error("a long list");
console.log((performance.now() - begun).toFixed(0), "ms");
`

func TestTypedValues(t *testing.T) { runNode(t, typedTest, "typed") }
