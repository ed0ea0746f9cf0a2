package board

import (
	"iter"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// listed yields the trials of a query by their indices, in the order of known and, when the query is for all,
// behind them those that no record names. By index, the default, they stand among each other. It stops when
// yield does.
func (b *Board) listed(q Query, known []int32, yield func(index int) bool) {
	if !q.All {
		for _, i := range known {
			if !yield(int(i)) {
				return
			}
		}
		return
	}
	wanted := q.wants(b.Unstarted())
	if q.Sort == "" || q.Sort == "trial" {
		for n := range b.size() {
			i := n
			if q.Desc {
				i = b.size() - 1 - n
			}
			t := b.known(i)
			if (t == nil && wanted || t != nil && q.wants(b.stateOf(t))) && !yield(i) {
				return
			}
		}
		return
	}
	for _, i := range known {
		if !yield(int(i)) {
			return
		}
	}
	for i := 0; wanted && i < b.size(); i++ {
		if b.known(i) == nil && !yield(i) {
			return
		}
	}
}

// Query chooses and orders trials.
type Query struct {
	States []sweep.State // empty: all
	// Sort is trial (default) | value, where only finite ones rank | seconds | attempts, the name of a metric, or
	// params. and that of a parameter.
	Sort   string
	Desc   bool // highest first; for value: worst first
	All    bool // those that no record names, too
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
			known = b.ordered(q)
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

// Timeline is when trials moved from state to state, as far as attempts that have ended tell, by time: at most 2,048
// moments. Before the first all trials wait. The clocks are those of the agents.
func (b *Board) Timeline() []Moment { return b.timeline.list() }

// Values yields the objective's value of each trial that has one, of so many trials from an index on, with the trial's
// state, and says whether there are more. It reads no End.
func (b *Board) Values(from, n int, yield func(trial int, state sweep.State, value float64)) (more bool) {
	end := min(from+n, b.trials)
	if b.cfg.Objective.Name == "" {
		return false
	}
	for i := from; i < end; i++ {
		if t := b.known(i); t != nil {
			if v, ok := b.value(t, 0); ok {
				yield(i, b.stateOf(t), v)
			}
		}
	}
	return end < b.trials
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
			end := b.ends.part(a.end)
			return float64(end.EndMs-end.StartMs) / 1000, true
		}
	case "value":
		name = b.cfg.Objective.Name
		if b.Repeats() > 1 { // by the point, so that its trials stand together
			return b.rankKey
		}
	}
	id, known := b.ids[name]
	return func(_ int, t *trial) (float64, bool) {
		if !known {
			return 0, false
		}
		return b.value(t, id)
	}
}

// rankKey is what the point of a trial is ranked by; of a point none of whose trials succeeded, what the trial
// reported.
func (b *Board) rankKey(index int, t *trial) (float64, bool) {
	if b.cfg.Objective.Name == "" {
		return 0, false
	}
	if v, trials := b.pointValue(index/b.Repeats(), 0); trials > 0 {
		return v, true
	}
	return b.value(t, 0)
}
