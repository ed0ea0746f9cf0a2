package foreign

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
)

// read translates a file, and parses what comes of it.
func read(t *testing.T, file string, lenient bool) (*Translation, *sweep.Spec, error) {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(file)
	from, err := Translate(name, src, lenient, func(path string) ([]byte, error) {
		return os.ReadFile(filepath.Join(filepath.Dir(file), path))
	})
	if err != nil {
		return nil, nil, err
	}
	if from == nil {
		t.Fatalf("%s is not taken for an experiment", file)
	}
	spec, err := sweep.Parse(name, from.Text)
	return from, spec, from.Relocate(err)
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	all, err := filepath.Glob(pattern)
	if err != nil || len(all) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	return all
}

// Experiments that are carried: what comes of each stands beside it, and is a sweep file.
func TestCarried(t *testing.T) {
	for _, f := range files(t, "testdata/carried/*.yaml") {
		t.Run(filepath.Base(f), func(t *testing.T) {
			from, spec, err := read(t, f, false)
			if err != nil {
				t.Fatal(err)
			}
			if len(from.Left) > 0 {
				t.Errorf("%d parts are left out of what is carried", len(from.Left))
			}
			if spec.Objective.Name == "" || len(spec.Space.Dimensions()) == 0 {
				t.Errorf("a sweep without an objective or parameters: %+v", spec)
			}
			testkit.Golden(t, strings.TrimSuffix(f, ".yaml")+".txt", from.Text)
			if again, err := Translate("x", from.Text, false, nil); again != nil || err != nil {
				t.Errorf("the sweep file is taken for an experiment: %v", err)
			}
		})
	}
}

// Experiments that are refused: a line for each part, with its place; and what is left when they are read leniently.
func TestRefused(t *testing.T) {
	for _, f := range files(t, "testdata/refused/*.yaml") {
		t.Run(filepath.Base(f), func(t *testing.T) {
			_, _, err := read(t, f, false)
			if err == nil {
				t.Fatal("accepted")
			}
			text := err.Error() + "\n"
			var parts sweep.Errors
			if !errors.As(err, &parts) {
				t.Fatalf("refused without its parts: %v", err)
			}
			for _, p := range parts {
				if p.File != filepath.Base(f) || p.Line == 0 || p.Column == 0 || p.Field == "" {
					t.Errorf("a part without its place: %+v", p)
				}
			}
			from, _, err := read(t, f, true)
			if err != nil {
				text += "\nleniently:\n" + err.Error() + "\n"
			} else {
				text += "\nleniently:\n" + string(from.Text)
			}
			testkit.Golden(t, strings.TrimSuffix(f, ".yaml")+".txt", []byte(text))
		})
	}
}

// Sweep files, and other files, are not taken for experiments.
func TestNotForeign(t *testing.T) {
	for _, text := range []string{
		"method: grid\n", "", "kind: Experiment\nmethod: grid\n", "apiVersion: kubeflow.org/v1beta1\nkind: Trial # of an Experiment\n",
		"description: an Experiment of kubeflow.org/v1beta1\n",
	} {
		if from, err := Translate("x", []byte(text), false, nil); from != nil || err != nil {
			t.Errorf("%q: %v, %v", text, from, err)
		}
	}
}

// Whatever an experiment says, it is carried or refused: no panic, and nothing that the parser then has another place for.
func FuzzTranslate(f *testing.F) {
	for _, pattern := range []string{"testdata/carried/*.yaml", "testdata/refused/*.yaml"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			src, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src, true)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, lenient bool) {
		from, err := Translate("x.yaml", src, lenient, nil)
		if from == nil || err != nil {
			return
		}
		_, err = sweep.Parse("x.yaml", from.Text)
		_ = from.Relocate(err)
	})
}
