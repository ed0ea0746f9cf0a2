package search

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// Log is a method together with what it was asked and told, so that a restart can repeat both. Where points
// depend on results, it asks for each point once, remembers it, and numbers each question and answer:
// whoever keeps the Steps of every trial can Restore them in any order and Replay the whole, after which
// the method stands where it stood. Methods that answer from the index alone are passed through and cost
// nothing.
type Log struct {
	method   Method
	name     string
	former   *sweep.Former // that the method went on from; nil: none
	step     uint64        // the last one
	points   map[int]sweep.Point
	trials   map[int]Steps
	outcomes map[int]Outcome // as told
	restored []step          // only until Replay
}

// Steps are the numbers under which a search was asked for the point of a trial and told how it ended; 0:
// it was not.
type Steps struct {
	Ask, Tell uint64
	Point     string // as JSON, the one it was given; empty: nobody kept it, and it is asked for again
	Failure   bool   // it was told of a failure
}

// step is one step of a log, read back.
type step struct {
	number  uint64
	trial   int
	point   string
	told    bool
	outcome Outcome
}

// NewLog begins the log of a method, whose name is for errors.
func NewLog(m Method, name string) *Log {
	var former *sweep.Former
	if e, ok := m.(*extended); ok {
		former = e.former
	}
	return &Log{method: m, name: name, former: former, points: map[int]sweep.Point{}, trials: map[int]Steps{},
		outcomes: map[int]Outcome{}}
}

// Learns reports whether points depend on results, so that the Steps of the trials have to be kept.
func (l *Log) Learns() bool { return l.method.Replay() }

// Steps are those of a trial; none when the method does not learn.
func (l *Log) Steps(trial int) Steps { return l.trials[trial] }

// Ask is the point of a trial, the same each time. Fresh says that a method that learns was asked for it now.
func (l *Log) Ask(trial int) (p sweep.Point, fresh bool, err error) {
	if p, known := l.points[trial]; known {
		return p, false, nil
	}
	if p, err = l.ask(trial); err != nil || !l.Learns() || fixed(l.method, trial) {
		return p, false, err
	}
	l.step++
	l.keepAsk(trial, p, l.step)
	return p, true, nil
}

func (l *Log) ask(trial int) (sweep.Point, error) {
	p, ok := l.method.Ask(trial)
	if r, can := l.method.(Recaller); can && !ok && r.Err() != nil {
		return nil, r.Err()
	}
	if !ok {
		return nil, fmt.Errorf("the %s search has no point for trial %d", l.name, trial)
	}
	return p, nil
}

// Tell tells the method how a trial ended whose point it was asked for, once: a trial that is tried again
// later is not told of again. The value of a failed trial is not told either: it would not outlive another
// try, and so could not be repeated.
func (l *Log) Tell(trial int, o Outcome) {
	s := l.trials[trial]
	if s.Ask == 0 && !wanted(l.method, trial) || s.Tell > 0 {
		return
	}
	l.step++
	l.keepTell(trial, o, l.step)
}

// Restore takes in the steps of a trial that ran in an earlier process, and how it ended if it was told of
// that.
func (l *Log) Restore(trial int, s Steps, o Outcome) {
	if s.Ask > 0 {
		l.restored = append(l.restored, step{number: s.Ask, trial: trial, point: s.Point})
	}
	if s.Tell > 0 {
		if s.Failure {
			o.State = sweep.Failed
		}
		l.restored = append(l.restored, step{s.Tell, trial, "", true, o})
	}
}

// Replay repeats what was restored, in the order in which it happened.
func (l *Log) Replay() error {
	slices.SortFunc(l.restored, func(a, b step) int { return cmp.Compare(a.number, b.number) })
	for _, s := range l.restored {
		l.step = s.number
		if s.told {
			l.keepTell(s.trial, s.outcome, s.number)
			continue
		}
		p, err := l.recall(s)
		if err != nil {
			return err
		}
		l.keepAsk(s.trial, p, s.number)
	}
	l.restored = nil
	return nil
}

// recall is the point of a trial that was asked for in an earlier process. The method is asked again, so that it stands
// where it stood; but what the trial was given is what it ran with, also where another version of kaon, or another
// processor's arithmetic, now answers otherwise.
func (l *Log) recall(s step) (sweep.Point, error) {
	if s.point == "" {
		return l.ask(s.trial)
	}
	var p sweep.Point
	if err := json.Unmarshal([]byte(s.point), &p); err != nil {
		return nil, fmt.Errorf("recall the point of trial %d: %w", s.trial, err)
	}
	if r, ok := l.method.(Recaller); ok {
		r.Recall(s.trial, p)
		return p, nil
	}
	if again, err := l.ask(s.trial); err == nil && textOf(again) == s.point {
		return again, nil
	}
	give(l.method, s.trial, p)
	return p, nil
}

func textOf(p sweep.Point) string {
	text, _ := json.Marshal(p) // points have only what JSON has
	return string(text)
}

// Err is why the method can give no more points; nil while it can.
func (l *Log) Err() error {
	if r, ok := l.method.(Recaller); ok {
		return r.Err()
	}
	return nil
}

func (l *Log) keepAsk(trial int, p sweep.Point, number uint64) {
	s := l.trials[trial]
	s.Ask, s.Point = number, textOf(p)
	l.points[trial], l.trials[trial] = p, s
}

func (l *Log) keepTell(trial int, o Outcome, number uint64) {
	if o.State == sweep.Failed {
		o.Value, o.Known = 0, false
	}
	s := l.trials[trial]
	s.Tell, s.Failure = number, o.State == sweep.Failed
	l.trials[trial] = s
	l.outcomes[trial] = o
	l.method.Tell(trial, o)
}

// Extend has the search go on as that of spec, whose Former it is: what it was told is told to the new one, in
// the order of telling. A spec that goes on as before changes nothing, but that a grid may have more points.
func (l *Log) Extend(spec *sweep.Spec) error {
	if spec.Former == nil || l.former == spec.Former {
		return l.prolong(spec)
	}
	if l.restored != nil {
		return errors.New("extend a search: it is not replayed yet")
	}
	e, err := goOn(l.method, spec)
	if err != nil {
		return err
	}
	for trial, p := range l.points {
		e.points[trial] = p
	}
	told := slices.SortedFunc(maps.Keys(l.outcomes),
		func(a, b int) int { return cmp.Compare(l.trials[a].Tell, l.trials[b].Tell) })
	for _, trial := range told {
		e.learn(trial, l.outcomes[trial])
	}
	l.method, l.name, l.former = e, spec.Method, spec.Former
	return nil
}

// prolong has a search that goes on as before, and learns nothing, count the points of spec: those of a grid with
// conditions are counted no further than `run_cap`.
func (l *Log) prolong(spec *sweep.Spec) (err error) {
	e, former := l.method.(*extended)
	switch {
	case former && !e.next.Replay():
		again, err := goOn(e.old, spec)
		if err != nil {
			return err
		}
		again.points, l.method = e.points, again
	case isGrid(l.method):
		if l.method, err = New(spec); err != nil {
			return err
		}
	}
	return nil
}

// isGrid tells whether a method walks a grid, whatever is around it.
func isGrid(m Method) bool {
	switch m := m.(type) {
	case grid:
		return true
	case *tried:
		return isGrid(m.Method)
	case *repeated:
		return isGrid(m.Method)
	}
	return false
}
