package search

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
)

// FuzzNew: whatever a spec says that is accepted, its search begins, learns and goes on, and each of its points has JSON.
func FuzzNew(f *testing.F) {
	files, err := filepath.Glob("../testdata/good/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	methods := []string{"grid", "random", "sobol", "halton", "lhs", "tpe", "gp", "cma-es"}
	for i, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(src), "method="+methods[i%len(methods)])
	}
	for i, source := range []string{everything, orderly} {
		for _, method := range methods {
			f.Add("{run_cap: 20, metric: {name: y}, "+source+"}", "method="+method)
			f.Add("{method: "+method+", run_cap: 20, "+source+"}", []string{"parameters.a={values: [[1], {b: 2}, null]}", "zip=[[b, d]]"}[i])
		}
	}
	f.Fuzz(func(t *testing.T, text, set string) {
		slow := time.AfterFunc(30*time.Second, func() { panic("it did not end: " + text + "\n" + set) })
		defer slow.Stop()
		spec, err := sweep.Parse("fuzz.yaml", []byte(text), sweep.WithSet(set))
		if err != nil || spec.Method == sweep.ByCommand {
			return
		}
		m, err := New(spec)
		if err != nil {
			t.Fatal(err)
		}
		for trial := range min(spec.Trials, 24) {
			p, ok := m.Ask(trial)
			if !ok {
				continue // constraints that refuse nearly all
			}
			if _, err := p.MarshalJSON(); err != nil {
				t.Fatal(err)
			}
			m.Tell(trial, Outcome{State: sweep.Succeeded, Value: float64(trial * 7 % 11), Known: true})
			if l, ok := m.(Learner); ok {
				l.Learn(-1, p, Outcome{State: sweep.Succeeded, Value: 1, Known: true})
			}
		}
	})
}
