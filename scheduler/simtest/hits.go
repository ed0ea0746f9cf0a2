package simtest

import (
	"fmt"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// known says that an earlier sweep did the work of a trial, and well.
func (s *Story) known(trial int) bool {
	if s.Known == 0 || trial < 0 || mix(s.Seed, uint64(trial)+7, 6)%uint64(s.Known) > 0 {
		return false
	}
	b := s.behaviourOf(trial)
	return b == good || b == quick || b == bursty
}

// earlierWork is what an earlier sweep did of a story's.
type earlierWork struct {
	story *Story
	hits  map[string]scheduler.Hit // by key
}

// find is what did the work of a key.
func (x *earlierWork) find(_, key string) (scheduler.Hit, bool) {
	h, ok := x.hits[key]
	return h, ok
}

// builder is that of a sweep, and notes what earlier work there is for its trials. The work is another with each spec
// of the sweep, so that a trial's point says which trial it is.
func (x *earlierWork) builder(id string, spec *sweep.Spec) (*task.Builder, error) {
	if x.story.Known == 0 {
		return task.NewBuilder(id, spec, task.Options{})
	}
	from := 0
	if spec.Former != nil {
		from = spec.Former.From
	}
	b, err := task.NewBuilder(id, spec, task.Options{Work: fmt.Sprintf("%q %d", spec.Overrides, from)})
	if err != nil {
		return nil, err
	}
	method, err := search.New(spec)
	if err != nil {
		return nil, err
	}
	for trial := range spec.Trials {
		p, ok := method.Ask(trial)
		if !ok || !x.story.known(trial) {
			continue
		}
		o, err := b.Order(trial, 1, p)
		if err != nil {
			return nil, err
		}
		key := b.Key(&o)
		points := x.story.earlierPoints(trial)
		x.hits[key] = scheduler.Hit{
			From: results.Ran{Sweep: "earlier", Trial: trial, Attempt: 1}, Points: points,
			End: results.End{State: sweep.AttemptSucceeded, Key: key, Params: o.Params, Seed: o.Seed,
				Points: uint64(len(points))},
		}
	}
	return b, nil
}

// earlierPoints is what the work of a trial reports, whoever does it.
func (s *Story) earlierPoints(trial int) (all []results.Point) {
	for i, p := range s.scriptOf(trial, 1).points {
		all = append(all, results.Point{Step: int64(i), Metrics: map[string]float64{p.name: p.value}})
	}
	return all
}
