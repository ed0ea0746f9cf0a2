package master

import (
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// TestFilters compares what is kept of refusals with all of them.
func TestFilters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		begin := time.Unix(1_000_000, 0)
		what := func() protocol.Resources {
			return protocol.Resources{
				{Name: "cpus", Kind: mesos.SCALAR, Milli: rapid.Int64Range(0, 3).Draw(t, "cpus")},
				{Name: "mem", Kind: mesos.SCALAR, Milli: rapid.Int64Range(0, 3).Draw(t, "mem")},
			}
		}
		moment := func() time.Time { return begin.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "at"))) }
		a, all := &agentRecord{id: "a"}, &filters{}
		kept := &filters{}
		for range rapid.IntRange(1, 8).Draw(t, "filters") {
			x := filter{what(), moment()}
			all.refused = append(all.refused, x)
			kept.add(x)
		}
		r, plain := &role{filters: map[protocol.AgentID]*filters{"a": kept}}, &role{filters: map[protocol.AgentID]*filters{"a": all}}
		offer, now := what(), moment()
		if got, want := r.refuses(a, offer, now), plain.refuses(a, offer, now); got != want {
			t.Fatalf("%v at %v: refused %v, want %v; %v of %v", offer, now, got, want, kept.refused, all.refused)
		}
	})
}

// TestFiltersOfOneKind has a scheduler refuse the same again and again.
func TestFiltersOfOneKind(t *testing.T) {
	fs := &filters{}
	for i := range 1000 {
		fs.add(filter{protocol.Resources{{Name: "cpus", Kind: mesos.SCALAR, Milli: 500}}, time.Unix(int64(i), 0)})
	}
	if len(fs.refused) != 1 {
		t.Errorf("%d filters are kept, want the last", len(fs.refused))
	}
}
