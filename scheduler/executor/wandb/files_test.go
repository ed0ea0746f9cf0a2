package wandb

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// keptOf runs a program that logs to W&B, and lists what is among the trial's artifacts after it.
func keptOf(t *testing.T, interpreter, program, kept string, more ...string) (names []string, printed string) {
	t.Helper()
	printed, _, _ = python(t, interpreter, program, "", append(more, "KAON_ARTIFACTS="+kept)...)
	err := filepath.WalkDir(kept, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, strings.TrimPrefix(path, kept+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names, printed
}

// Copies that nobody asked for leave half of what is taken of an attempt to what it writes itself.
func TestCopiesLeaveRoomForTheTrialsOwn(t *testing.T) {
	interpreter, found := wandbPython(t)
	if !found {
		return
	}
	const program = `
import os, wandb
with open(os.path.join(os.environ["KAON_ARTIFACTS"], "own"), "w") as f: f.truncate(40 << 20)
run = wandb.init()
for name, size in (("big", 20 << 20), ("small", 1 << 20)):
    with open(name, "w") as f: f.truncate(size)
    run.log_model(name)
`
	const small = "wandb/artifacts/small/small"
	for _, tt := range []struct {
		keeps string
		want  []string
		tells bool
	}{
		{"200000000", []string{"own", "wandb/artifacts/big/big", small}, false},
		{"100000000", []string{"own", small}, true},
		{"50000000", []string{"own"}, true},
		{"0", []string{"own"}, false},
		{"", []string{"own"}, false},
	} {
		got, printed := keptOf(t, interpreter, program, t.TempDir(), keeps+"="+tt.keeps)
		if !slices.Equal(got, tt.want) || strings.Contains(printed, "kaon: big, ") != tt.tells {
			t.Errorf("of %q bytes it keeps %q, want %q; printed %s", tt.keeps, got, tt.want, printed)
		}
	}
}

// A file of a name that the trial would fail by is left out.
func TestNamesThatArtifactsCannotHave(t *testing.T) {
	interpreter, found := wandbPython(t)
	if !found {
		return
	}
	got, printed := keptOf(t, interpreter, `
import os, wandb
os.makedirs(os.path.join(*["out"] + ["d" * 200] * 3))
for name in ("a\nb", "a\\b", "good é", "/".join(["d" * 200] * 3 + ["x"])):
    open(os.path.join("out", name), "w").close()
run = wandb.init()
run.log_model("out")
`, t.TempDir())
	if want := []string{"wandb/artifacts/out/good é"}; !slices.Equal(got, want) ||
		strings.Count(printed, "names of at most 512 bytes") != 3 {
		t.Errorf("kept %q, want %q; printed %s", got, want, printed)
	}
}

// Artifacts that W&B makes of what is logged or found are not kept; those that the program makes are.
func TestArtifactsOfWandbsOwnAreLeftOut(t *testing.T) {
	interpreter, found := wandbPython(t)
	if !found {
		return
	}
	got, printed := keptOf(t, interpreter, `
import os, wandb
open("train.py", "w").close()
run = wandb.init()
for i in range(3): run.log({"table": wandb.Table(columns=["a"], data=[[i]])})
run.log_code(".")
mine = wandb.Artifact("rows", type="dataset")
mine.add(wandb.Table(columns=["a"], data=[[1]]), "table")
run.log_artifact(mine)
code = wandb.Artifact("rules", type="code")
code.add_file("train.py")
run.log_artifact(code)
`, t.TempDir())
	want := []string{"wandb/artifacts/rows/table.table.json", "wandb/artifacts/rules/train.py"}
	if !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q; printed %s", got, want, printed)
	}
}

// A trial that is killed while a file is copied leaves no part of it among its artifacts, but what was there before.
func TestKilledWhileAFileIsCopied(t *testing.T) {
	interpreter, found := wandbPython(t)
	if !found {
		return
	}
	folder := t.TempDir()
	kept := filepath.Join(folder, "artifacts")
	if err := os.Mkdir(kept, 0o755); err != nil {
		t.Fatal(err)
	}
	got, printed := keptOf(t, interpreter, `
import os, shutil, wandb
with open("model", "w") as f: f.write("whole")
run = wandb.init()
run.log_model("model")
copyfile = shutil.copyfile
def killed(source, target, **kwargs):
    if not target.endswith(".part"): return copyfile(source, target, **kwargs)  # a copy of wandb's own
    with open(target, "w") as f: f.write("wh")
    os.kill(os.getpid(), 9)
shutil.copyfile = killed
run.log_model("model")
print("not killed")
`, kept)
	text, err := os.ReadFile(filepath.Join(kept, "wandb/artifacts/model/model"))
	if len(got) != 1 || err != nil || string(text) != "whole" || printed != "" {
		t.Errorf("kept %q, the file holds %q, %v; printed %s", got, text, err, printed)
	}
	if parts, _ := filepath.Glob(filepath.Join(folder, "*.part")); len(parts) != 1 {
		t.Errorf("beside the artifacts lie %q", parts)
	}
}
