package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

// specArgs name a spec.
type specArgs struct {
	Spec string   `json:"spec,omitempty" jsonschema:"text of the spec, YAML; or give file or like"`
	File string   `json:"file,omitempty" jsonschema:"path of a spec on this machine, which may name files beside itself"`
	Like string   `json:"like,omitempty" jsonschema:"a sweep whose spec is taken, by its id, label or @latest"`
	Set  []string `json:"set,omitempty" jsonschema:"overrides of keys by their path, each KEY=VALUE, as in parameters.lr.max=0.1 or run_cap=50"`
}

// submission is the spec as the server takes it.
func (t *tools) submission(ctx context.Context, to *client.Client, in specArgs) (sub api.Submission, err error) {
	given := 0
	for _, text := range []string{in.Spec, in.File, in.Like} {
		if text != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return sub, errors.New("give one of spec (its text), file (its path) or like (a sweep that there is)")
	case in.Like != "":
		sub.Like, err = to.Resolve(ctx, in.Like)
	case in.File != "" && t.Read == nil:
		return sub, errors.New("file: this server reads no files for agents: give the text of the spec as spec")
	case in.File != "":
		return t.Read(ctx, to, in.File, in.Set)
	}
	sub.Spec, sub.Set = in.Spec, in.Set
	return sub, err
}

func (t *tools) addSpecs(s *sdk.Server) {
	add(s, t, "validate", "Check a spec", "Checks a spec without running anything. Mistakes come with line, column "+
		"and what helps.", reads,
		func(ctx context.Context, to *client.Client, in specArgs) (any, error) {
			sub, err := t.submission(ctx, to, in)
			if err != nil {
				return nil, err
			}
			v, err := to.Validate(ctx, sub)
			if err != nil {
				return nil, err
			}
			return valid{true, v.Name, v.Method, v.Trials, v.Metric, warnings(v.Warnings), refused(v.Refusals)}, nil
		})
	type planArgs struct {
		specArgs
		Points int `json:"points,omitempty" jsonschema:"how many of the first trials are shown, 3 when absent, at most 20"`
	}
	add(s, t, "plan", "Plan a sweep", "Says what a spec would do, without doing it: how many trials, which method "+
		"and why, what each asks for, what it may take at "+
		"most, which trials fit no machine.", reads,
		func(ctx context.Context, to *client.Client, in planArgs) (any, error) {
			sub, err := t.submission(ctx, to, in.specArgs)
			if err != nil {
				return nil, err
			}
			p, err := to.Plan(ctx, sub, atMost(in.Points, 3, 20), 0)
			if err != nil {
				return nil, err
			}
			return planned(p), nil
		})
}

type valid struct {
	Valid    bool     `json:"valid"`
	Name     string   `json:"name,omitempty"`
	Method   string   `json:"method"`
	Trials   int      `json:"trials"`
	Metric   string   `json:"metric,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	Refusals []string `json:"would_never_start,omitempty"`
}

// plan is a plan for an agent.
type plan struct {
	valid
	Why    string     `json:"method_chosen,omitempty"`
	Capped bool       `json:"capped,omitempty"`
	Grid   string     `json:"grid_size,omitempty"`
	Most   any        `json:"at_most"`
	When   string     `json:"when,omitempty"`
	Early  []string   `json:"early_terminate,omitempty"`
	First  []planItem `json:"first_trials"`
	Left   string     `json:"left_out,omitempty"`
}

type planItem struct {
	Params  json.RawMessage `json:"params"`
	Command string          `json:"command"`
	Needs   string          `json:"needs"`
}

// longest is how much an answer shows of one text of a user's.
const longest = 400

func planned(p api.Plan) plan {
	out := plan{
		valid: valid{true, p.Name, p.Method, p.Trials, p.Objective.Name, warnings(p.Warnings), refused(p.Refusals)},
		Why:   p.Chosen, Capped: p.Capped, Grid: short(p.GridSize, 40), Most: p.Most, First: []planItem{},
	}
	if p.When != nil {
		out.When = p.When.Sentence
	}
	for _, e := range p.Early {
		out.Early = append(out.Early, short(e.Sentence, longest))
	}
	for i, point := range p.Points {
		raw, err := json.Marshal(point)
		if err != nil {
			continue
		}
		out.First = append(out.First, planItem{shortJSON(raw, longest), short(p.Commands[i], longest),
			p.Demand[i].String()})
	}
	if more := p.Trials - len(p.Points); more > 0 {
		out.Left = fmt.Sprintf("%d trials; points shows more of the first", more)
	}
	return out
}

// mostMentioned is how many warnings and their like an answer has.
const mostMentioned = 5

func warnings[E error](list []E) (out []string) {
	for i, e := range list {
		if i == mostMentioned {
			return append(out, fmt.Sprintf("… and %d more", len(list)-i))
		}
		out = append(out, short(e.Error(), longest))
	}
	return out
}

func refused(list []api.Infeasible) (out []string) {
	for _, r := range list[:min(len(list), mostMentioned)] {
		out = append(out, short(r.Sentence+"; "+r.Remedy, longest))
	}
	return slices.Clip(out)
}
