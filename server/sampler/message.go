package sampler

import (
	"encoding/json"
	"math"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// hello is the first line to the program.
type hello struct {
	Kaon       int         `json:"kaon"` // version of the protocol
	Name       string      `json:"name"`
	Seed       uint64      `json:"seed"`
	Trials     int         `json:"trials"`
	Metric     *metric     `json:"metric"`
	Parameters []parameter `json:"parameters"`
	Replayed   int         `json:"replayed"` // points that an earlier process chose, and that come next
}

type metric struct {
	Name string `json:"name"`
	Goal string `json:"goal"`
}

// parameter is one dimension of the space; numbers that do not apply are left out.
type parameter struct {
	Name          string        `json:"name"`
	Distribution  string        `json:"distribution"`
	Min           *float64      `json:"min,omitempty"`
	Max           *float64      `json:"max,omitempty"`
	Mu            *float64      `json:"mu,omitempty"`
	Sigma         *float64      `json:"sigma,omitempty"`
	Q             *float64      `json:"q,omitempty"`
	Values        []sweep.Value `json:"values,omitempty"`
	Probabilities []float64     `json:"probabilities,omitempty"`
}

// request asks for points, and tells how trials have ended since the last one.
type request struct {
	Tell     []ended       `json:"tell"`
	Ask      []int         `json:"ask"`                // trials
	Answered []sweep.Point `json:"answered,omitempty"` // what an earlier process answered to this
}

// ended is how a trial ended.
type ended struct {
	Trial  int         `json:"trial"`
	State  sweep.State `json:"state"`
	Value  *float64    `json:"value"` // of the objective; null: it reported none, or no finite one
	Params sweep.Point `json:"params"`
}

// answer is what the program says to a request.
type answer struct {
	Params []json.RawMessage `json:"params"`
	Error  string            `json:"error"`
}

func endOf(trial int, o search.Outcome, p sweep.Point) ended {
	e := ended{Trial: trial, State: o.State, Params: p}
	if o.Known && !math.IsNaN(o.Value) && !math.IsInf(o.Value, 0) {
		v := o.Value
		e.Value = &v
	}
	return e
}

func helloOf(spec *sweep.Spec, replayed int) hello {
	h := hello{Kaon: 1, Name: spec.Name, Seed: spec.Seed, Trials: spec.Trials, Parameters: []parameter{}, Replayed: replayed}
	if m := spec.Objective; m.Name != "" {
		h.Metric = &metric{m.Name, string(m.Goal)}
	}
	for _, d := range spec.Space.Dimensions() {
		p := parameter{Name: d.Name, Distribution: string(d.Distribution)}
		number := func(v float64) *float64 { return &v }
		switch d.Distribution {
		case sweep.Constant, sweep.Categorical, sweep.CategoricalProbs:
			p.Values, p.Probabilities = d.Values, d.Probabilities
		case sweep.Normal, sweep.QNormal, sweep.LogNormal, sweep.QLogNormal:
			p.Mu, p.Sigma = number(d.Mu), number(d.Sigma)
		default:
			p.Min, p.Max = number(d.Min), number(d.Max)
		}
		if d.Q > 0 {
			p.Q = number(d.Q)
		}
		h.Parameters = append(h.Parameters, p)
	}
	return h
}
