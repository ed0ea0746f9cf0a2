package plan

import (
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/search"
	"github.com/kaon-sweep/kaon/sweep/shell"
)

// Plan is what a sweep would do: a contract for scripts. Fields may be added, not renamed.
type Plan struct {
	Name       string         `json:"name"`
	Method     string         `json:"method"`
	Chosen     string         `json:"method_chosen,omitempty"` // why, when the spec leaves it to kaon
	Seed       uint64         `json:"seed"`
	Trials     int            `json:"trials"`
	Capped     bool           `json:"capped"`
	GridSize   string         `json:"grid_size,omitempty"` // decimal: may exceed 64 bits; absent when infinite
	Parameters int            `json:"parameters"`
	From       []string       `json:"from,omitempty"` // sweeps whose results the search starts from
	Try        int            `json:"try,omitempty"`  // how many of the first trials have points that the spec names
	Points     []sweep.Point  `json:"points"`         // of the first trials
	Commands   []string       `json:"commands"`       // of the same trials
	Demand     []Demand       `json:"demand"`         // what they ask of the cluster
	Objective  sweep.Metric   `json:"objective"`
	Metrics    []sweep.Metric `json:"metrics,omitempty"`
	Repeat     *sweep.Repeat  `json:"repeat,omitempty"` // nil: each point runs once
	Warnings   []*sweep.Error `json:"warnings"`
	Sampler    []string       `json:"sampler,omitempty"` // the program that chooses points
	Refusals   []Infeasible   `json:"refusals"`          // trials that fit no agent of the cluster
	Early      []EarlyPlan    `json:"early_terminate,omitempty"`
	Learns     bool           `json:"learns,omitempty"` // points depend on results
	Most       Most           `json:"most"`
	Bundle     *BundlePlan    `json:"bundle,omitempty"` // nil: no trial is shown
	When       *When          `json:"when,omitempty"`   // on the server that was asked; nil: none was
	// what results there are of its work; nil: the spec does not ask for them
	Cache *CachePlan `json:"cache,omitempty"`
}

// New computes what a spec would do, with so many of its first points, what they would run and ask for. Which
// trials fit a cluster, only that can tell: Refusals is empty. The environment is for commands that name a variable.
func New(spec *sweep.Spec, points int, getenv func(string) (string, bool)) (Plan, error) {
	p := Plan{
		Name: spec.Name, Method: spec.Method, Chosen: spec.Chosen, Seed: spec.Seed, Trials: spec.Trials,
		Capped:     spec.Capped,
		Parameters: len(spec.Space.Dimensions()), Objective: spec.Objective, Metrics: spec.Metrics,
		Warnings: append([]*sweep.Error{}, spec.Warnings...), Try: min(len(spec.Try), spec.Points()), From: spec.From,
		Refusals: []Infeasible{},
		Points:   []sweep.Point{}, Commands: []string{}, Demand: []Demand{},
	}
	if spec.Repeat.Trials > 1 {
		p.Repeat = &spec.Repeat
	}
	if size, finite := spec.Space.Size(); finite {
		p.GridSize = size.String()
	}
	if spec.Sampler != nil {
		p.Sampler = spec.Sampler.Command
	}
	method, err := search.New(spec)
	if err != nil {
		return p, err
	}
	p.Learns, p.Early = method.Replay(), planEarly(spec)
	if p.Most, err = mostOf(spec); err != nil {
		return p, err
	}
	for i := range min(points, spec.Trials) {
		point, ok := method.Ask(i)
		if !ok {
			break
		}
		run, err := spec.Command.Expand(sweep.Vars{Params: point, Getenv: getenv})
		if err != nil {
			return p, fault.Usage(fmt.Errorf("expand the command of trial %d: %w", i, err))
		}
		need, err := spec.Demand(point)
		if err != nil {
			return p, fault.Usage(fmt.Errorf("compute the resources of trial %d: %w", i, err))
		}
		if i == 0 {
			bundle := planBundle(spec, p.Learns, need)
			p.Bundle = &bundle
		}
		p.Points = append(p.Points, point)
		p.Commands = append(p.Commands, CommandLine(run))
		p.Demand = append(p.Demand, Demand{units(need.CPUs), units(need.Mem), units(need.Disk), units(need.GPUs)})
	}
	return p, nil
}

// CommandLine writes a command as a person would type it.
func CommandLine(run sweep.Expansion) string {
	if run.Shell != "" {
		return run.Shell
	}
	words := make([]string, len(run.Argv))
	for i, word := range run.Argv {
		words[i] = shell.Quote(word)
	}
	return strings.Join(words, " ")
}

// Infeasible is trials that could not run on the cluster as it is, however long they waited.
type Infeasible struct {
	Trials   int            `json:"trials"` // of those looked at
	Sentence string         `json:"sentence"`
	Reasons  offers.Reasons `json:"reasons"`
	Remedy   string         `json:"remedy,omitempty"`
}
