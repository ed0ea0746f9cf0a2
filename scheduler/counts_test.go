package scheduler

import (
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// Where agents are counted their offers come, and are declined, also while nothing waits; what was declined comes again when something does.
func TestOffersWhereAgentsAreCounted(t *testing.T) {
	for _, counts := range []bool{false, true} {
		cfg := testConfig()
		cfg.CountsAgents = counts
		s := &sharers{Core: NewCore(cfg), t: t}
		s.Step(time.Unix(0, 0), cluster.Subscribed{Framework: "f"})
		if s.Snapshot().Offered {
			t.Error("an offer has come before there was one")
		}
		calls := s.offer("a1", 4).Calls
		suppressed, declined, revived := false, false, false
		for _, c := range calls {
			switch c.(type) {
			case cluster.Suppress:
				suppressed = true
			case cluster.Decline:
				declined = true
			}
		}
		if suppressed == counts || !declined || !s.Snapshot().Offered {
			t.Errorf("counted %v: %+v", counts, calls)
		}
		s.submit("a", "", "ann", 0, 1)
		for _, c := range s.Turn(s.now).Calls {
			_, is := c.(cluster.Revive)
			revived = revived || is
		}
		if !revived {
			t.Errorf("counted %v: no offers are asked for when there is work", counts)
		}
		s.Step(s.now, cluster.Subscribed{Framework: "f"})
		if s.Snapshot().Offered {
			t.Error("an offer has come before there was one, of another master")
		}
	}
}
