package wandb

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/safefile"
)

func variables(env []string) map[string]string {
	all := make(map[string]string)
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		all[name] = value
	}
	return all
}

func TestEnvironmentLeavesToTheUserWhatIsTheirs(t *testing.T) {
	quiet := map[string]string{
		"PYTHONPATH": "/s/h", "WANDB_DIR": "/s/a", "WANDB_MODE": "offline", "WANDB_DATA_DIR": "/s/a/wandb", "WANDB_SILENT": "true", "WANDB_CONSOLE": "off",
		"WANDB_ERROR_REPORTING": "false", "WANDB_SWEEP_ID": "x", "WANDB_RUN_ID": "x-3-2", "WANDB_NAME": "x-3", "WANDB_SWEEP_PARAM_PATH": "",
	}
	with := func(changes ...string) map[string]string {
		all := maps.Clone(quiet)
		maps.Copy(all, variables(changes))
		return all
	}
	online := func(changes ...string) map[string]string {
		all := map[string]string{"PYTHONPATH": "/s/h", "WANDB_DIR": "/s/a"}
		maps.Copy(all, variables(changes))
		return all
	}
	tests := []struct {
		name string
		env  []string
		spec []string
		want map[string]string
	}{
		{"nothing", nil, nil, quiet},
		{"a path", []string{"PYTHONPATH=src:lib"}, nil, with("PYTHONPATH=/s/h:src:lib")},
		{"an empty path", []string{"PYTHONPATH="}, nil, quiet}, // one with an empty entry would be the working directory
		{"a folder", []string{"WANDB_DIR=/big", "WANDB_SILENT="}, nil, with("WANDB_DIR=/big", "WANDB_SILENT=")},
		{"W&B's servers", []string{"WANDB_MODE=online"}, nil, online("WANDB_MODE=online")},
		{"no W&B", []string{"WANDB_MODE=disabled"}, nil, online("WANDB_MODE=disabled")},
		{"a key in the shell", []string{"WANDB_API_KEY=k"}, nil, with("WANDB_API_KEY=k")},
		{"a key in the spec", []string{"WANDB_API_KEY=k"}, []string{"WANDB_API_KEY"}, online("WANDB_API_KEY=k")},
		{"inside another run", []string{"WANDB_RUN_ID=outer", "WANDB_SWEEP_ID=outer", "WANDB_SWEEP_PARAM_PATH=/o"}, nil, quiet},
		{"a run of the spec's", []string{"WANDB_RUN_ID=mine"}, []string{"WANDB_RUN_ID"}, with("WANDB_RUN_ID=mine")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := Environment(tt.env, Attempt{Sweep: "x", Trial: 3, Attempt: 2, Folder: "/s/a", Hook: "/s/h", Spec: tt.spec})
			got := variables(env)
			kept := map[string]string{}
			if text, any := got[again]; any {
				if err := json.Unmarshal([]byte(text), &kept); err != nil || len(kept) != 7 {
					t.Errorf("%s is %s, %v", again, text, err)
				}
			}
			if (len(kept) > 0) != (got["WANDB_MODE"] == offline) {
				t.Errorf("%s is %q beside mode %s", again, got[again], got["WANDB_MODE"])
			}
			for name, value := range kept {
				if got[name] != value {
					t.Errorf("%s has %s=%s, and the environment %s", again, name, value, got[name])
				}
			}
			delete(got, again)
			if !maps.Equal(got, tt.want) || len(env)-min(len(kept), 1) != len(got) {
				t.Errorf("environment is %v, want %v", env, tt.want)
			}
		})
	}
}

// python runs a program with the hook, and PYTHONPATH behind it; it returns what was printed and $KAON_METRICS.
func python(t *testing.T, interpreter, program, pythonPath string, more ...string) (printed, metrics string, err error) {
	t.Helper()
	box := t.TempDir()
	dir, err := safefile.OpenDir(box)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if err := Install(dir); err != nil {
		t.Fatal(err)
	}
	attempt := filepath.Join(box, "a")
	if err := os.Mkdir(attempt, 0o755); err != nil {
		t.Fatal(err)
	}
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + box, "PYTHONPATH=" + pythonPath, "KAON_SWEEP=x",
		"KAON_METRICS=" + filepath.Join(attempt, "metrics.jsonl"),
		`KAON_PARAMS={"lr": 1e-05, "text": "é\"\n\ud83d\ude00 1e3", "nested": {"k": [1, 2.5, null]}, "on": true, "whole": 2.0, "huge": 1e+22}`,
	}
	env = Environment(append(env, more...), Attempt{
		Sweep: "x", Trial: 3, Attempt: 2, Folder: attempt, Hook: filepath.Join(box, Folder), Keeps: 10 << 30,
	})
	cmd := exec.Command(interpreter, "-c", program)
	for _, pair := range more {
		if strings.HasPrefix(pair, keeps+"=") {
			env = append(env, pair)
		}
	}
	cmd.Env, cmd.Dir = env, box
	out, err := cmd.CombinedOutput()
	data, _ := os.ReadFile(filepath.Join(attempt, "metrics.jsonl"))
	return string(out), string(data), err
}

