package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// flowFlags say where runs are looked for.
type flowFlags struct {
	Results string `default:"kaon-results" env:"KAON_RESULTS" placeholder:"PLACE" help:"Results as given to run (${default})."`
	State   string `aliases:"state-dir" placeholder:"DIR" help:"Folder of journals and sandboxes, as given to run."`
	flowServer
}

func (f flowFlags) work() *workFlags { return &workFlags{Results: f.Results, State: f.State} }

func (f flowFlags) folder() string { return f.work().state(workflowsFolder) }

// id is the run that is meant: the newest when none is named.
func (f flowFlags) id(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	all, _ := run.List(f.folder())
	for _, r := range all {
		if r.Header.Parent == "" {
			return r.Header.Run, nil
		}
	}
	return "", usage(fmt.Errorf("no run of a workflow in %s: begin one with kaon workflow run FILE", f.folder()))
}

func (f flowFlags) read(given string, all bool) (*run.Record, error) {
	id, err := f.id(given)
	if err != nil {
		return nil, err
	}
	r, err := run.Read(f.folder(), id, all)
	if err != nil {
		return nil, f.work().explainRun(id, err)
	}
	return r, nil
}

type workflowStatusCmd struct {
	Run_ string `arg:"" optional:"" name:"run" help:"Id of the run; the newest when left out."`
	All  bool   `help:"With every iteration of a for-each."`
	JSON bool   `help:"Print JSON."`
	flowFlags
}

func (c *workflowStatusCmd) Run(ctx context.Context, out *output) error {
	if from, err := c.at(ctx); from != nil || err != nil {
		if err != nil {
			return err
		}
		return c.remote(ctx, out, from)
	}
	r, err := c.read(c.Run_, c.All)
	if err != nil {
		return err
	}
	messages := api.MessagesOf(run.Talk(c.folder(), r.Header.Run, ""))
	if c.JSON {
		return printFlow(out.stdout, flowResult{r.Header.Run, r.Header.Name, r.View, flowSeconds(r.View), r.Live, messages})
	}
	state := r.View.State.Standing(r.Live)
	painterFor(out.stdout).line(r.Header.Run+" ", string(state), fmt.Sprintf(" (%s)", r.Header.File))
	printSteps(out.stdout, r.View, lastSaid(messages))
	printLate(out.stdout, r.View)
	if r.View.Reason != "" {
		fmt.Fprintln(out.stdout, r.View.Reason)
	}
	printOutputs(out.stdout, r.View)
	printValues(out.stdout, messages)
	if state == engine.Interrupted {
		fmt.Fprintf(out.stdout, "go on with: %s\n", goOn("workflow resume", r.Header.Run, c.Results, c.State, ""))
	}
	return nil
}

type workflowWatchCmd struct {
	Run_ string `arg:"" optional:"" name:"run" help:"Id of the run; the newest when left out."`
	JSON bool   `help:"Print a JSON object for each change."`
	flowFlags
}

// watchEvery is how often the log of a run of another process is read.
const watchEvery = 500 * time.Millisecond

func (c *workflowWatchCmd) Run(ctx context.Context, out *output) error {
	if from, err := c.at(ctx); from != nil || err != nil {
		if err != nil {
			return err
		}
		return c.remote(ctx, out, from)
	}
	id, err := c.id(c.Run_)
	if err != nil {
		return err
	}
	shown, talk, late := map[string]engine.State{}, talkLines{}, false
	for {
		r, err := c.read(id, false)
		if err != nil {
			return err
		}
		for _, s := range r.View.Steps {
			if s.State == shown[s.Key] || s.State == engine.Waiting || s.Type == "" {
				continue
			}
			shown[s.Key] = s.State
			if c.JSON {
				if err := json.NewEncoder(out.stdout).Encode(s); err != nil {
					return err
				}
				continue
			}
			fmt.Fprintln(out.stdout, stepLine(s, steps.Progress{}))
		}
		switch {
		case c.JSON:
			if err := encodeLate(out.stdout, id, r.View, &late); err != nil {
				return err
			}
		case r.View.Late > 0 && !late:
			late = true
			fmt.Fprintln(out.stdout, lateLine(r.View))
		}
		for _, line := range talk.next(api.MessagesOf(run.Talk(c.folder(), id, ""))) {
			if !c.JSON {
				fmt.Fprintln(out.stdout, line)
			}
		}
		if r.View.State.Ended() {
			if !c.JSON {
				painterFor(out.stdout).line(id+" ", string(r.View.State), fmt.Sprintf(" after %.1f s", flowSeconds(r.View)))
			}
			if r.View.State != engine.Succeeded {
				return silently(exitFailed)
			}
			return nil
		}
		if !r.Live {
			return usage(fmt.Errorf("no process works on %s; go on with: %s", id, goOn("workflow resume", id, c.Results, c.State, "")))
		}
		timer := time.NewTimer(watchEvery)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return silently(exitInterrupted)
		}
	}
}

type workflowListCmd struct {
	Registered bool `help:"The registered workflows of a server alone, not the runs."`
	JSON       bool `help:"Print one JSON object a line: of runs, or of registered workflows."`
	flowFlags
}

