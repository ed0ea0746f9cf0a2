package wandb

import (
	"cmp"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// imitationOptuna is a package of the names that the hook needs, whose search takes the lowest value of all.
var imitationOptuna = map[string]string{
	"optuna/__init__.py": `
from .trial import Trial, TrialPruned
from .study import Study, create_study
`,
	"optuna/trial.py": `
class TrialPruned(Exception): pass
class Range(object):
    def __init__(self, low, high): self.low, self.high = low, high
class Choices(object):
    def __init__(self, choices): self.choices, self.low = choices, choices[0]
class Trial(object):
    def __init__(self, study, number): self.study, self._number, self._fixed_params, self.params = study, number, {}, {}
    number = property(lambda self: self._number)
    def _suggest(self, name, distribution):
        self.params[name] = self._fixed_params.get(name, distribution.low)
        return self.params[name]
    def suggest_float(self, name, low, high): return self._suggest(name, Range(float(low), float(high)))
    def suggest_categorical(self, name, choices): return self._suggest(name, Choices(choices))
    def report(self, value, step): pass
    def should_prune(self): return True
    def set_user_attr(self, key, value): pass
`,
	"optuna/study.py": `
from .trial import Trial, TrialPruned
class Study(object):
    def __init__(self): self.stopped, self.values = False, []
    def stop(self): self.stopped = True
    def optimize(self, func, n_trials=None):
        for i in range(n_trials):
            if self.stopped: return
            try: self.values.append(func(Trial(self, i)))
            except TrialPruned: self.values.append(None)
def create_study(**kwargs): return Study()
`,
}

// optunaTests are programs that an imitation and the package itself run alike.
var optunaTests = []struct{ name, program, printed, metrics string }{
	{"the trial's study", `
def objective(trial):
    lr, shape = trial.suggest_float("lr", 0, 1), trial.suggest_categorical("shape", [(1, 2), (3, 4)])
    trial.set_user_attr("size", 3)
    trial.set_user_attr("name", "x")
    trial.set_user_attr("acc", 99)
    for step in (10, 20):
        trial.report(lr * step, step)
        if trial.should_prune(): raise optuna.TrialPruned()
    print(shape, trial.suggest_float("whole", 0, 9), trial.suggest_float("nested.k", 0, 1), trial.number)
    return lr
study = optuna.create_study()
study.optimize(objective, n_trials=50)
study.optimize(objective, n_trials=50)
`, "(3, 4) 2.0 0.5 3\n", `{"size": 3}
{"_step": 10, "acc": 5.0}
{"_step": 20, "acc": 10.0}
{"_step": 20, "acc": 0.5}
`},
	{"a study of the program's own", `
def objective(trial):
    trial.report(1, 0)
    return trial.suggest_float("own", 0, 1)
study = optuna.create_study()
done = []
study.optimize(lambda trial: done.append(objective(trial)) or 1.0, n_trials=3)
print(len(done))
`, "3\n", ""},
	{"one within the trial's", `
def objective(trial):
    lr = trial.suggest_float("lr", 0, 1)
    inner = optuna.create_study()
    inner.optimize(lambda t: t.suggest_float("own", 0, 1), n_trials=3)
    return lr
optuna.create_study().optimize(objective, n_trials=50)
`, "", "{\"acc\": 0.5}\n"},
	{"several values", `
optuna.create_study(directions=["minimize", "maximize"]).optimize(lambda t: (t.suggest_float("lr", 0, 1), 7), n_trials=9)
`, "", "{\"acc\": 0.5, \"values_1\": 7.0}\n"},
	{"pruned by the program", `
def objective(trial):
    trial.report(trial.suggest_float("lr", 0, 1), 4)
    raise optuna.TrialPruned()
optuna.create_study().optimize(objective, n_trials=50)
`, "", "{\"_step\": 4, \"acc\": 0.5}\n"},
	{"asked to stop", `
with open(os.environ["KAON_CONTROL"], "w") as f: f.write('{"checkpoint": true}\n{"stop": true}\n')
optuna.create_study().optimize(lambda t: t.suggest_float("lr", 0, 1) * t.should_prune(), n_trials=50)
`, "", "{\"acc\": 0.5}\n"},
	{"a parameter that the sweep has not", `
def objective(trial):
    return trial.suggest_float("lr", 0, 1) + trial.suggest_float("own", 0, 1)
try: optuna.create_study().optimize(objective, n_trials=50)
except ValueError as e: print(e)
`, "the program suggests `own`, which is no parameter of kaon's sweep: add it there, with one `value` if it is to be the same in all trials\n", ""},
	{"a parameter that it has, behind one that it has not", `
def objective(trial):
    return trial.suggest_float("own", 0, 1) + trial.suggest_float("lr", 0, 1)
optuna.create_study().optimize(objective, n_trials=2)
`, "kaon: metrics logged to optuna are not read: the study is the program's own, since it suggests `own` first, which is no parameter of the sweep\n", ""},
}

const givenToOptuna = `
import os, optuna, warnings
warnings.simplefilter("ignore")
if hasattr(optuna, "logging"): optuna.logging.set_verbosity(optuna.logging.CRITICAL)
`

func runOptuna(t *testing.T, interpreter, folder string) {
	for _, tt := range optunaTests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			control := t.TempDir() + "/control"
			printed, metrics, err := python(t, interpreter, givenToOptuna+tt.program, folder, "KAON_OBJECTIVE=acc", "KAON_TRIAL=3", "KAON_CONTROL="+control,
				`KAON_PARAMS={"lr": 0.5, "shape": [3, 4], "whole": 2, "nested": {"k": 0.5}}`)
			if err != nil || printed != tt.printed || metrics != tt.metrics {
				t.Errorf("printed %q and reported %q, want %q and %q; %v", printed, metrics, tt.printed, tt.metrics, err)
			}
		})
	}
}

// A program that optimizes with Optuna is a trial: its objective is called once, with the sweep's values.
func TestProgramsOfOptuna(t *testing.T) {
	wantPython(t, "python3")
	runOptuna(t, "python3", packages(t, imitationOptuna))
}

// The package itself, where it is.
func TestOptunaItself(t *testing.T) {
	interpreter := cmp.Or(os.Getenv("KAON_OPTUNA_PYTHON"), "python3")
	if err := exec.Command(interpreter, "-c", "import optuna").Run(); err != nil {
		t.Log("optuna is not here, and was not tried: python3 -m venv V && V/bin/pip install optuna, then KAON_OPTUNA_PYTHON=V/bin/python")
		return
	}
	runOptuna(t, interpreter, "")
	t.Run("several at once", func(t *testing.T) {
		printed, metrics, err := python(t, interpreter, givenToOptuna+`
import threading
calls = []
def objective(trial):
    lr = trial.suggest_float("lr", 0, 1)
    calls.append(lr)
    return lr
study = optuna.create_study()
study.optimize(objective, n_trials=50, n_jobs=4)
print(calls, study.best_params)
`, "", `KAON_PARAMS={"lr": 0.5}`)
		if err != nil || !strings.Contains(printed, "[0.5] {'lr': 0.5}\n") || metrics != "{\"value\": 0.5}\n" {
			t.Errorf("printed %q and reported %q; %v", printed, metrics, err)
		}
	})
}
