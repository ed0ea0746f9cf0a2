package study

import (
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// The spec's limit of processes reaches the executor, in an image too, whose container has the other limits.
func TestProcessLimitReachesTheExecutor(t *testing.T) {
	for _, task := range []string{"process_limit: 50", "process_limit: 50, image: x:1"} {
		spec, err := sweep.Parse("s.yaml", []byte("method: grid\nparameters: {x: {values: [1]}}\ncommand: [true]\ntask: {"+task+"}\n"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := New("s", spec, Options{})
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.Order(0, 1, first(t, s))
		if err != nil || o.Processes != 50 {
			t.Errorf("%s: %d, %v", task, o.Processes, err)
		}
	}
}

func first(t *testing.T, s *Study) sweep.Point {
	t.Helper()
	p, err := s.Point(0)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
