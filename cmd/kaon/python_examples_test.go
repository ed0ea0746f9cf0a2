package main

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Projects as they are written for other tools run as they are, each where a Python has what it needs: python3, or the one that
// KAON_WANDB_PYTHON or KAON_EXAMPLES_PYTHON names.
func TestForeignExamples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, modules string
		args          []string
		trials        int
		low, high     float64 // where the best value lies
	}{
		{"wandb-nested", "wandb", []string{"examples/wandb-nested/sweep.yaml", "--set", "run_cap=3"}, 3, 0, 0.7},
		{"wandb-agent", "wandb", []string{"--python", "examples/wandb-agent/train.py:train", "--set", "run_cap=2"}, 2, 1, 8},
		{"hydra", "hydra", []string{"examples/hydra/sweep.yaml"}, 8, 0.0130, 0.0131},
		{"hydra-overrides", "hydra", []string{"--hydra", "lr=0.3,0.03 model=glob(*)", "--set", "metric.name=loss", "examples/hydra/train.py"}, 4, 0.0260, 0.0261},
		{"tensorboard", "tensorboardX", []string{"examples/tensorboard/sweep.yaml"}, 3, 0.01, 0.011},
		{"mlflow", "mlflow, sklearn", []string{"examples/mlflow/sweep.yaml", "--set", "parameters.n-estimators.values=[20]"}, 2, 0.9, 1},
		{"katib", "sys", []string{"examples/katib/experiment.yaml", "--set", "task.image=null"}, 6, 0, 0.2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.examples()
			cmd := p.command(append([]string{"run", "--json", "--quiet"}, c.args...)...)
			python := pythonWith(c.modules)
			if python == "" && c.modules == "wandb" { // which CI installs
				t.Skip("needs a Python with wandb; name it by KAON_WANDB_PYTHON")
			}
			if python == "" {
				t.Skipf("beyond a whole run: needs a Python with %s; name it by KAON_EXAMPLES_PYTHON", c.modules)
			}
			cmd.Env = append(cmd.Env, "PATH="+filepath.Dir(python)+":"+os.Getenv("PATH"))
			got := contract(t, p.launch(cmd).wait().ends(exitDone))
			if got.Trials.Succeeded != c.trials || got.Best == nil || float64(got.Best.Value) < c.low || float64(got.Best.Value) > c.high {
				t.Errorf("%+v, best %+v", got.Trials, got.Best)
			}
		})
	}
}

// pythonWith is the path of a Python that has modules; empty: none is here.
func pythonWith(modules string) string {
	for _, name := range []string{cmp.Or(os.Getenv("KAON_EXAMPLES_PYTHON"), "python3"), os.Getenv("KAON_WANDB_PYTHON")} {
		path, err := exec.LookPath(name)
		if err == nil && exec.Command(path, "-c", "import "+modules).Run() == nil {
			return path
		}
	}
	return ""
}
