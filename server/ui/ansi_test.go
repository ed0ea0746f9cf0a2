package ui_test

import "testing"

// Colours of a log are names of classes beside text, whatever a program writes: no sequence is left in it, none makes markup,
// and it takes time that grows with its length alone.
const ansiTest = `
import { coloured } from "./ansi.mjs";
import { pieces } from "./plain.mjs";
const esc = "\u001b", same = (text, want) => {
  const got = JSON.stringify(coloured(text));
  if (got !== JSON.stringify(want)) throw new Error(JSON.stringify(text) + " is " + got);
};
same("plain", [["plain", ""]]);
same(esc + "[1;31mred" + esc + "[0m back", [["red", "ansi-1 ansi-bold"], [" back", ""]]);
same(esc + "[92mgreen" + esc + "[39m", [["green", "ansi-2"]]);
same(esc + "[38;5;196mx" + esc + "[38;2;10;20;250my" + esc + "[mz", [["x", "ansi-1"], ["y", "ansi-4"], ["z", ""]]);
same(esc + "[38;5mx" + esc + "[999;48;5;1my", [["x", ""], ["y", ""]]);
same("<b onload=x>" + esc + "[3m</b>", [["<b onload=x>", ""], ["</b>", "ansi-italic"]]);
// through pieces: of a terminal's sequences those of colours stay, wherever the text is cut
const text = esc + "[32mok" + esc + "[0m" + esc + "[2K" + esc + "]0;title\u0007 10 %\r" + esc + "[33m20 %" + esc + "[0m\nend" + esc + "[?1m";
for (let cut = 0; cut <= text.length; cut++) {
  const log = pieces(1000, true);
  log.add(text.slice(0, cut));
  log.text();
  log.add(text.slice(cut));
  const got = JSON.stringify(coloured(log.text()));
  if (got !== JSON.stringify([["20 %", "ansi-3"], ["\nend", ""]])) throw new Error(cut + " " + got);
}
for (const [name, long] of Object.entries({ codes: (esc + "[31mx").repeat(80000), numbers: esc + "[" + "1;".repeat(200000) + "m", open: (esc + "[").repeat(200000), digits: esc + "[" + "1".repeat(400000) })) {
  let least = Infinity, pieces = 0;
  for (let i = 0; i < 3; i++) {
    const begun = performance.now();
    pieces = coloured(long).length;
    least = Math.min(least, performance.now() - begun);
  }
  console.log(name, pieces, least.toFixed(1), "ms");
  if (least > 500 || pieces > 4001) throw new Error(name + ": " + pieces + " pieces in " + least + " ms");
}
`

func TestAttackColoursOfLogs(t *testing.T) { runNode(t, ansiTest, "ansi", "plain") }

// Tables of artifacts are read as spreadsheets write them, and in a bounded number of rows.
const tableTest = `
import { table } from "./table.mjs";
const same = (text, separator, rows, want) => {
  const got = JSON.stringify(table(text, separator, rows));
  if (got !== JSON.stringify(want)) throw new Error(JSON.stringify(text) + " is " + got);
};
same("a,b\r\n1,\"x, \"\"y\"\"\nz\"\n", ",", 10, [["a", "b"], ["1", "x, \"y\"\nz"]]);
same("a\tb\n1\t", "\t", 10, [["a", "b"], ["1", ""]]);
same("", ",", 10, []);
same("1\n2\n3\n4", ",", 2, [["1"], ["2"]]);
same("a,\"open", ",", 10, [["a", "open"]]);
`

func TestTablesOfArtifacts(t *testing.T) { runNode(t, tableTest, "table") }
