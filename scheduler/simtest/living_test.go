package simtest

import "testing"

// TestSweepsGoOn guards against a simulation in which no sweep is extended, races, or meets results of earlier work.
func TestSweepsGoOn(t *testing.T) {
	var sum struct{ running, ended, elsewhere, cached, dropped int }
	for seed := range uint64(60) {
		s := Draw(seed)
		if s.Racing+s.Known == 0 && s.Faults[len(s.Faults)-1].Kind != UserExtend {
			continue
		}
		for _, l := range played(t, s).laws.sweeps {
			g := l.growth.counts
			sum.running, sum.ended, sum.elsewhere = sum.running+g.running, sum.ended+g.ended, sum.elsewhere+g.elsewhere
			sum.cached, sum.dropped = sum.cached+l.cached, sum.dropped+l.dropped
		}
	}
	if sum.running < 5 || sum.ended < 5 || sum.elsewhere < 3 || sum.cached < 30 || sum.dropped < 10 {
		t.Errorf("%+v", sum)
	}
	t.Logf("%+v", sum)
}
