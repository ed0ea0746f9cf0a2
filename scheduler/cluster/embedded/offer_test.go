package embedded

import (
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"pgregory.net/rapid"
)

// TestFilters compares what is kept of refusals with all of them.
func TestFilters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		begin := time.Unix(1_000_000, 0)
		what := func() bundle {
			return bundle{
				{name: "cpus", kind: mesos.SCALAR, milli: rapid.Int64Range(0, 3).Draw(t, "cpus")},
				{name: "mem", kind: mesos.SCALAR, milli: rapid.Int64Range(0, 3).Draw(t, "mem")},
			}
		}
		moment := func() time.Time { return begin.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "at"))) }
		a, all := &agent{id: "a"}, &filters{}
		kept := &filters{}
		for range rapid.IntRange(1, 8).Draw(t, "filters") {
			x := filter{what(), moment()}
			all.refused = append(all.refused, x)
			kept.add(x)
		}
		r, plain := &role{filters: map[AgentID]*filters{"a": kept}}, &role{filters: map[AgentID]*filters{"a": all}}
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
		fs.add(filter{bundle{{name: "cpus", kind: mesos.SCALAR, milli: 500}}, time.Unix(int64(i), 0)})
	}
	if len(fs.refused) != 1 {
		t.Errorf("%d filters are kept, want the last", len(fs.refused))
	}
}
