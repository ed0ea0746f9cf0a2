package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
	"github.com/kaon-sweep/kaon/server/registry"
	"github.com/kaon-sweep/kaon/workflow"
)

// isRegisteredName says whether what is to run is no file, and may be the name of a registered workflow.
func isRegisteredName(text string) bool {
	name, _, _ := strings.Cut(text, "@")
	if registry.CheckName(name) != nil {
		return false
	}
	_, err := os.Lstat(text)
	return errors.Is(err, os.ErrNotExist)
}

// namedRun asks for a run of a registered workflow.
type namedRun struct {
	named      string // NAME, NAME@VERSION or NAME@latest
	key        string
	parameters []string
	asked      api.RegisteredRun
}

func (n namedRun) begin(ctx context.Context, to *client.Client) (name string, s api.RunStanding, err error) {
	name, version, latest, err := versionAt(n.named)
	if err != nil {
		return name, s, err
	}
	if latest {
		r, err := to.RegisteredWorkflow(ctx, name)
		if err != nil {
			return name, s, answered(err)
		}
		version = r.Latest
	}
	text, err := to.VersionSource(ctx, name, version)
	if err != nil {
		var problem *client.Error
		if errors.As(err, &problem) && problem.Status == http.StatusNotFound && name == n.named {
			err = usage(fmt.Errorf("%s is no file, and %w", name, err))
		}
		return name, s, answered(err)
	}
	wf, err := workflow.Read(name, text)
	if err != nil { // another kaon may know keys that this one does not: the server checks
		wf = &workflow.Workflow{}
	}
	given, err := parseGiven(n.parameters, wf)
	if err != nil {
		return name, s, err
	}
	n.asked.Version, n.asked.Parameters = version, given
	s, err = to.RunRegistered(ctx, name, n.asked, n.key)
	return name, s, explainProblem(err)
}

// named runs a registered workflow, and shows it until it has ended.
func (c *workflowRunCmd) named(ctx context.Context, out *output, runs serverRuns) error {
	asked := namedRun{named: c.File, key: c.Key, parameters: c.Parameters,
		asked: api.RegisteredRun{Labels: c.Label, Queue: c.Queue}}
	name, s, err := asked.begin(ctx, runs.Client)
	switch {
	case err != nil:
		return err
	case c.Detach && c.JSON:
		return json.NewEncoder(out.stdout).Encode(s)
	case c.Detach && s.Place > 0:
		_, err = fmt.Fprintf(out.stdout, "%s: %s@%d waits at place %d of its queue\n", s.Run, name, s.Version, s.Place)
		return err
	case c.Detach:
		_, err = fmt.Fprintf(out.stdout, "%s: %s@%d; watch it with: %s\n", s.Run, name, s.Version,
			runs.Command("workflow watch", s.Run))
		return err
	case s.Place > 0:
		if err := awaitTurn(ctx, out.stderr, runs, name, s); err != nil {
			return err
		}
	}
	return newFlowBoard(out, c.Quiet, c.JSON).follow(ctx, runs, s.Run)
}

// turnEvery is how often the queue of a workflow is looked at.
const turnEvery = 500 * time.Millisecond

// awaitTurn waits until a run is no longer in the queue of its workflow. A server that restarts is waited for.
func awaitTurn(ctx context.Context, told io.Writer, runs serverRuns, name string, s api.RunStanding) error {
	fmt.Fprintf(told, "%s: %s@%d waits at place %d of its queue\n", s.Run, name, s.Version, s.Place)
	tick := time.NewTicker(turnEvery)
	defer tick.Stop()
	for ; ; waitOrEnd(ctx, tick.C) {
		r, err := untilBack(ctx, tick.C, func() (api.Registered, error) { return runs.RegisteredWorkflow(ctx, name) })
		if ctx.Err() != nil {
			fmt.Fprintf(told, "it waits there; watch it with: %s\n", runs.Command("workflow watch", s.Run))
			return silently(exitInterrupted)
		}
		if err != nil {
			return answered(err)
		}
		waits := false
		for _, q := range r.Queue {
			waits = waits || q.Run == s.Run
		}
		if !waits {
			return begun(ctx, runs.Client, r, s.Run, tick.C)
		}
	}
}

// begun says why a run that waits no longer did not begin, if it did not.
func begun(ctx context.Context, from *client.Client, r api.Registered, id string, tick <-chan time.Time) error {
	_, err := runOf(ctx, from, id, tick)
	var answer *client.Error
	if !errors.As(err, &answer) || answer.Status != http.StatusNotFound {
		return answered(err)
	}
	for _, n := range r.Notes {
		if strings.HasPrefix(n.Text, id+" ") {
			return usage(errors.New(n.Text))
		}
	}
	return usage(fmt.Errorf("%s did not begin", id))
}
