package task_test

import (
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// The spec's limit of processes reaches the executor, in an image too, whose container has the other limits.
func TestProcessLimitReachesTheExecutor(t *testing.T) {
	for _, settings := range []string{"process_limit: 50", "process_limit: 50, image: x:1"} {
		spec, err := sweep.Parse("s.yaml", []byte("method: grid\nparameters: {x: {values: [1]}}\ncommand: [true]\ntask: {"+settings+"}\n"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := task.NewBuilder("s", spec, task.Options{})
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.Order(0, 1, pointOf(t, spec, 0))
		if err != nil || o.Processes != 50 {
			t.Errorf("%s: %d, %v", settings, o.Processes, err)
		}
	}
}

// pointOf is the point that the spec's search gives a trial.
func pointOf(t *testing.T, spec *sweep.Spec, trial int) sweep.Point {
	t.Helper()
	method, err := search.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	p, ok := method.Ask(trial)
	if !ok {
		t.Fatalf("no point %d", trial)
	}
	return p
}
