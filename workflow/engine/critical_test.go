package engine_test

import (
	"slices"
	"testing"

	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// The critical path is of what ended last, in a for-each of the iteration that did, with the times that each took.
func TestCriticalPath(t *testing.T) {
	step := func(name string) workflow.Flow {
		return workflow.Do(&workflow.Step{Name: name, Type: "command"})
	}
	each := workflow.ForEach(step("each"), workflow.Over("i", "[1, 2]"))
	g, err := workflow.Build(workflow.Sequence(step("first"), workflow.Parallel(step("short"), each), step("last")))
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(engine.Flow{Main: g})
	end := func(at int64, key string) {
		e.Step(engine.Event{Kind: engine.Ended, At: at, Key: key, Attempt: 1, State: engine.Succeeded})
	}
	e.Step(engine.Event{Kind: engine.Begin, At: 1000})
	end(1100, "first")
	end(1150, "each[0]")
	end(1200, "short")
	if path := e.Critical(); len(path) != 3 || path[2] != (engine.Stretch{Step: "each", Began: 1100}) {
		t.Errorf("while it runs, it is %v", path)
	} else if share := path[2].Share(e.View(false), 1300); share != 2./3 {
		t.Errorf("each has %v of the time", share)
	}
	end(1900, "each[1]")
	end(2000, "last")
	want := []engine.Stretch{
		{Step: "first", Began: 1000, Ended: 1100}, {Step: "each.each", Began: 1100, Ended: 1900},
		{Step: "each", Began: 1100, Ended: 1900}, {Step: "last", Began: 1900, Ended: 2000},
	}
	path := e.Critical()
	if !slices.Equal(path, want) {
		t.Errorf("it is %v, want %v", path, want)
	}
	for i, share := range []float64{0.1, 0.8, 0.8, 0.1} {
		if got := path[i].Share(e.View(false), 9999); got != share {
			t.Errorf("%s has %v of the time, want %v", path[i].Step, got, share)
		}
	}
}
