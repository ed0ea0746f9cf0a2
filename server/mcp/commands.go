package mcp

import (
	"context"
	"errors"
	"fmt"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

// done is the answer of what changes a sweep.
type done struct {
	Done string `json:"done"`
	status
	Note string `json:"note,omitempty"`
}

func (t *tools) addCommands(s *sdk.Server) {
	add(s, t, "submit", "Submit a sweep", "Runs a sweep on the server, within a budget: it is planned first, "+
		"and not submitted when it may take more.", adds, t.submit)
	add(s, t, "extend", "Extend a sweep", "Goes on with a sweep that runs or has ended: more trials, other limits, "+
		"other ranges, by set, within a budget.", adds, t.extend)
	add(s, t, "pause", "Pause a sweep", "Lets running trials finish and starts no more until resume.", adds,
		steer("pause", (*client.Control).Pause))
	add(s, t, "resume", "Resume a sweep", "Ends a pause.", adds, steer("resume", (*client.Control).Resume))
	if !t.AllowWrite {
		return
	}
	type stopArgs struct {
		Sweep  string `json:"sweep" jsonschema:"id of the sweep, the beginning of one, or a label"`
		Trial  *int   `json:"trial,omitempty" jsonschema:"only this trial; absent: the whole sweep"`
		Reason string `json:"reason,omitempty" jsonschema:"why, for the record"`
	}
	add(s, t, "stop", "Stop a sweep or a trial",
		"Ends a sweep, or one trial of it, for good; running trials get their grace. It cannot be undone.", destroys,
		func(ctx context.Context, to *client.Client, in stopArgs) (any, error) {
			if in.Sweep == "" || in.Sweep == "@latest" {
				return nil, errors.New("sweep: name the one that is to end")
			}
			id, err := to.Resolve(ctx, in.Sweep)
			if err != nil {
				return nil, err
			}
			if in.Trial != nil {
				err = to.Control().StopTrial(ctx, id, *in.Trial, in.Reason)
			} else {
				err = to.Control().Stop(ctx, id, in.Reason)
			}
			return after(ctx, to, "stop", id, err)
		})
}

// after is how a sweep stands when something was done to it.
func after(ctx context.Context, to *client.Client, what, id string, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	s, err := to.Sweep(ctx, id)
	return done{Done: what, status: statusOf(s)}, err
}

func steer(
	what string, do func(*client.Control, context.Context, string) error,
) func(context.Context, *client.Client, sweepArgs) (any, error) {
	return func(ctx context.Context, to *client.Client, in sweepArgs) (any, error) {
		id, err := to.Resolve(ctx, in.Sweep)
		if err != nil {
			return nil, err
		}
		return after(ctx, to, what, id, do(to.Control(), ctx, id))
	}
}

type submitArgs struct {
	specArgs
	Labels []string `json:"labels,omitempty" jsonschema:"words by which the sweep is found again"`
	Key    string   `json:"key,omitempty" jsonschema:"a second submission with the same key is the first: give one to be able to try again"`
	Budget *Budget  `json:"budget,omitempty" jsonschema:"what it may take at most; the user's bounds when absent"`
}

func (t *tools) submit(ctx context.Context, to *client.Client, in submitArgs) (any, error) {
	sub, err := t.submission(ctx, to, in.specArgs)
	if err != nil {
		return nil, err
	}
	sub, note, err := t.afford(ctx, to, sub, in.Budget)
	if err != nil {
		return nil, err
	}
	if in.Labels != nil {
		sub.Labels = in.Labels
	}
	end, err := t.submitted.begin(sub, in.Key, t.Sweeps)
	if err != nil {
		return nil, err
	}
	s, err := to.Submit(ctx, sub, in.Key)
	end(s.ID)
	if err != nil {
		return nil, err
	}
	return done{"submit", statusOf(s), note}, nil
}

// afford is a submission that stays within a budget, with what was changed for that.
func (t *tools) afford(
	ctx context.Context, to *client.Client, sub api.Submission, asked *Budget,
) (_ api.Submission, note string, err error) {
	var b Budget
	if asked != nil {
		b = *asked
	}
	if b, err = b.within(t.Budget); err != nil {
		return sub, "", err
	}
	p, err := to.Plan(ctx, sub, 0, 0)
	if err != nil {
		return sub, "", err
	}
	if wall := b.wall(p); wall != "" {
		sub.Set = append(sub.Set[:len(sub.Set):len(sub.Set)], wall)
		note = "set for the budget: " + wall
		if p, err = to.Plan(ctx, sub, 0, 0); err != nil {
			return sub, "", err
		}
	}
	return sub, note, b.holds(p)
}

type extendArgs struct {
	Sweep  string   `json:"sweep" jsonschema:"id of the sweep, the beginning of one, or a label"`
	Set    []string `json:"set" jsonschema:"what changes of its spec, each KEY=VALUE, as in run_cap=80 or parameters.lr.max=0.1"`
	Budget *Budget  `json:"budget,omitempty" jsonschema:"what it may take at most in all, with what has run; the user's bounds when absent"`
}

func (t *tools) extend(ctx context.Context, to *client.Client, in extendArgs) (any, error) {
	if in.Sweep == "" {
		return nil, errors.New("sweep: name the one that is to go on")
	}
	id, err := to.Resolve(ctx, in.Sweep)
	if err != nil {
		return nil, err
	}
	sub, note, err := t.afford(ctx, to, api.Submission{Like: id, Set: in.Set}, in.Budget)
	if err != nil {
		return nil, err
	}
	extended, err := to.Control().Extend(ctx, id, sub.Set)
	if err != nil {
		return nil, err
	}
	s, err := to.Sweep(ctx, id)
	if note != "" {
		note += "; "
	}
	return done{"extend", statusOf(s), note + fmt.Sprintf("%d trials in all; what is new goes for trials from %d on",
		extended.Trials, extended.From)}, err
}