func (c *workflowListCmd) Run(ctx context.Context, out *output) error {
	find := c.at
	if c.Registered {
		find = c.registered
	}
	if from, err := find(ctx); from != nil || err != nil {
		if err != nil {
			return err
		}
		return c.remote(ctx, out, from)
	}
	all, unread := run.List(c.folder())
	for _, err := range unread {
		fmt.Fprintf(out.stderr, "kaon: warning: %v\n", err)
	}
	var tab table
	tab.row("RUN", "WORKFLOW", "STATE", "BEGAN", "SECONDS", "DUE")
	shown := 0
	for _, r := range all {
		if r.Header.Parent != "" { // a step of another
			continue
		}
		if c.JSON {
			r.View.Steps = nil
			if err := printFlow(out.stdout, flowResult{r.Header.Run, r.Header.Name, r.View, flowSeconds(r.View), r.Live, nil}); err != nil {
				return err
			}
			continue
		}
		state := r.View.State.Standing(r.Live)
		shown++
		tab.row(r.Header.Run, r.Header.Name, cell{text: string(state), state: colourOf(state)},
			time.UnixMilli(r.Header.Created).Format(time.DateTime), fmt.Sprintf("%.1f", flowSeconds(r.View)), dueCell(r.View))
	}
	if c.JSON {
		return nil
	}
	if shown == 0 {
		fmt.Fprintln(out.stderr, "kaon: no runs of workflows")
		return nil
	}
	return tab.print(out.stdout)
}

type workflowCancelCmd struct {
	Run_   string `arg:"" name:"run" help:"Id of the run."`
	Reason string `placeholder:"TEXT" help:"Why."`
	flowFlags
}

func (c *workflowCancelCmd) Run(ctx context.Context, out *output) error {
	return c.ask(ctx, out, c.Run_, run.Request{Kind: run.CancelRun, Reason: c.Reason})
}

type workflowApproveCmd struct {
	Run_ string `arg:"" name:"run" help:"Id of the run."`
	Step string `arg:"" help:"The step, in a for-each with its iteration, as check[3]."`
	flowFlags
}

func (c *workflowApproveCmd) Run(ctx context.Context, out *output) error {
	return c.ask(ctx, out, c.Run_, run.Request{Kind: run.ApproveStep, Step: c.Step})
}

type workflowSkipCmd struct {
	Run_ string `arg:"" name:"run" help:"Id of the run."`
	Step string `arg:"" help:"The step, in a for-each with its iteration, as check[3]."`
	flowFlags
}

func (c *workflowSkipCmd) Run(ctx context.Context, out *output) error {
	return c.ask(ctx, out, c.Run_, run.Request{Kind: run.SkipStep, Step: c.Step})
}

// requestPatience is how long a command waits for a run to take its request.
const requestPatience = 3 * time.Second

// ask leaves a request, and waits until the run has taken it, if a process works on it.
func (f flowFlags) ask(ctx context.Context, out *output, id string, q run.Request) error {
	if to, err := f.at(ctx); to != nil || err != nil {
		if err == nil {
			err = askServer(ctx, to, id, q)
		}
		return err
	}
	r, err := f.read(id, false)
	if err != nil {
		return err
	}
	if r.View.State.Ended() {
		return usage(fmt.Errorf("run %s has ended: %s", id, r.View.State))
	}
	if q.Step != "" && !r.Has(q.Step) {
		return usage(fmt.Errorf("run %s has no step %s: kaon workflow status %s --all shows them", id, q.Step, id))
	}
	q.Who = askedBy()
	file, err := run.Ask(f.folder(), id, q)
	if err != nil {
		return unreachable(err)
	}
	if !r.Live {
		fmt.Fprintf(out.stderr, "no process works on %s; it takes this when it goes on, with: %s\n", id, goOn("workflow resume", id, f.Results, f.State, ""))
		return nil
	}
	for until := time.Now().Add(requestPatience); time.Now().Before(until); {
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			return nil
		}
		timer := time.NewTimer(50 * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return silently(exitInterrupted)
		}
	}
	if q.Kind == run.ApproveStep {
		fmt.Fprintf(out.stderr, "left for %s, which takes it when the step waits for it and %s may approve it\n", id, q.Who)
	}
	return nil
}

// askedBy is who asks.
func askedBy() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return fmt.Sprint(os.Getuid())
}

type workflowTypesCmd struct {
	Program []string `arg:"" optional:"" help:"A program of your own: asks it for the keys of its type."`
	JSON    bool     `help:"Print JSON."`
}

func (c *workflowTypesCmd) Run(ctx context.Context, out *output) error {
	var all []steps.Description
	if len(c.Program) > 0 {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		d, err := steps.Describe(ctx, ".", c.Program)
		if err != nil {
			return usage(err)
		}
		all = append(all, d)
	} else {
		for _, t := range steps.Types() {
			all = append(all, t.About())
		}
	}
	if c.JSON {
		enc := json.NewEncoder(out.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	}
	for i, d := range all {
		if i > 0 {
			fmt.Fprintln(out.stdout)
		}
		fmt.Fprintf(out.stdout, "%s: %s\n", d.Name, d.Text)
		var tab table
		for _, k := range d.Keys {
			needed := ""
			if k.Needed {
				needed = "needed"
			}
			tab.row("  "+k.Name, k.Kind, needed, k.Text)
		}
		if err := tab.print(out.stdout); err != nil {
			return err
		}
	}
	return nil
}
