package simtest

import (
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
)

// TestGuarantees plays stories in which a queue wants what it is guaranteed when others have all there is, and nothing else goes wrong:
// it gets that within a grace and a margin.
func TestGuarantees(t *testing.T) {
	ended := 0
	for seed := range uint64(12) {
		s := Draw(seed)
		s.Sharing = sharing{Queues: true, Guarantee: 3 + 3*int(seed%2), Late: true}
		s.Faults, s.Foreign, s.Parallel, s.Constrained, s.Learns, s.Hard, s.Wall = nil, 0, 0, false, false, false, 0
		s.Sweeps, s.Trials, s.Agents, s.Slow, s.Short, s.Target, s.FailLimit, s.Steps = 2, 15, 2, true, false, false, 0, 0
		w, err := newWorld(s, NoMutation, nil)
		if err != nil {
			t.Fatal(err)
		}
		w.play()
		if w.failure != "" {
			t.Errorf("seed %d: %s", seed, w.failure)
		}
		for _, r := range w.laws.sweeps[sweepID(1)].all {
			if r.End != nil && r.End.State == sweep.AttemptPreempted {
				ended++
			}
		}
		w.disk.remove()
	}
	if ended == 0 {
		t.Error("no trial was ever ended for another queue")
	}
}
