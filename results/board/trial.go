package board

import (
	"encoding/json"
	"iter"
	"slices"
	"sort"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// Trial is what the board knows of one trial, as `kaon trials` and `kaon trial` print it.
type Trial struct {
	Trial    int             `json:"trial"` // Then for the step that follows the trials
	State    sweep.State     `json:"state"`
	Value    *results.Number `json:"value,omitempty"` // of the objective, whatever the state
	Attempt  int             `json:"attempt"`         // the one that counts: the final, else the latest
	Params   json.RawMessage `json:"params,omitempty"`
	Seed     uint64          `json:"seed,omitempty"`
	Metrics  []Series        `json:"metrics"`          // of the attempt that counts, by name
	Curve    []CurvePoint    `json:"curve,omitempty"`  // of the objective, thinned
	Attempts []Attempt       `json:"attempts"`         // all known, by number
	Reason   string          `json:"reason,omitempty"` // why a stopped trial never started; what ended an attempt is in its End
}

// Series is one metric of one attempt. Min, Max and Mean are of the values that are neither NaN nor infinite,
// and NaN when there are none; Last is the last value whatever it is.
type Series struct {
	Name  string         `json:"name"`
	Value results.Number `json:"value"` // by the metric's reduce
	Last  results.Number `json:"last"`
	Min   results.Number `json:"min"`
	Max   results.Number `json:"max"`
	Mean  results.Number `json:"mean"`
	Count uint64         `json:"count"`
}

// Attempt is one launch of a trial. While it runs there is no End.
type Attempt struct {
	Attempt int          `json:"attempt"`
	Known   uint64       `json:"points"`            // points on the board
	Missing uint64       `json:"missing,omitempty"` // points that the attempt reported and no record brought
	End     *results.End `json:"end,omitempty"`

	Milestones []results.Milestone `json:"milestones,omitempty"` // in the order they were passed
	Values     []results.Value     `json:"values,omitempty"`     // that it named, by name
}

// Trial is the detail of one trial, or of the step Then; not ok when no record named it, and then its state
// is all there is.
func (b *Board) Trial(index int) (Trial, bool) {
	t := b.known(index)
	if index == results.ThenTrial && b.then.attempts != nil {
		t = &b.then
	}
	if t == nil {
		out := Trial{Trial: index, State: sweep.Waiting, Metrics: []Series{}, Attempts: []Attempt{}}
		if index != results.ThenTrial {
			out.State, out.Reason = b.unstartedState(), b.standing.closed
		}
		return out, false
	}
	a := t.decisive().withPending(b)
	out := Trial{Trial: index, State: b.stateOf(t), Attempt: int(a.number), Metrics: b.seriesDetail(a)}
	if s := a.find(0); s != nil && b.cfg.Objective.Name != "" {
		reduced, _ := s.Reduced(b.cfg.Objective.Reduce)
		v := results.Number(reduced)
		out.Value = &v
		out.Curve = slices.Clone(a.curve.points)
	}
	for i := range t.attempts {
		try := b.attemptDetail(&t.attempts[i])
		if try.End != nil && (try.End.Params != nil && out.Params == nil || try.Attempt == int(a.number)) {
			out.Params, out.Seed = try.End.Params, try.End.Seed
		}
		out.Attempts = append(out.Attempts, try)
	}
	return out, true
}

func (b *Board) seriesDetail(a *attempt) []Series {
	out := make([]Series, 0, len(a.series))
	for i := range a.series {
		s := &a.series[i]
		by := func(how sweep.Reduce) results.Number {
			v, _ := s.Reduced(how)
			return results.Number(v)
		}
		out = append(out, Series{Name: b.names[s.metric], Value: by(b.metric(s.metric).Reduce), Last: by(sweep.Last),
			Min: by(sweep.Min), Max: by(sweep.Max), Mean: by(sweep.Mean), Count: uint64(s.Count)})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

func (b *Board) attemptDetail(a *attempt) Attempt {
	out := Attempt{Attempt: int(a.number), Known: a.known(), Missing: a.missing()}
	if n := a.allNotes(); n != nil {
		out.Milestones, out.Values = slices.Clone(n.milestones), slices.Clone(n.values)
	}
	if a.ended {
		end := b.ends.get(a.end)
		out.End = &end
	}
	return out
}

// Query chooses and orders trials.
type Query struct {
	States []sweep.State // empty: all
	Sort   string        // trial (default) | value | seconds | attempts, or the name of a metric
	Desc   bool          // highest first; for value: worst first
	All    bool          // those that no record names, too
	Offset int
	Limit  int // 0: all
}

// wants says whether the query is for trials in a state.
func (q Query) wants(s sweep.State) bool {
	return len(q.States) == 0 || slices.Contains(q.States, s)
}

// Trials yields the trials that were heard of, by query, and when it is for all of them the others too.
// Trials without the number sorted by come last, and ties go to the lower index. Details are read as the
// caller goes, so a long list costs no memory; the board must not be folded into meanwhile.
func (b *Board) Trials(q Query) iter.Seq[Trial] {
	return func(yield func(Trial) bool) {
		var known []int32
		if !q.All || q.Sort != "" && q.Sort != "trial" {
			known = b.order(q)
		}
		skip, left := q.Offset, q.Limit
		b.listed(q, known, func(index int) bool {
			if skip > 0 {
				skip--
				return true
			}
			t, _ := b.Trial(index)
			if !yield(t) {
				return false
			}
			left--
			return left != 0 // which a limit of 0 does not come to
		})
	}
}

// order is the indices that a query yields.
func (b *Board) order(q Query) []int32 {
	type keyed struct {
		index int32
		has   bool
		key   float64
	}
	var list []keyed
	key := b.key(q.Sort)
	for i := range b.trials {
		t := b.known(i)
		if t == nil || !q.wants(b.stateOf(t)) {
			continue
		}
		k, has := key(i, t)
		list = append(list, keyed{int32(i), has && k == k, k})
	}
	descending := q.Desc
	if q.Sort == "value" {
		descending = b.cfg.Objective.Better(1, 0) != q.Desc
	}
	sort.SliceStable(list, func(i, j int) bool {
		x, y := list[i], list[j]
		switch {
		case x.has != y.has:
			return x.has
		case !x.has || x.key == y.key:
			return false
		}
		return x.key < y.key != descending
	})
	out := make([]int32, len(list))
	for i := range list {
		out[i] = list[i].index
	}
	return out
}

// key is the number that trials are sorted by.
func (b *Board) key(name string) func(int, *trial) (float64, bool) {
	switch name {
	case "", "trial":
		return func(i int, _ *trial) (float64, bool) { return float64(i), true }
	case "attempts":
		return func(_ int, t *trial) (float64, bool) { return float64(len(t.attempts)), true }
	case "seconds":
		return func(_ int, t *trial) (float64, bool) {
			a := t.decisive()
			if !a.ended {
				return 0, false
			}
			end := b.ends.get(a.end)
			return float64(end.EndMs-end.StartMs) / 1000, true
		}
	case "value":
		name = b.cfg.Objective.Name
	}
	id, known := b.ids[name]
	return func(_ int, t *trial) (float64, bool) {
		if !known {
			return 0, false
		}
		return b.value(t, id)
	}
}

// Points is how many points of an attempt the board has folded: the number of the next.
func (b *Board) Points(index, number int) uint64 {
	if t := b.known(index); t != nil {
		for i := range t.attempts {
			if a := &t.attempts[i]; int(a.number) == number {
				return a.known() + a.missing()
			}
		}
	}
	return 0
}

// Has reports whether the board knows how an attempt of a trial, or of the step Then, ended.
func (b *Board) Has(index, number int) bool {
	t := b.known(index)
	if index == results.ThenTrial && b.then.attempts != nil {
		t = &b.then
	}
	if t == nil {
		return false
	}
	for i := range t.attempts {
		if a := &t.attempts[i]; int(a.number) == number && a.ended {
			return true
		}
	}
	return false
}
