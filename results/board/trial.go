package board

import (
	"encoding/json"
	"slices"
	"sort"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// Trial is what the board knows of one trial, as `kaon trials` and `kaon trial` print it.
type Trial struct {
	Trial    int             `json:"trial"` // ThenTrial for the step that follows the trials
	State    sweep.State     `json:"state"`
	Value    *results.Number `json:"value,omitempty"`  // of the objective, whatever the state
	Attempt  int             `json:"attempt"`          // the one that counts: the final, else the latest
	Params   json.RawMessage `json:"params,omitempty"` // of that attempt, or of another if it was not launched
	Seed     uint64          `json:"seed,omitempty"`   // likewise
	Metrics  []Series        `json:"metrics"`          // of the attempt that counts, by name
	Curve    []CurvePoint    `json:"curve,omitempty"`  // of the objective, thinned
	Attempts []Attempt       `json:"attempts"`         // all known, by number
	// Feasible says whether the metrics are within their bounds, by what was reported; nil: no metric has any.
	Feasible   *bool       `json:"feasible,omitempty"`
	Violations []Violation `json:"violations,omitempty"` // bounds that are broken
	Point      *int        `json:"point,omitempty"`      // which point it runs, when points have several trials
	Repeat     *int        `json:"repeat,omitempty"`     // which trial of its point it is, likewise
	// why a stopped trial never started; what ended an attempt is in its End
	Reason string `json:"reason,omitempty"`
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

// Decisive is the attempt that counts; nil when no record named the trial.
func (t *Trial) Decisive() *Attempt {
	for i := range t.Attempts {
		if t.Attempts[i].Attempt == t.Attempt {
			return &t.Attempts[i]
		}
	}
	return nil
}

// Trial is the detail of one trial, or of the step ThenTrial; not ok when no record named it, and then its state
// is all there is.
func (b *Board) Trial(index int) (Trial, bool) {
	t := b.find(index)
	if t == nil {
		out := Trial{Trial: index, State: sweep.Waiting, Metrics: []Series{}, Attempts: []Attempt{}}
		if index != results.ThenTrial {
			out.State, out.Reason = b.Unstarted(), b.standing.closed
			out.Point, out.Repeat = b.place(index)
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
	if index != results.ThenTrial {
		out.Point, out.Repeat = b.place(index)
		if b.Bounded() && (t.state.Terminal() || len(a.series) > 0) {
			out.Violations = b.violations(t)
			feasible := len(out.Violations) == 0
			out.Feasible = &feasible
		}
	}
	for i := range t.attempts {
		try := b.attemptDetail(&t.attempts[i])
		launched := try.End != nil && len(try.End.Params) > 0
		if launched && (out.Params == nil || try.Attempt == int(a.number)) {
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

// Points is how many points of an attempt there are, as far as the board can tell: those it knows and those
// that the attempt's End counts besides.
func (b *Board) Points(index, number int) uint64 {
	if a := b.find(index).find(number); a != nil {
		return a.known() + a.missing()
	}
	return 0
}

// Has reports whether the board knows how an attempt of a trial, or of the step ThenTrial, ended.
func (b *Board) Has(index, number int) bool {
	a := b.find(index).find(number)
	return a != nil && a.ended
}
