package wandb

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// imitationRay is a package of the names that the hook needs. What it does by itself is to say that a cluster would be started.
var imitationRay = map[string]string{
	"ray/__init__.py":       "",
	"ray/train/__init__.py": "",
	"ray/train/_internal/__init__.py": `
`,
	"ray/train/_internal/session.py": `
_session = None
def get_session(): return _session
`,
	"ray/tune/__init__.py": `
from ray.train._internal.session import get_session
from .tuner import Tuner
from .tune import run
class Domain(object):
    def __init__(self, *args): pass
uniform = choice = Domain
def report(metrics, checkpoint=None): get_session().report(metrics, checkpoint=checkpoint)
def get_checkpoint(): return get_session().loaded_checkpoint
class TuneConfig(object):
    def __init__(self, **kwargs): self.__dict__.update(kwargs)
RunConfig = CheckpointConfig = TuneConfig
class Checkpoint(object):
    def __init__(self, path): self.path = path
    @classmethod
    def from_directory(cls, path): return cls(path)
    def to_directory(self, path):
        import shutil
        shutil.copytree(self.path, path, dirs_exist_ok=True)
class Trainable(object):
    def __init__(self, config): self._iteration = 0; self.setup(config)
    def train(self): result = self.step(); self._iteration += 1; return result
    def stop(self): self.cleanup()
`,
	"ray/tune/tuner.py": `
class Tuner(object):
    def __init__(self, trainable=None, *, param_space=None, tune_config=None, run_config=None): print("made")
    def fit(self): print("cluster")
`,
	"ray/tune/tune.py": `
def run(trainable, *, config=None, stop=None): print("cluster")
`,
}

// rayTests are programs that an imitation and the package itself run alike.
var rayTests = []struct{ name, program, printed, metrics string }{
	{"a function", `
def train(config):
    for i in range(1, 10):
        tune.report({"loss": config["lr"] * i, "val": {"acc": i}, "text": "x"})
space = {"lr": tune.uniform(0, 1), "net": {"width": tune.choice([1, 2]), "depth": 3}, "epochs": 9}
results = tune.Tuner(train, param_space=space, tune_config=tune.TuneConfig(num_samples=30), run_config=tune.RunConfig(stop={"training_iteration": 2})).fit()
best = results.get_best_result("loss", "min")
print(sorted(best.config["net"].items()), best.config["epochs"], best.metrics["loss"], best.metrics["val"], len(results), best.error)
`, "[('depth', 3), ('width', 2)] 9 1.0 {'acc': 2} 1 None\n", `{"_step": 1, "loss": 0.5, "val.acc": 1}
{"_step": 2, "loss": 1.0, "val.acc": 2}
`},
	{"what a function returns", `
def number(config): return config["lr"]
def metrics(config): return {"loss": 2}
def every(config):
    for i in range(2): yield {"loss": i}
for train in (number, metrics, every):
    analysis = tune.run(train, config={"lr": tune.uniform(0, 1)})
print(analysis.best_config["lr"])
`, "0.5\n", `{"_step": 1, "acc": 0.5}
{"_step": 1, "loss": 2}
{"_step": 1, "loss": 0}
{"_step": 2, "loss": 1}
`},
	{"a class", `
class Train(tune.Trainable):
    def setup(self, config): self.lr, self.sum = config["lr"], 0
    def step(self):
        self.sum += self.lr
        return {"sum": self.sum, "done": self.sum >= 1.5}
    def save_checkpoint(self, folder): return {"sum": self.sum}
    def load_checkpoint(self, state): self.sum = state["sum"]
    def cleanup(self): print("cleaned")
config = tune.RunConfig(checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=2))
tune.Tuner(Train, param_space={"lr": {"grid_search": [1]}}, run_config=config).fit()
os.environ["KAON_RESUME_FROM"] = os.environ["KAON_ARTIFACTS"]
tune.Tuner(Train, param_space={"lr": {"grid_search": [1]}}, run_config=config).fit()
`, "cleaned\ncleaned\n", `{"_step": 1, "sum": 0.5, "done": false}
{"_step": 2, "sum": 1.0, "done": false}
{"_step": 3, "sum": 1.5, "done": true}
{"_step": 3, "sum": 1.5, "done": true}
`},
	{"a checkpoint", `
def train(config):
    before, start = tune.get_checkpoint(), 0
    if before is not None:
        start = int(open(os.path.join(before.path, "i")).read())
    for i in range(start, start + 2):
        os.makedirs("c", exist_ok=True)
        with open("c/i", "w") as f: f.write(str(i + 1))
        tune.report({"i": i}, checkpoint=tune.Checkpoint.from_directory("c"))
tune.Tuner(train, param_space={"lr": tune.uniform(0, 1)}).fit()
os.environ["KAON_RESUME_FROM"] = os.environ["KAON_ARTIFACTS"]
tune.Tuner(train, param_space={"lr": tune.uniform(0, 1)}).fit()
print(sorted(os.listdir(os.environ["KAON_ARTIFACTS"])))
`, "['checkpoint.4', 'checkpoint.json']\n", `{"_step": 1, "i": 0}
{"_step": 2, "i": 1}
{"_step": 3, "i": 2}
{"_step": 4, "i": 3}
`},
	{"one that fails", `
def train(config): raise KeyError("x")
try: tune.Tuner(train, param_space={"lr": tune.uniform(0, 1)}).fit()
except KeyError as e: print(e)
`, "'x'\n", ""},
	{"a parameter that the sweep has not", `
try: tune.Tuner(print, param_space={"lr": tune.uniform(0, 1), "net": {"own": tune.uniform(0, 1)}})
except ValueError as e: print(e)
`, "the program's space has `net.own`, which is no parameter of kaon's sweep: add it there, with one `value` if it is to be the same in all trials\n", ""},
}

