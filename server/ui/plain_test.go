package ui_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/ui"
)

// What a trial writes is shown as a terminal leaves it, in one piece or cut anywhere, and in time that grows with its
// length alone: a page that takes longer stands still.
const plainTest = `
import { plain, pieces } from "./plain.mjs";
const want = {
  "a\nb\r\nc": "a\nb\nc",
  "10 %\r20 %\r30 %\ndone": "30 %\ndone",
  "10 %\r20 %\r": "20 %",
  "a\r\r\nb": "a\nb",
  "\r": "",
  "\u001b[1;31mred\u001b[0m": "red",
  "\u001b]0;title\u0007a\u001b]8;;http://x\u001b\\b": "ab",
};
for (const [text, plainly] of Object.entries(want)) {
  if (plain(text) !== plainly) throw new Error(JSON.stringify([text, plain(text), plainly]));
  for (let cut = 0; cut <= text.length; cut++) {
    const log = pieces(1000);
    log.add(text.slice(0, cut));
    log.text();
    log.add(text.slice(cut));
    if (log.text() !== plainly) throw new Error(JSON.stringify([text, cut, log.text()]));
  }
}
const few = pieces(5);
for (const piece of ["12", "3\n4", "5\n", "67"]) few.add(piece);
if (few.text() !== "45\n67") throw new Error(few.text());
for (const [name, text] of Object.entries({ line: "a".repeat(400000), osc: "\u001b]".repeat(200000), "osc far": ("\u001b]" + "a".repeat(98)).repeat(4000),
  csi: "\u001b[".repeat(200000), digits: "\u001b[" + "1".repeat(400000), returns: "\r".repeat(399999) + "a", forms: "a\r".repeat(200000), lines: "\n".repeat(400000) })) {
  let least = Infinity;
  for (let i = 0; i < 3; i++) {
    const log = pieces(400000), begun = performance.now();
    log.add(text);
    log.text();
    least = Math.min(least, performance.now() - begun);
  }
  console.log(name, least.toFixed(1), "ms");
  if (least > 500) throw new Error(name + " takes " + least + " ms");
}
`

func TestAttackLogOfOneLine(t *testing.T) { runNode(t, plainTest, "plain") }

// runNode runs a script that imports modules of the pages, which import each other alone, by their names with .mjs; where none are named, any of them.
func runNode(t *testing.T, script string, modules ...string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no node")
	}
	if len(modules) == 0 {
		all, err := fs.Glob(ui.Files(), "*.js")
		for _, folder := range []string{"plot", "lib"} {
			more, wrong := fs.Glob(ui.Files(), folder+"/*.js")
			all, err = append(all, more...), errors.Join(err, wrong)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range all {
			modules = append(modules, strings.TrimSuffix(name, ".js"))
		}
	}
	dir := t.TempDir()
	files := map[string]string{"test.mjs": script}
	for _, name := range modules {
		text, err := fs.ReadFile(ui.Files(), name+".js")
		if err != nil {
			t.Fatal(err)
		}
		files[name+".mjs"] = strings.NewReplacer(`.js";`, `.mjs";`, `.js"`, `.mjs"`).Replace(string(text))
	}
	for name, content := range files {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(node, filepath.Join(dir, "test.mjs")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
