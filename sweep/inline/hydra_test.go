package inline

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kaon-sweep/kaon/sweep"
)

// hydra is the spec of overrides, without where its output goes.
func hydra(overrides string) (string, error) {
	h := Hydra{Program: []string{"python3", "train.py"}, Groups: func(group string, include, exclude []string) (names []string, err error) {
		if group != "model" {
			return nil, fmt.Errorf("no group %s", group)
		}
		for _, n := range []string{"net1", "net2", "vit"} {
			in := func(patterns []string) bool {
				for _, p := range patterns {
					if ok, _ := path.Match(p, n); ok {
						return true
					}
				}
				return false
			}
			if in(include) && !in(exclude) {
				names = append(names, n)
			}
		}
		return names, nil
	}}
	return h.YAML(overrides, "")
}

// What Hydra's own documentation writes behind -m.
func TestHydraOverrides(t *testing.T) {
	tests := []struct{ overrides, want string }{
		{"lr=0.1,0.2", "method: grid|lr: {values: [0.1, 0.2]}"},
		{"lr=0.1,0.2 a=1", "method: grid|lr: {values: [0.1, 0.2]}|train.py, a=1,"},
		{"db=mysql,postgresql schema=warehouse,support", "db: {values: [mysql, postgresql]}|schema: {values: [warehouse, support]}"},
		{"a.b=choice(1,null,'x y',[1,2],{c: 1},true)", `a.b: {values: [1, "null", "'x y'", "[1,2]", "{c: 1}", true]}`},
		{"k=range(4)", "k: {values: [0, 1, 2, 3]}"},
		{"k=range(1,10,step=3)", "k: {values: [1, 4, 7]}"},
		{"k=range(0,0.4,0.1)", "k: {values: [0, 0.1, 0.2, 0.3]}"},
		{"k=range(start=3,stop=0,step=-1)", "k: {values: [3, 2, 1]}"},
		{"lr=interval(0,1)", "method: auto|metric: {name: objective, goal: minimize}|lr: {distribution: uniform, min: 0.0, max: 1.0}"},
		{"lr=tag(log, interval(1e-5, 1e-1))", "lr: {distribution: log_uniform_values, min: 1e-05, max: 0.1}"},
		{"k=int(interval(1, 12))", "k: {distribution: int_uniform, min: 1, max: 12}"},
		{"k=int(tag(log,interval(1,1000)))", "k: {distribution: q_log_uniform_values, min: 1, max: 1000, q: 1}"},
		{"model=glob(*)", "model: {values: [net1, net2, vit]}"},
		{"model=glob(net*,exclude=net2)", "model: {value: net1}"},
		{"model@a.b=glob([net*,v*],exclude=[net1])", `"model@a.b": {values: [net2, vit]}`},
		{"x=shuffle(1,2) w=sort([3,1,2])", "x: {values: [1, 2]}|w: {values: [3, 1, 2]}"},
		{"+x=1,2 ++y=a,b ~z", `"+x": {values: [1, 2]}|"++y": {values: [a, b]}|"~z"`},
		{"x=1,2 hydra/launcher=joblib hydra.launcher.n_jobs=3 hydra.mode=MULTIRUN", "x: {values: [1, 2]}|limits: {parallel: 3}"},
		{"x=1,2 hydra/sweeper=optuna hydra/sweeper/sampler=tpe hydra.sweeper.n_trials=7 hydra.sweeper.direction=maximize hydra.sweeper.sampler.seed=3",
			"method: tpe|run_cap: 7|metric: {name: objective, goal: maximize}|seed: 3"},
		{"x=1,2,3,4 hydra.sweeper.max_batch_size=2", "method: grid\nparameters:"},
		{"x=1,2 ++hydra.sweeper.optim.maximize=True hydra.sweeper.optim.num_workers=3 hydra.sweeper.optim.seed=5 hydra.sweeper.optim.budget=9",
			"goal: maximize|limits: {parallel: 3}|seed: 5|run_cap: 9"},
		{"x=1,2 hydra.sweeper.direction=minimize hydra.sweeper.ax_config.experiment.minimize=false hydra.sweeper.ax_config.client.random_seed=5",
			"goal: maximize|seed: 5"},
		{"x=1,2 hydra.sweeper.direction=maximize hydra.sweeper.optim.maximize=false", "goal: minimize"},
		{"x=1,2 y=${x}", "y=$${x}"},
		{"x=1,2 hydra.run.dir=out/a", "train.py, hydra.run.dir=out/a,"},
	}
	for _, tt := range tests {
		text, err := hydra(tt.overrides)
		if err != nil {
			t.Errorf("%s: %v", tt.overrides, err)
			continue
		}
		for _, part := range strings.Split(tt.want, "|") {
			if !strings.Contains(text, part) {
				t.Errorf("%s has no %s:\n%s", tt.overrides, part, text)
			}
		}
		if strings.Count(text, "hydra.run.dir=") != 1 {
			t.Errorf("%s does not say once where its output goes:\n%s", tt.overrides, text)
		}
		if _, err := sweep.Parse("x", []byte(text)); err != nil {
			t.Errorf("%s: %v\n%s", tt.overrides, err, text)
		}
	}
}

// What cannot be carried is told with its place.
func TestHydraRefused(t *testing.T) {
	for overrides, want := range map[string]string{
		"": "no parameter with several values", "a=1 b=2": "no parameter with several values", "a=1,,2": "a value is empty", "a=choice(1": "there is no `)`",
		"a=1)": "closes nothing", "a='x,2": "has no end", "a=extend_list(1,2)": "is not carried", "a=range(1,10,0)": "a range has an end",
		"a=range(1e9)": "1 to 100000 steps", "a=interval(2,1)": "an end beyond it", "a=interval(x,1)": "a number is needed", "model=glob(z*)": "no configuration",
		"other=glob(*)": "no group other", "a=tag(log,interval(0,1))": "begins above 0", "a=range(1,2,3,4)": "too many", "a b=1,2 =1,2": "cannot be a parameter's name",
		"a=1,interval(0,1)": "a range and values", "a=1,2 hydra/sweeper/sampler=nsgaii": "at character 29: kaon has no sampler `nsgaii`",
		"a=1,2 hydra.sweeper.direction='[minimize,maximize]'": "of several goals name one", "a=1,2 hydra.sweeper.n_trials=many": "a number of trials",
		"a=1,2 hydra.sweeper.optim.maximize=maybe": "neither true nor false",
	} {
		_, err := hydra(overrides)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", overrides, err, want)
		}
	}
}

func FuzzHydra(f *testing.F) {
	for _, s := range []string{"a=1,2", "a=choice('x',\"y\") b=glob(*,exclude=[a])", "a=tag(log,interval(1,2))", "a=int(range(1,5,2)) ~b +c=[1,{a: b}],2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, overrides string) {
		text, err := hydra(overrides)
		if err != nil || !utf8.ValidString(overrides) {
			return
		}
		if _, err := sweep.ReadTree("x", []byte(text)); err != nil {
			t.Errorf("%q makes no YAML: %v\n%s", overrides, err, text)
		}
	})
}