func runRay(t *testing.T, interpreter, folder string) {
	for _, tt := range rayTests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			artifacts := t.TempDir()
			printed, metrics, err := python(t, interpreter, "import os\nfrom ray import tune\n"+tt.program, folder, "KAON_OBJECTIVE=acc", "KAON_TRIAL=3",
				"KAON_ARTIFACTS="+artifacts, `KAON_PARAMS={"lr": 0.5, "net": {"width": 2}}`)
			if err != nil || printed != tt.printed || metrics != tt.metrics {
				t.Errorf("printed %q and reported %q, want %q and %q; %v", printed, metrics, tt.printed, tt.metrics, err)
			}
			if left, _ := filepath.Glob(artifacts + "/*.new"); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// A program that searches with Ray Tune is a trial: its trainable is called once, in the process, with the sweep's values.
func TestProgramsOfRayTune(t *testing.T) {
	wantPython(t, "python3")
	folder := packages(t, imitationRay)
	runRay(t, "python3", folder)
	t.Run("a search of the program's own", func(t *testing.T) {
		printed, metrics, err := python(t, "python3", `
from ray import tune
tune.Tuner(print, param_space={"own": tune.uniform(0, 1), "lr": 3}).fit()
tune.Tuner(print).fit()
tune.run(print, config={"own": tune.uniform(0, 1)})
`, folder, `KAON_PARAMS={"lr": 0.5}`)
		if err != nil || printed != "made\ncluster\nmade\ncluster\ncluster\n" || metrics != "" {
			t.Errorf("printed %q and reported %q; %v", printed, metrics, err)
		}
	})
}

// killed has a program save twice and die right before each thing that it does to files in turn, and prints what an attempt after that
// goes on from: how often it has reported, and the two parts of its checkpoint.
const killed = `
import json, os, shutil
from ray import tune
from ray.train._internal.session import get_session
operations = [(os, "makedirs"), (os, "rename"), (os, "remove"), (os, "unlink"), (os, "rmdir"), (shutil, "rmtree")]
left = 0
def dying(operation):
    def run(*args, **kwargs):
        global left
        left -= 1
        if left == 0: os._exit(9)
        return operation(*args, **kwargs)
    return run
def one(name, text):
    with open(name, "w") as f: f.write(text)
def part(folder, name):
    with open(os.path.join(folder, name)) as f: return f.read()
class Saved(object):
    def __init__(self, i): self.i = i
    def to_directory(self, path):
        one(os.path.join(path, "a"), str(self.i))
        os.makedirs(os.path.join(path, "folder"))
        one(os.path.join(path, "folder", "b"), str(self.i))
def train(config):
    for i in (1, 2): tune.report({"i": i}, checkpoint=Saved(i))
def later(config):
    c = tune.get_checkpoint()
    seen.append("nothing" if c is None else "%d %s %s" % (get_session().iteration, part(c.path, "a"), part(c.path, "folder/b")))
def fit(f): tune.Tuner(f, param_space={"lr": tune.uniform(0, 1)}).fit()
base, seen, at, status = os.environ["KAON_ARTIFACTS"], [], 0, 1
while status != 0:
    at += 1
    os.environ["KAON_ARTIFACTS"] = os.environ["KAON_RESUME_FROM"] = os.path.join(base, str(at), "artifacts")
    os.makedirs(os.environ["KAON_ARTIFACTS"])
    pid = os.fork()
    if pid == 0:
        left = at
        for module, name in operations: setattr(module, name, dying(getattr(module, name)))
        fit(train)
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    fit(later)
    if seen[-1] == "nothing" and os.listdir(os.environ["KAON_ARTIFACTS"]): seen[-1] = "nothing, and hides what was there before"
print(*sorted(set(seen), key=seen.index), sep="\n")
with open(os.path.join(os.environ["KAON_ARTIFACTS"], "checkpoint.json"), "w") as f: json.dump({"training_iteration": 7}, f)
shutil.copytree(os.path.join(os.environ["KAON_ARTIFACTS"], "checkpoint.2"), os.path.join(os.environ["KAON_ARTIFACTS"], "checkpoint"))
fit(later)
print(seen[-1], "of a version before")
`

// Whenever a trial is killed, the newest checkpoint that was whole is what the next attempt goes on from, and half of one is nothing that
// was left.
func TestCheckpointsOfRayOutliveAKill(t *testing.T) {
	wantPython(t, "python3")
	printed, _, err := python(t, "python3", killed, packages(t, imitationRay), "KAON_ARTIFACTS="+t.TempDir(), `KAON_PARAMS={"lr": 0.5}`)
	if want := "nothing\n1 1 1\n2 2 2\n7 2 2 of a version before\n"; err != nil || printed != want {
		t.Errorf("printed %q, want %q; %v", printed, want, err)
	}
}

// The package itself, where it is.
func TestRayTuneItself(t *testing.T) {
	interpreter := cmp.Or(os.Getenv("KAON_RAY_PYTHON"), "python3")
	if err := exec.Command(interpreter, "-c", "from ray import tune").Run(); err != nil {
		t.Log("ray is not here, and was not tried: python3 -m venv V && V/bin/pip install 'ray[tune]', then KAON_RAY_PYTHON=V/bin/python")
		return
	}
	runRay(t, interpreter, "")
}
