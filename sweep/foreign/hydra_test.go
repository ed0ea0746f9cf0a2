package foreign

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/inline"
	"github.com/kaon-sweep/kaon/testkit"
)

// inlined is the sweep file that the overrides come to.
func inlined(h *HydraSweeper) (string, error) {
	groups := func(string, []string, []string) ([]string, error) { return []string{"mysql", "postgres"}, nil }
	return inline.Hydra{Program: []string{"python3", "train.py"}, Groups: groups}.YAML(strings.Join(h.Overrides, " "), "")
}

// What configurations say of Hydra's sweepers is read as what would be typed, or named.
func TestHydraSweepers(t *testing.T) {
	for _, f := range files(t, "testdata/hydra/*.yaml") {
		t.Run(filepath.Base(f), func(t *testing.T) {
			src, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			h, err := ReadHydra(filepath.Base(f), src, false, nil)
			if err != nil {
				text.WriteString(err.Error() + "\n\nleniently:\n")
				if h, err = ReadHydra(filepath.Base(f), src, true, nil); err != nil {
					text.WriteString(err.Error() + "\n")
				}
			}
			if err == nil {
				text.WriteString(strings.Join(h.Overrides, "\n") + "\n\n")
				spec, err := inlined(h)
				if err == nil {
					_, err = sweep.Parse("x.yaml", []byte(spec))
				}
				if err != nil {
					t.Fatal(err)
				}
				_, spec, _ = strings.Cut(spec, "\nparameters:")
				spec, _, _ = strings.Cut("parameters:"+spec, "\ncommand:")
				text.WriteString(spec + "\n")
			}
			testkit.Golden(t, strings.TrimSuffix(f, ".yaml")+".txt", []byte(text.String()))
		})
	}
	if h, err := ReadHydra("x", []byte("hydra: {run: {dir: .}}\n"), false, nil); h != nil || err != nil {
		t.Errorf("%+v, %v", h, err)
	}
}

// What is typed wins over what a configuration says of the same, also where that could not be carried.
func TestHydraTyped(t *testing.T) {
	for _, c := range []struct{ typed, text, want string }{
		{"hydra/sweeper/sampler", "defaults: [{override hydra/sweeper/sampler: nsgaii}]\nhydra: {sweeper: {n_trials: 3}}",
			"hydra.sweeper.n_trials=3"},
		{"hydra/sweeper/sampler", "hydra: {sweeper: {sampler: {_target_: a.NSGAIISampler, population_size: 3, seed: 4}}}",
			"hydra.sweeper.sampler.seed=4"},
		{"hydra/sweeper/sampler", "hydra: {sweeper: {optim: {optimizer: NGOpt, budget: 3}}}", "hydra.sweeper.n_trials=3"},
		{"hydra.sweeper.direction", "hydra: {sweeper: {direction: [minimize, maximize], params: {lr: '1,2'}}}", "lr=1,2"},
		{"hydra.sweeper.direction", "hydra: {sweeper: {optim: {maximize: '${x}'}, parametrization: {lr: [1]}}}",
			"lr=choice(1)"},
		{"hydra.sweeper.n_trials", "hydra: {sweeper: {n_trials: '${n}', params: {lr: '1,2'}}}", "lr=1,2"},
		{"hydra.sweeper.optim.budget", "hydra: {sweeper: {n_trials: '${n}', params: {lr: '1,2'}}}", "lr=1,2"},
		{"lr", "hydra: {sweeper: {params: {+lr: '${x}', m: '1,2'}}}", "m=1,2"},
		{"x.low", "hydra: {sweeper: {search_space: {x: {type: int, low: 1, high: 2}}}}", "x=int(interval(1,2))"},
		{"lr", "hydra: {sweeper: {ax_config: {params: {lr: {type: other}, m: {type: fixed, value: 1}}}}}", "m=1"},
	} {
		if h, err := ReadHydra("x", []byte(c.text+"\n"), false, nil); c.typed != "x.low" && err == nil &&
			strings.Join(h.Overrides, " ") == c.want {
			t.Errorf("%s is the same without what is typed", c.text)
		}
		h, err := ReadHydra("x", []byte(c.text+"\n"), false, map[string]bool{c.typed: true})
		if err != nil || strings.Join(h.Overrides, " ") != c.want {
			t.Errorf("%s with %s is %+v, %v; want %s", c.text, c.typed, h, err, c.want)
		}
	}
}

// A list of defaults names files.
func TestHydraDefaults(t *testing.T) {
	got, err := HydraDefaults("x", []byte("defaults: [base, db: mysql, optional a/b: c, override /hydra/sweeper: optuna, d@e.f: g, h: null, i: [j], _self_]\n"))
	if want := "base db/mysql a/b/c hydra/sweeper/optuna d/g"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("%q, %v, want %s", got, err, want)
	}
}

// Whatever a configuration says, it is read or refused.
func FuzzReadHydra(f *testing.F) {
	names, _ := filepath.Glob("testdata/hydra/*.yaml")
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src, true)
	}
	f.Fuzz(func(t *testing.T, src []byte, lenient bool) {
		_, _ = HydraDefaults("x.yaml", src)
		h, err := ReadHydra("x.yaml", src, lenient, nil)
		var refused *Refused
		if h == nil || err != nil {
			if errors.As(err, &refused) && len(refused.Parts) == 0 {
				t.Error("refused without a part")
			}
			return
		}
		if text, err := inlined(h); err == nil {
			_, _ = sweep.Parse("x.yaml", []byte(text))
		}
	})
}