// packages writes Python files, and returns the folder in which they are found.
func packages(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Join(folder, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func wantPython(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skip("no " + name + " here")
	}
}

func TestProgramsWithoutWandbAreLeftAlone(t *testing.T) {
	wantPython(t, "python3")
	printed, metrics, err := python(t, "python3", `
import sys
print("hook" in " ".join(sys.path), ".kaon" in " ".join(sys.path))
try:
    import wandb_that_is_not_there
except ImportError as e:
    print(e.name)
`, "")
	if err != nil || printed != "False False\nwandb_that_is_not_there\n" || metrics != "" {
		t.Errorf("printed %q and reported %q, %v", printed, metrics, err)
	}
}

func TestTheUsersSitecustomizeHasItsTurn(t *testing.T) {
	wantPython(t, "python3")
	tests := []struct{ name, theirs, want string }{
		{"one", "print('theirs')", "theirs\nTrue\n"},
		{"one that fails", "import missing_of_theirs", "missing_of_theirs"},
		{"none", "", "False\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			folder := t.TempDir()
			if tt.theirs != "" {
				if err := os.WriteFile(filepath.Join(folder, "sitecustomize.py"), []byte(tt.theirs), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			printed, _, err := python(t, "python3", `
import sys
m = sys.modules.get("sitecustomize")
print(m is not None and getattr(m, "__file__", "").startswith(`+"'"+folder+"'"+`))
`, folder)
			if err != nil || !strings.Contains(printed, tt.want) {
				t.Errorf("printed %q, want %q; %v", printed, tt.want, err)
			}
		})
	}
}

// imitation is a package of the names that the hook needs, so that it is tried where wandb does not install.
const imitation = `
class Record(object):
    def __init__(self, key, value):
        self.key, self.value, self.update = key, value, [self]
class Run(object):
    def _partial_history_callback(self, data, step=None, commit=None): pass
    def _summary_update_callback(self, record): pass
    def _define_metric(self, name, step_metric=None, step_sync=None, hidden=None, summary=None): pass
    def _atexit_cleanup(self, exit_code=None): pass
    log = lambda self, *args, **kwargs: self._partial_history_callback(*args, **kwargs)
`

func TestRowsArePutTogetherAsWandbDoes(t *testing.T) {
	wantPython(t, "python3")
	tests := []struct {
		name, program string
		want          []string
	}{
		{"rows are counted", `log({"a": 1}); log({"a": 2.5})`, []string{`{"_step": 0, "a": 1}`, `{"_step": 1, "a": 2.5}`}},
		{"nothing to count", `log({"text": "1.5", "list": [1], "none": None, "_own": 1, "media": {"_type": "image", "size": 3}}); log({"a": 1})`,
			[]string{`{"_step": 1, "a": 1}`}},
		{"nested", `log({"val": {"acc": {"top": True}}})`, []string{`{"_step": 0, "val.acc.top": true}`}},
		{"not finite", `log({"a": float("nan"), "b": float("-inf")})`, []string{`{"_step": 0, "a": NaN, "b": -Infinity}`}},
		{"held back", `log({"a": 1}, commit=False); log({"a": 2}, commit=False); log({"b": 3}); log({"c": 4})`,
			[]string{`{"_step": 0, "a": 2, "b": 3}`, `{"_step": 1, "c": 4}`}},
		{"held back to the end", `log({"a": 1}, commit=False)`, []string{`{"_step": 0, "a": 1}`}},
		{"held back to the end of the run", `log({"a": 1}, commit=False); run._atexit_cleanup(); import os; os._exit(0)`,
			[]string{`{"_step": 0, "a": 1}`}},
		{"steps", `log({"a": 1}, step=10); log({"b": 2}, step=10); log({"late": 1}, step=9); log({"a": 3}, step=20, commit=True); log({"c": 1})`,
			[]string{`{"_step": 10, "a": 1}`, `{"_step": 10, "b": 2}`, `{"_step": 20, "a": 3}`, `{"_step": 21, "c": 1}`}},
		{"a killed program", `log({"a": 1}); log({"b": 2}, step=5); import os; os.kill(os.getpid(), 9)`,
			[]string{`{"_step": 0, "a": 1}`, `{"_step": 5, "b": 2}`}},
		{"a step metric", `run._define_metric("val/*", "epoch"); log({"val/a": 1, "epoch": 7, "loss": 2}); log({"val/a": 2}); log({"epoch": 0.5, "val/a": 3})`,
			[]string{`{"_step": 7, "val/a": 1, "epoch": 7}`, `{"_step": 0, "loss": 2}`, `{"_step": 7, "val/a": 2}`,
				`{"_step": 2, "epoch": 0.5, "val/a": 3}`}},
		{"extremes", `run._define_metric("a", summary="min,max"); log({"a": 2}); log({"a": 1}); log({"a": 1.5})`,
			[]string{`{"_step": 0, "a": 2, "a.min": 2, "a.max": 2}`, `{"_step": 1, "a": 1, "a.min": 1}`, `{"_step": 2, "a": 1.5}`}},
		{"a summary", `log({"a": 1}); run._summary_update_callback(Record(("best",), 3)); run._summary_update_callback(Record(("a",), 1)); run._summary_update_callback(Record(("b", "c"), {"d": 2}))`,
			[]string{`{"_step": 0, "a": 1}`, `{"_step": 0, "best": 3}`, `{"_step": 0, "b.c.d": 2}`}},
		{"many", `log({"m%d" % i: i for i in range(3000)}); import json; lines = list(open(os.environ["KAON_METRICS"])); print(len(lines) > 2, sum(len(json.loads(l)) - 1 for l in lines)); os.remove(os.environ["KAON_METRICS"])`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			folder := packages(t, map[string]string{"wandb/__init__.py": "", "wandb/sdk/__init__.py": "", "wandb/sdk/wandb_run.py": imitation})
			printed, metrics, _ := python(t, "python3", "import os\nfrom wandb.sdk.wandb_run import Run, Record\nrun = Run()\nlog = run.log\n"+
				strings.ReplaceAll(tt.program, "; ", "\n"), folder)
			if got := slices.DeleteFunc(strings.Split(metrics, "\n"), func(s string) bool { return s == "" }); !slices.Equal(got, tt.want) {
				t.Errorf("reported\n%s\nwant\n%s\nprinted %s", metrics, strings.Join(tt.want, "\n"), printed)
			}
			if tt.want == nil && printed != "True 3000\n" {
				t.Errorf("printed %q", printed)
			}
		})
	}
}

// The package wandb itself, with what programs do to reach its servers and with what is no number.
func TestWandbItself(t *testing.T) {
	interpreter := cmp.Or(os.Getenv("KAON_WANDB_PYTHON"), "python3")
	if err := exec.Command(interpreter, "-c", "import wandb").Run(); err != nil {
		t.Log("wandb is not here, and was not tried: python3 -m venv V && V/bin/pip install wandb, then KAON_WANDB_PYTHON=V/bin/python")
		return
	}
	printed, metrics, err := python(t, interpreter, `
import os, wandb
wandb.login(relogin=True)
with wandb.init(project="x", settings=wandb.Settings(mode="online"), config={"lr": 5, "own": 1}) as run:
    c = run.config
    print(c.lr, c["text"] == 'é"\n\U0001f600 1e3', c.nested, c.on, c.whole, c.huge, c.own, run.id, run.sweep_id)
    c.update({"lr": 99}, allow_val_change=True)
    print(c.lr)
    run.define_metric("epoch")
    run.define_metric("acc", step_metric="epoch", summary="max")
    artifact = wandb.Artifact("m", type="model")
    with artifact.new_file("f.txt") as f:
        f.write("x")
    run.log_artifact(artifact)
    run.log({"table": wandb.Table(columns=["a"], data=[[1]]), "html": wandb.Html("x"), "epoch": 7, "acc": 0.5})
    run.log({"acc": 0.25}, step=10)
    run.summary["best"] = 0.75
    run.summary.update({"acc": 0.25, "deep": {"er": 2}})
    run.log({"late": 1}, commit=False)
second = wandb.init(mode="online")
wandb.log({"acc": 0.7})
wandb.finish()
wandb.init(mode="disabled")
wandb.log({"acc": 9})
`, "", "WANDB_ERROR_REPORTING=false")
	want := "1e-05 True {'k': [1, 2.5, None]} True 2.0 1e+22 1 x-3-2 x\n1e-05\n"
	if err != nil || printed != want {
		t.Errorf("printed %s, want %s; %v", printed, want, err)
	}
	rows := `{"_step": 7, "acc": 0.5, "acc.max": 0.5, "epoch": 7}
{"_step": 7, "acc": 0.25}
{"_step": 10, "best": 0.75}
{"_step": 10, "deep.er": 2}
{"_step": 10, "late": 1}
{"_step": 0, "acc": 0.7}
`
	if metrics != rows {
		t.Errorf("reported\n%s\nwant\n%s", metrics, rows)
	}
}

// wandbPython is a Python that has the package wandb; false: there is none here.
func wandbPython(t *testing.T) (interpreter string, found bool) {
	t.Helper()
	interpreter = cmp.Or(os.Getenv("KAON_WANDB_PYTHON"), "python3")
	if err := exec.Command(interpreter, "-c", "import wandb").Run(); err != nil {
		t.Log("wandb is not here, and was not tried")
		return "", false
	}
	return interpreter, true
}

// Processes that are started without W&B's variables log to kaon, too, and to nobody else.
func TestVariablesThatWereRemoved(t *testing.T) {
	interpreter, found := wandbPython(t)
	if !found {
		return
	}
	child := `
import os, wandb
run = wandb.init(project="p", mode=os.environ.get("THEIRS"))
print(run.settings.mode, run.config.lr, run.id.startswith("x-3-2"), run.settings._offline)
wandb.log({"loss": 1})
wandb.finish()
`
	printed, metrics, err := python(t, interpreter, `
import os, subprocess, sys
child = os.environ["CHILD"]
clean = {k: v for k, v in os.environ.items() if not k.startswith("WANDB_")}
subprocess.run([sys.executable, "-c", child], env=clean, check=True)
subprocess.run([sys.executable, "-c", child], env=dict(clean, WANDB_MODE="", THEIRS="online"), check=True)
import wandb
for name in list(os.environ):
    if name.startswith("WANDB_"): del os.environ[name]
run = wandb.init()
print(run.settings.mode)
`, "", "CHILD="+child)
	if want := strings.Repeat("offline 1e-05 False True\n", 2) + "offline\n"; err != nil || !strings.HasSuffix(printed, want) {
		t.Errorf("printed %s, want %s; %v", printed, want, err)
	}
	if want := strings.Repeat(`{"_step": 0, "loss": 1}`+"\n", 2); metrics != want {
		t.Errorf("reported\n%s", metrics)
	}
}

// What is given to W&B to be kept is among the trial's artifacts, as it was last, and within bounds.
func TestFilesGivenToWandbAreKept(t *testing.T) {
	interpreter, found := wandbPython(t)
	if !found {
		return
	}
	kept := t.TempDir()
	printed, _, err := python(t, interpreter, `
import os, sys, wandb
run = wandb.init()
os.makedirs("out/deep")
for name in ("out/a.txt", "out/deep/b.txt", "model.bin"):
    with open(name, "w") as f: f.write("first")
wandb.save("out/*.txt", base_path=".")
run.save("out/deep/b.txt", policy="end")
for i in range(3):
    artifact = wandb.Artifact("my-model", type="model")
    with artifact.new_file("epoch-%d.txt" % i) as f: f.write("x" * i)
    artifact.add_file("model.bin", name="sub/model.bin")
    run.log_artifact(artifact)
run.log_artifact("model.bin", name="lone", type="model")
run.log_model("out", name="folder")
with open("out/a.txt", "w") as f: f.write("second")
with open("large", "w") as f: f.truncate(2 << 30)
run.log_model("large")
os.makedirs("many")
for i in range(600): open("many/%d" % i, "w").close()
run.save("many/*")
wandb.finish()
run = wandb.init(mode="disabled")
run.log_artifact(wandb.Artifact("none", type="model"))
run.save("model.bin")
`, "", "KAON_ARTIFACTS="+kept)
	if err != nil || strings.Count(printed, "kaon: ") != 1 || !strings.Contains(printed, "kaon: large, which was given to wandb, is not kept") {
		t.Errorf("printed %s, %v", printed, err)
	}
	found500 := 0
	got := map[string]string{}
	err = filepath.WalkDir(kept, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := strings.TrimPrefix(path, kept+"/wandb/")
		if found500++; !strings.Contains(name, "many") {
			text, err := os.ReadFile(path)
			got[name] = string(text)
			return err
		}
		return nil
	})
	want := map[string]string{
		"files/out/a.txt": "second", "files/out/deep/b.txt": "first",
		"artifacts/my-model/epoch-2.txt": "xx", "artifacts/my-model/sub/model.bin": "first",
		"artifacts/lone/model.bin": "first", "artifacts/folder/a.txt": "first", "artifacts/folder/deep/b.txt": "first",
	}
	if err != nil || !maps.Equal(got, want) || found500 != 500 {
		t.Errorf("kept are %d files, among them %v, want %v; %v", found500, got, want, err)
	}
}
