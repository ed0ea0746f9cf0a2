package fairness

import (
	"math"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

func TestCheck(t *testing.T) {
	for _, bad := range []Queue{
		{Weight: -1}, {Weight: math.NaN()}, {Weight: 2e6}, {Limit: Amounts{"cpus": -1}}, {UserLimit: Amounts{Trials: 1.5}}, {Limit: Amounts{"cpus": math.Inf(1)}},
	} {
		if bad.Check() == nil {
			t.Errorf("taken: %+v", bad)
		}
	}
	unset, below := Queue{}, Queue{Weight: -1}
	if err := below.Check(); unset.Check() != nil || unset.weight() != 1 || err == nil || !strings.Contains(err.Error(), "(0 or unset: 1)") {
		t.Errorf("unset: %v, weight %v; below: %v", unset.Check(), unset.weight(), err)
	}
	good := Queue{Weight: 0.5, Limit: Amounts{"cpus": 0.5, "memory": 1536, "gpus": 1, Trials: 20}}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	if got, want := good.Limit.String(), "0.5 cpus, 1 gpu, 1.5 GB of memory, 20 trials"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWithin(t *testing.T) {
	for queue, want := range map[string]bool{"eng": true, "eng/ml": true, "ops/a": true, "engine": false, "ops": false, "": false} {
		if Within([]string{"eng", "ops/a"}, queue) != want {
			t.Errorf("%q: %v", queue, !want)
		}
	}
	if Within(nil, "eng") {
		t.Error("in none")
	}
}

func TestStandings(t *testing.T) {
	queues := []Queue{{Name: "eng", Weight: 3}, {Name: "idle", Weight: 9}, {Name: "ops"}}
	running := wanting("eng/ml", "ann", cpus(2), 5)
	running.Running, running.Used = 3, cpus(6)
	all := Standings(queues, cpus(12), []Job{running, wanting("ops", "bob", cpus(1), 7)})
	for i, want := range []struct {
		name             string
		set              bool
		weight, share    float64
		fair             float64
		running, waiting int
		used             resource.Milli
	}{
		{"eng", true, 3, 0.5, 0.75, 3, 5, 6}, {"eng/ml", false, 1, 0.5, 0.75, 3, 5, 6}, {"idle", true, 9, 0, 0, 0, 0, 0}, {"ops", true, 1, 0, 0.25, 0, 7, 0},
	} {
		s := all[i]
		if s.Name != want.name || s.Set != want.set || s.Weight != want.weight || s.Share != want.share || s.Fair != want.fair || s.Running != want.running ||
			s.Waiting != want.waiting || s.Used.CPUs != want.used*resource.Unit {
			t.Errorf("%+v, want %+v", s, want)
		}
	}
}
