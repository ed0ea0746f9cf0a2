package fairness

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestForesee(t *testing.T) {
	minute := time.Minute
	for name, c := range map[string]struct {
		queues []Queue
		all    []Prospect // the last is asked about
		want   Forecast
	}{
		"alone on four cpus": {nil, []Prospect{
			{Queue: "a", Need: cpus(1), Waiting: 8, Trial: minute}}, Forecast{0, 2 * minute, true, true, false}},
		"behind what runs": {nil, []Prospect{
			{Queue: "a", Need: cpus(2), Ends: []time.Duration{minute, 3 * minute}},
			{Queue: "a", Need: cpus(2), Waiting: 2, Trial: 10 * minute}}, Forecast{minute, 13 * minute, true, true, false}},
		"behind one of higher priority": {nil, []Prospect{
			{Queue: "a", Need: cpus(4), Waiting: 3, Trial: minute, Priority: 1},
			{Queue: "a", Need: cpus(4), Waiting: 1, Trial: minute}}, Forecast{3 * minute, 4 * minute, true, true, false}},
		"one at a time": {nil, []Prospect{
			{Queue: "a", Need: cpus(1), Waiting: 3, Trial: minute, Most: 1}}, Forecast{0, 3 * minute, true, true, false}},
		"a queue that holds back": {[]Queue{{Name: "a", Limit: Amounts{Trials: 1}}}, []Prospect{
			{Queue: "a", Need: cpus(1), Ends: []time.Duration{5 * minute}},
			{Queue: "a", Need: cpus(1), Waiting: 2, Trial: minute}}, Forecast{5 * minute, 7 * minute, true, true, false}},
		"a queue of another weight": {[]Queue{{Name: "a", Weight: 3}, {Name: "b", Weight: 1}}, []Prospect{
			{Queue: "a", Need: cpus(1), Waiting: 12, Trial: minute},
			{Queue: "b", Need: cpus(1), Waiting: 4, Trial: minute}}, Forecast{0, 4 * minute, true, true, false}},
		"a queue that takes nothing": {[]Queue{{Name: "a", Limit: Amounts{Trials: 0}}}, []Prospect{
			{Queue: "b", Need: cpus(1), Waiting: 1, Trial: minute},
			{Queue: "a", Need: cpus(1), Waiting: 1, Trial: minute}}, Forecast{End: minute, Never: true}},
		"too large for all": {nil, []Prospect{
			{Queue: "a", Need: cpus(8), Waiting: 1, Trial: minute}}, Forecast{Never: true}},
	} {
		if got := Foresee(c.queues, cpus(4), c.all, len(c.all)-1); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	million := []Prospect{{Queue: "a", Need: cpus(1), Waiting: 1_000_000, Trial: time.Second}}
	if f := Foresee(nil, cpus(4), million, 0); !f.Finishes || f.End < 249000*time.Second || f.End > 255000*time.Second {
		t.Errorf("a million of a second each on four: %+v", f)
	}
}

// However long trials are said to take: what lies behind the horizon is not counted out.
func TestAttackForesee(t *testing.T) {
	const year = 8760 * time.Hour
	for name, all := range map[string][]Prospect{
		"in batches":         {{Queue: "a", Need: cpus(1), Waiting: 10_000_000, Trial: year}},
		"one after another":  {{Queue: "a", Need: cpus(1), Waiting: 120, Trial: year}},
		"as long as can be":  {{Queue: "a", Need: cpus(1), Waiting: 2, Trial: math.MaxInt64}},
		"behind what is so":  {{Queue: "a", Need: cpus(1), Waiting: 1, Trial: time.Second}, {Queue: "a", Need: cpus(1), Ends: []time.Duration{math.MaxInt64}}},
		"beside one that is": {{Queue: "a", Need: cpus(1), Waiting: 120, Trial: year}, {Queue: "a", Need: cpus(1), Waiting: 10_000_000, Trial: year}},
	} {
		if f := Foresee(nil, cpus(1), all, 0); f.Finishes || f.Never || f.Start < 0 || f.End != horizon {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// Whatever else there is: a sweep takes no less than its own work needs, and no more than all work one after the other.
func TestForeseeKeepsItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []Prospect
		var work, own time.Duration
		for i := range rapid.IntRange(1, 4).Draw(t, "sweeps") {
			p := Prospect{
				Queue: rapid.SampledFrom([]string{"a", "b", "b/c"}).Draw(t, "queue"), Need: cpus(rapid.IntRange(1, 4).Draw(t, "cpus")),
				Waiting: rapid.IntRange(1, 30).Draw(t, "waiting"), Trial: time.Duration(rapid.IntRange(1, 60).Draw(t, "seconds")) * time.Second,
				Priority: rapid.IntRange(-1, 1).Draw(t, "priority"), Most: rapid.IntRange(0, 3).Draw(t, "most"),
			}
			whole := time.Duration(p.Waiting) * p.Trial
			work += whole
			if i == 0 {
				own = max(p.Trial, whole*time.Duration(p.Need.CPUs)/time.Duration(cpus(4).CPUs))
			}
			all = append(all, p)
		}
		f := Foresee(nil, cpus(4), all, 0)
		if !f.Begins || !f.Finishes || f.Start > f.End || f.End < own || f.End > work+work/10 {
			t.Fatalf("%+v, want an end from %s to %s", f, own, work)
		}
	})
}
