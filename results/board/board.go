package board

import (
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// Config is what a board must know of its sweep.
type Config struct {
	Sweep     string         // id; records of another sweep are refused
	Trials    int            // how many trials the sweep has; 0: not known, records tell
	Objective sweep.Metric   // zero Name: none, and nobody wins
	Metrics   []sweep.Metric // declared besides the objective; those with a Goal are objectives of the Pareto front
	Repeat    sweep.Repeat   // how many trials a point has, and what it is ranked by
	Top       int            // length of the board's top list; 0: 10
	Closed    string         // why trials that no record names will never start, as of Close; empty: they may
	Stats     *Metrics       // counters of this process; nil: none
}

// Board is the reduced state of one sweep. What it says depends only on which points and Ends it has been
// given, not on their order, on repeats, or on how points were split into records (law 7).
//
// A Board is for one goroutine; what its methods return is the caller's to keep, save where a method says
// otherwise.
type Board struct {
	cfg      Config
	declared []sweep.Metric // objective first
	names    []string       // metrics, by id; the declared ones first
	ids      map[string]uint32

	noted      []bool // of names behind the declared ones: a trial's attempt has it
	undeclared int    // how many are noted
	crowded    bool   // they were too many

	pages    [][]trial // trials by index, pageSize to a page; nil where none is known
	then     trial     // the step that follows them, which no count and no ranking knows
	trials   int       // one more than the highest index known
	seen     int       // trials known
	attempts int
	points   uint64
	curveLen int
	counts   sweep.Counts // of trials known; Waiting without those never heard of
	ends     *endStore
	early    earlyStops
	timeline timeline
	standing standing

	best    int // point, -1 none
	stale   bool
	changes uint64 // rises when a candidate may have changed
	front   front
	need    need
}

// trial holds its attempts by number; nearly every trial has one.
type trial struct {
	attempts []attempt
	state    sweep.State
	counted  bool // in Board.counts, as state
}

const pageSize = 1024

// New is an empty board.
func New(cfg Config) *Board {
	if cfg.Top == 0 {
		cfg.Top = 10
	}
	b := &Board{
		cfg: cfg, ids: map[string]uint32{}, ends: newEndStore(), best: -1, curveLen: curveLen(0),
		standing: standing{closed: cfg.Closed},
	}
	if cfg.Objective.Name != "" {
		b.declare(cfg.Objective)
	}
	for _, m := range cfg.Metrics {
		b.declare(m)
	}
	return b
}

func (b *Board) declare(m sweep.Metric) {
	if _, known := b.ids[m.Name]; !known {
		b.declared = append(b.declared, m)
		b.intern(m.Name)
	}
}

func (b *Board) intern(name string) uint32 {
	id := uint32(len(b.names))
	b.names = append(b.names, name)
	b.ids[name] = id
	return id
}

// known is the trial if any record of it was folded.
func (b *Board) known(index int) *trial {
	if index < 0 || index >= b.trials || b.pages[index/pageSize] == nil {
		return nil
	}
	if t := &b.pages[index/pageSize][index%pageSize]; t.attempts != nil {
		return t
	}
	return nil
}

// find is the trial of an index, or the step ThenTrial, if any record of it was folded.
func (b *Board) find(index int) *trial {
	if index == results.ThenTrial && b.then.attempts != nil {
		return &b.then
	}
	return b.known(index)
}

// find is the attempt of a number, nil when no record named it.
func (t *trial) find(number int) *attempt {
	if t == nil {
		return nil
	}
	for i := range t.attempts {
		if int(t.attempts[i].number) == number {
			return &t.attempts[i]
		}
	}
	return nil
}

// decisive returns the attempt whose result counts for the trial: the one whose End is final, the highest should there
// be several, and while there is none the latest.
func (t *trial) decisive() *attempt {
	for i := len(t.attempts) - 1; i >= 0; i-- {
		if t.attempts[i].final {
			return &t.attempts[i]
		}
	}
	return &t.attempts[len(t.attempts)-1]
}

// derivedState returns the trial's state as its decisive attempt makes it.
func (t *trial) derivedState() sweep.State {
	switch a := t.decisive(); {
	case !a.ended:
		return sweep.Running
	case !a.final:
		return sweep.Waiting
	default:
		return a.state
	}
}

// Totals returns how many attempts and points the board knows.
func (b *Board) Totals() (attempts int, points uint64) { return b.attempts, b.points }

// ParetoPoint is a trial of the Pareto front: no other trial is as good in every goal and better in one.
type ParetoPoint struct {
	Trial  int              `json:"trial"`
	Values []results.Number `json:"values"` // in the order of Summary.Goals
}

// front is the Pareto front as of Board.changes.
type front struct {
	of        uint64
	valid     bool
	goals     []sweep.Metric
	points    []ParetoPoint    // best first in the first goal
	volume    *results.Number  // the hypervolume; nil: there are no points, or too many to be measured
	reference []results.Number // that it is measured from, in the order of the goals; nil with volume
}

// standing is what records do not say of trials, and only whoever runs their sweep or has ended it knows.
type standing struct {
	closed string // why trials that no record names will never start; empty: they may
	idle   bool   // nothing of the sweep runs
}

// need is what needed said as of Board.changes.
type need struct {
	of     uint64
	valid  bool
	trials int
}

// metric is the declaration of a metric, or for one that was not declared its name alone.
func (b *Board) metric(id uint32) sweep.Metric {
	if int(id) < len(b.declared) {
		return b.declared[id]
	}
	return sweep.Metric{Name: b.names[id]}
}
