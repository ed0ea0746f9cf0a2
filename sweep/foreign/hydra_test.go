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
			h, err := ReadHydra(filepath.Base(f), src, false)
			if err != nil {
				text.WriteString(err.Error() + "\n\nleniently:\n")
				if h, err = ReadHydra(filepath.Base(f), src, true); err != nil {
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
	if h, err := ReadHydra("x", []byte("hydra: {run: {dir: .}}\n"), false); h != nil || err != nil {
		t.Errorf("%+v, %v", h, err)
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
		h, err := ReadHydra("x.yaml", src, lenient)
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
