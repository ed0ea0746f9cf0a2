package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// flowRuns are runs of workflows: those of a folder of this machine, or those of a server. Both say how runs stand as
// the HTTP API does, with errors for people. A run may be worked on by any process.
type flowRuns interface {
	// List are the runs that are no steps of others, the newest first, and why others cannot be read.
	List(ctx context.Context) (list []api.WorkflowRun, unread []error, err error)
	// Status is how a run stands; all: with every iteration of a for-each behind the step that stands for all of them.
	Status(ctx context.Context, id string, all bool) (api.WorkflowStatus, error)
	// Messages are what was said in a run from a time on, in milliseconds since 1970, the oldest first.
	Messages(ctx context.Context, id string, from int64) ([]api.StepMessage, error)
	// Ask asks something of a run that has not ended, and waits a moment for what becomes of it.
	Ask(ctx context.Context, id string, q run.Request) (requestState, error)
	// Place is where the runs are, for people: in a folder, or on a server.
	Place() string
	// Command is what a person types about a run: the words of a command, as workflow resume, with the id and where the
	// run is.
	Command(words, id string) string
}

// requestState is what became of a request.
type requestState struct {
	Idle bool // nobody works on the run, which takes it when it goes on
	Left bool // the run has not taken it yet
}

// flowFlags say where runs are looked for.
type flowFlags struct {
	Results string `default:"kaon-results" env:"KAON_RESULTS" placeholder:"PLACE" help:"Results as given to run (${default})."`
	State   string `aliases:"state-dir" placeholder:"DIR" help:"Folder of journals and sandboxes, as given to run."`
	flowServer
}

// runs are those of the flags' server, or of their folder when they name none.
func (f flowFlags) runs(ctx context.Context) (flowRuns, error) {
	to, err := f.at(ctx)
	switch {
	case err != nil:
		return nil, err
	case to != nil:
		return serverRuns{to, f.Server}, nil
	}
	return localRuns{&workFlags{Results: f.Results, State: f.State}}, nil
}

// runsWith are the flags' runs with the one that is meant: the newest when none is named.
func (f flowFlags) runsWith(ctx context.Context, given string) (runs flowRuns, id string, err error) {
	runs, err = f.runs(ctx)
	if err != nil || given != "" {
		return runs, given, err
	}
	list, _, err := runs.List(ctx)
	switch {
	case err != nil:
		return nil, "", err
	case len(list) == 0:
		return nil, "", usage(fmt.Errorf("no run of a workflow %s: begin one with: %s", runs.Place(),
			runs.Command("workflow run", "FILE")))
	}
	return runs, list[0].Run, nil
}

// flowResult is what `kaon workflow run --json` prints, and `status --json`: a contract for scripts.
type flowResult struct {
	api.WorkflowStatus
	Messages []api.StepMessage `json:"messages,omitempty"` // what was said, of status
}

func (r flowResult) print(w io.Writer) error { return json.NewEncoder(w).Encode(r) }

// everyIteration puts each iteration, as of names it by step, behind the step that stands for all of them.
func everyIteration(s *api.WorkflowStatus, of func(step string) ([]api.WorkflowStep, error)) error {
	said := map[string]api.StepSaid{}
	for _, one := range s.Said {
		said[one.Step] = one
	}
	var all []api.WorkflowStep
	for _, step := range s.Steps {
		all = append(all, step)
		if step.Counts == nil {
			continue
		}
		each, err := of(step.Step)
		if err != nil {
			return err
		}
		for _, one := range each {
			one.Percent, one.Said = said[one.Step].Percent, said[one.Step].Text
			all = append(all, one)
		}
	}
	s.Steps = all
	return nil
}

// errAbandoned is of a run that nobody works on, and that has not ended.
var errAbandoned = errors.New("nobody works on it")

func abandoned(runs flowRuns, id string) error {
	return unreachable(fmt.Errorf("run %s has not ended, and %w; go on with: %s", id, errAbandoned,
		runs.Command("workflow resume", id)))
}

// lookRest is how many times as long as a look at a run took is waited behind it at least: who looks at a long log does
// little else.
const lookRest = 4

// eachLook calls show with how a run of another process stands, again and again until it answers true. A server that is
// started again is waited for. It answers with the error of a signal when ctx ends.
func eachLook(
	ctx context.Context, runs flowRuns, id string, show func(api.WorkflowStatus) (over bool, err error),
) error {
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	for {
		began := time.Now()
		s, err := untilBack(ctx, tick.C, func() (api.WorkflowStatus, error) { return runs.Status(ctx, id, false) })
		if ctx.Err() != nil {
			return silently(exitInterrupted)
		}
		if err != nil {
			return err
		}
		if over, err := show(s); over || err != nil {
			return err
		}
		tick.Reset(max(drawEvery, lookRest*time.Since(began)))
		waitOrEnd(ctx, tick.C)
	}
}
