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
	A             *float64      `json:"a,omitempty"`
	B             *float64      `json:"b,omitempty"`
	Q             *float64      `json:"q,omitempty"`
	Values        []sweep.Value `json:"values,omitempty"`
	Probabilities []float64     `json:"probabilities,omitempty"`
	Zip           []string      `json:"zip,omitempty"` // what stands at one place of the values of these goes together
}

// request asks for points, and tells how trials have ended since the last one.
type request struct {
	Tell     []ended       `json:"tell"`
	Ask      []int         `json:"ask"`                // trials
	Answered []sweep.Point `json:"answered,omitempty"` // what an earlier process answered to this
}

// refused is the state of a trial whose point constraints refuse: another is asked for.
const refused = "refused"

// ended is how a trial ended, or that the point for it was refused.
type ended struct {
	Trial  int         `json:"trial"`
	State  string      `json:"state"`
	Value  *float64    `json:"value"` // of the objective; null: it reported none, or no finite one
	Params sweep.Point `json:"params"`
}

// answer is what the program says to a request.
type answer struct {
	Params []json.RawMessage `json:"params"`
	Error  string            `json:"error"`
}

func endOf(trial int, o search.Outcome, p sweep.Point) ended {
	e := ended{Trial: trial, State: o.State.String(), Params: p}
	if o.Known && !math.IsNaN(o.Value) && !math.IsInf(o.Value, 0) {
		v := o.Value
		e.Value = &v
	}
	return e
}

func helloOf(spec *sweep.Spec, replayed int) hello {
	h := hello{Kaon: 1, Name: spec.Name, Seed: spec.Seed, Trials: spec.Trials, Parameters: []parameter{},
		Replayed: replayed}
	if m := spec.Objective; m.Name != "" {
		h.Metric = &metric{m.Name, string(m.Goal)}
	}
	dimensions, zip := spec.Space.Dimensions(), map[int][]string{}
	for _, set := range spec.Space.Zipped() {
		var names []string
		for _, k := range set {
			names = append(names, dimensions[k].Name)
		}
		for _, k := range set {
			dimensions[k], zip[k] = spec.Space.Member(k), names
		}
	}
	for k, d := range dimensions {
		p := parameter{Name: d.Name, Distribution: string(d.Distribution), Zip: zip[k]}
		number := func(v float64) *float64 { return &v }
		switch d.Distribution {
		case sweep.Constant, sweep.Categorical, sweep.CategoricalProbs:
			p.Values, p.Probabilities = d.Values, d.Probabilities
		case sweep.Normal, sweep.QNormal, sweep.LogNormal, sweep.QLogNormal:
			p.Mu, p.Sigma = number(d.Mu), number(d.Sigma)
		case sweep.Beta, sweep.QBeta:
			p.Min, p.Max, p.A, p.B = number(0), number(1), number(d.A), number(d.B)
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
