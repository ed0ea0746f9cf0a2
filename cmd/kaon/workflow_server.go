package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// flowSubmission is a workflow as a server takes it: with its path on this machine, or its folder uploaded.
func flowSubmission(ctx context.Context, out *output, to *client.Client, wf *workflow.Workflow, given map[string]any) (sub api.WorkflowSubmission, err error) {
	sub = api.WorkflowSubmission{Source: string(wf.Source), Parameters: given, File: wf.File}
	if strings.HasPrefix(to.Address(), "unix:") {
		return sub, nil
	}
	sub.Folder, err = uploadFolder(ctx, out, to, filepath.Dir(wf.File))
	sub.File = filepath.Base(wf.File)
	return sub, err
}

// submit hands the workflow in and shows it until it has ended.
func (c *workflowRunCmd) submit(ctx context.Context, out *output, to *client.Client, wf *workflow.Workflow, given map[string]any) error {
	sub, err := flowSubmission(ctx, out, to, wf, given)
	if err != nil {
		return err
	}
	sub.Labels, sub.Queue = c.Label, c.Queue
	r, err := to.SubmitWorkflow(ctx, sub, c.Key)
	if err != nil {
		return explainProblem(err)
	}
	if c.Detach {
		if c.JSON {
			return json.NewEncoder(out.stdout).Encode(r)
		}
		_, err := fmt.Fprintf(out.stdout, "%s: workflow %s; watch it with: kaon workflow watch %s --server %s\n", r.Run, r.Workflow, r.Run, c.Server)
		return err
	}
	return c.flowServer.follow(ctx, out, to, r.Run, c.Quiet, c.JSON)
}

// follow shows a run of a server until it has ended, as one that runs here.
func (f flowServer) follow(ctx context.Context, out *output, from *client.Client, id string, quiet, asJSON bool) error {
	return f.followOn(ctx, out, newFlowBoard(out, quiet, asJSON), from, id)
}

// followOn is follow on a board. A server that restarts is waited for.
func (f flowServer) followOn(ctx context.Context, out *output, b *flowBoard, from *client.Client, id string) error {
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	var talk talkLines
	for first := true; ; first = false {
		s, err := runOf(ctx, from, id, tick.C)
		if ctx.Err() != nil {
			fmt.Fprintf(out.stderr, "it goes on there; watch it with: kaon workflow watch %s --server %s\n", id, f.Server)
			return silently(exitInterrupted)
		}
		if err != nil {
			return answered(err)
		}
		if first && !b.quiet {
			b.say(fmt.Sprintf("%s: workflow %s on the server at %s", id, s.Workflow, from.Address()))
		}
		view, said := viewOf(s)
		over := view.State.Ended() || !s.Live
		b.tellLate(view)
		if !b.quiet {
			messages, err := from.WorkflowMessages(ctx, id, talk.from())
			if err != nil && ctx.Err() == nil && !mayComeBack(err, time.Now()) {
				return answered(err)
			}
			for _, line := range talk.next(messages) {
				b.say(line)
			}
			b.show(view, said, over)
		}
		if over {
			return f.result(out, b, s, view, b.json)
		}
		waitOrEnd(ctx, tick.C)
	}
}

// errAbandoned is of a run of a server that nobody works on, and that has not ended.
var errAbandoned = errors.New("the server does not work on")

// result prints how a run of a server ended.
func (f flowServer) result(out *output, b *flowBoard, s api.WorkflowStatus, view engine.View, asJSON bool) error {
	switch {
	case asJSON:
		if err := printFlow(out.stdout, flowResult{Run: s.Run, Workflow: s.Workflow, View: view, Seconds: flowSeconds(view), Live: s.Live}); err != nil {
			return err
		}
	default:
		if b.live {
			printSteps(out.stdout, view, nil)
		}
		painterFor(out.stdout).line(s.Run+" ", string(s.State.Standing(s.Live)), fmt.Sprintf(" after %.1f s", flowSeconds(view)))
		if view.Reason != "" {
			fmt.Fprintln(out.stdout, view.Reason)
		}
	}
	switch {
	case view.State == engine.Succeeded:
		return nil
	case !view.State.Ended():
		return unreachable(fmt.Errorf("%w %s any more; go on with: kaon workflow resume %s --server %s", errAbandoned, s.Run, s.Run, f.Server))
	}
	return silently(exitFailed)
}

// viewOf is a run as one that runs here.
func viewOf(s api.WorkflowStatus) (engine.View, map[string]steps.Progress) {
	v := engine.View{State: s.State, Reason: s.Reason, Began: s.Began, Ended: s.Ended, Due: s.Due, Late: s.Late, Parameters: s.Parameters, Steps: []engine.StepView{}}
	for _, one := range s.Steps {
		v.Steps = append(v.Steps, stepViewOf(one))
	}
	said := map[string]steps.Progress{}
	for _, one := range s.Said {
		said[one.Step] = steps.Progress{Percent: one.Percent, Text: one.Text}
	}
	return v, said
}

func stepViewOf(s api.WorkflowStep) engine.StepView {
	return engine.StepView{
		Key: s.Step, Type: s.Type, Depth: s.Depth, State: s.State, Reason: s.Reason, Attempts: s.Attempts, Began: s.Began, Ended: s.Ended,
		Outputs: s.Outputs, Winner: s.Winner, Artifacts: s.Artifacts, ID: s.ID, Cached: s.Cached, Counts: s.Counts, Iteration: s.Iterations,
	}
}

// remote prints how a run of a server stands.
func (c *workflowStatusCmd) remote(ctx context.Context, out *output, from *client.Client) error {
	id, err := c.ran(ctx, from, c.Run_)
	if err != nil {
		return err
	}
	s, err := from.WorkflowRun(ctx, id)
	if err != nil {
		return answered(err)
	}
	view, said := viewOf(s)
	if c.All {
		if view.Steps, err = allIterations(ctx, from, id, view.Steps); err != nil {
			return answered(err)
		}
	}
	messages, err := from.WorkflowMessages(ctx, id, 0)
	if err != nil {
		return answered(err)
	}
	if c.JSON {
		return printFlow(out.stdout, flowResult{s.Run, s.Workflow, view, flowSeconds(view), s.Live, messages})
	}
	painterFor(out.stdout).line(s.Run+" ", string(s.State.Standing(s.Live)), fmt.Sprintf(" (%s)", s.File))
	printSteps(out.stdout, view, said)
	printLate(out.stdout, view)
	if view.Reason != "" {
		fmt.Fprintln(out.stdout, view.Reason)
	}
	printOutputs(out.stdout, view)
	printValues(out.stdout, messages)
	if s.State.Standing(s.Live) == engine.Interrupted {
		fmt.Fprintf(out.stdout, "go on with: kaon workflow resume %s --server %s\n", s.Run, c.Server)
	}
	return nil
}

// allIterations puts each iteration behind the step that stands for all.
func allIterations(ctx context.Context, from *client.Client, id string, rolled []engine.StepView) (all []engine.StepView, err error) {
	for _, s := range rolled {
		all = append(all, s)
		if s.Counts == nil {
			continue
		}
		each, err := from.WorkflowIterations(ctx, id, s.Key)
		if err != nil {
			return nil, err
		}
		for _, one := range each {
			all = append(all, stepViewOf(one))
		}
	}
	return all, nil
}

// askServer asks a run of a server.
func askServer(ctx context.Context, to *client.Client, id string, q run.Request) (err error) {
	switch q.Kind {
	case run.CancelRun:
		_, err = to.CancelWorkflow(ctx, id, q.Reason)
	case run.SkipStep:
		_, err = to.SkipWorkflowStep(ctx, id, q.Step, q.Reason)
	case run.ApproveStep:
		_, err = to.ApproveWorkflowStep(ctx, id, q.Step)
	}
	return answered(err)
}

// remote shows changes of a run of a server.
func (c *workflowWatchCmd) remote(ctx context.Context, out *output, from *client.Client) error {
	id, err := c.ran(ctx, from, c.Run_)
	if err != nil {
		return err
	}
	if !c.JSON {
		b := newFlowBoard(out, false, false)
		b.lates = out.stdout
		err := c.followOn(ctx, out, b, from, id)
		if errors.Is(err, errAbandoned) { // who only watches is told what to do, as of a run without a server
			return usage(err)
		}
		return err
	}
	shown, late := map[string]engine.State{}, false
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		s, err := runOf(ctx, from, id, tick.C)
		if ctx.Err() != nil {
			return silently(exitInterrupted)
		}
		if err != nil {
			return answered(err)
		}
		view, _ := viewOf(s)
		if err := encodeLate(out.stdout, id, view, &late); err != nil {
			return err
		}
		for _, one := range view.Steps {
			if one.State == shown[one.Key] || one.State == engine.Waiting || one.Type == "" {
				continue
			}
			shown[one.Key] = one.State
			if err := json.NewEncoder(out.stdout).Encode(one); err != nil {
				return err
			}
		}
		switch {
		case view.State == engine.Succeeded:
			return nil
		case view.State.Ended():
			return silently(exitFailed)
		case !s.Live:
			return usage(fmt.Errorf("nobody works on %s; go on with: kaon workflow resume %s --server %s", id, id, c.Server))
		}
		waitOrEnd(ctx, tick.C)
	}
}

// remote lists the runs of a server.
func (c *workflowListCmd) remote(ctx context.Context, out *output, from *client.Client) error {
	if c.Registered || !c.JSON {
		shown, err := listRegistered(ctx, out, from, c.JSON)
		if err != nil || c.Registered {
			return err
		}
		if shown {
			fmt.Fprintln(out.stdout)
		}
	}
	all, err := from.WorkflowRuns(ctx, nil)
	if err != nil {
		return answered(err)
	}
	var tab table
	tab.row("RUN", "WORKFLOW", "STATE", "OWNER", "BEGAN", "SECONDS", "DUE")
	for _, r := range all {
		if c.JSON {
			if err := json.NewEncoder(out.stdout).Encode(r); err != nil {
				return err
			}
			continue
		}
		state := string(r.State.Standing(r.Live))
		tab.row(r.Run, r.Workflow, cell{text: state, state: colourOf(engine.State(state))}, r.Owner,
			time.UnixMilli(r.Created).Format(time.DateTime), fmt.Sprintf("%.1f", r.Seconds),
			dueCell(engine.View{State: r.State, Due: r.Due, Late: r.Late}))
	}
	switch {
	case c.JSON:
		return nil
	case len(all) == 0:
		fmt.Fprintln(out.stderr, "kaon: no runs of workflows")
		return nil
	}
	return tab.print(out.stdout)
}

// remote goes on with a run of a server.
func (c *workflowResumeCmd) remote(ctx context.Context, out *output, at *client.Client) error {
	if _, err := at.ResumeWorkflow(ctx, c.Run_); err != nil {
		s, unread := at.WorkflowRun(ctx, c.Run_)
		if unread != nil || !s.State.Ended() {
			return answered(err)
		}
	}
	return c.follow(ctx, out, at, c.Run_, c.Quiet, c.JSON)
}

// remote runs a run of a server again.
func (c *workflowRestartCmd) remote(ctx context.Context, out *output, at *client.Client) error {
	given := map[string]any{}
	if len(c.Parameters) > 0 {
		text, err := at.WorkflowSource(ctx, c.Run_)
		if err != nil {
			return answered(err)
		}
		wf, err := workflow.Read(c.Run_, text)
		if err != nil && wf == nil { // the server has accepted it: another kaon may know types that this one does not
			wf = &workflow.Workflow{}
		}
		if given, err = parseGiven(c.Parameters, wf); err != nil {
			return err
		}
	}
	if _, err := at.RestartWorkflow(ctx, c.Run_, api.WorkflowRestart{From: c.From, Parameters: given}); err != nil {
		return answered(err)
	}
	return c.follow(ctx, out, at, c.Run_, c.Quiet, c.JSON)
}

// Run prints what a step of a run of a server has written.
func (c *workflowLogsCmd) Run(ctx context.Context, out *output) error {
	from, err := c.at(ctx)
	if err != nil {
		return err
	}
	if from == nil {
		return usage(errors.New("logs of steps are asked of a server: give --server; of a run without one kaon logs takes the ids that kaon workflow status --json shows"))
	}
	stream := "stdout"
	if c.Stderr {
		stream = "stderr"
	}
	log, err := from.WorkflowLogs(ctx, c.Run_, c.Step, c.Attempt, stream, 0, c.Follow)
	if err != nil {
		return answered(err)
	}
	defer log.Close()
	_, err = io.Copy(out.stdout, log)
	if ctx.Err() != nil {
		return silently(exitInterrupted)
	}
	if err != nil && !errors.Is(err, os.ErrClosed) {
		return unreachable(err)
	}
	return nil
}

type workflowLogsCmd struct {
	Run_    string `arg:"" name:"run" help:"Id of the run."`
	Step    string `arg:"" help:"The step, in a for-each with its iteration, as train[3]."`
	Attempt int    `placeholder:"N" help:"The attempt; the last when left out."`
	Stderr  bool   `help:"What it wrote to standard error."`
	Follow  bool   `short:"f" help:"Go on until the attempt has ended."`
	flowServer
}

type workflowRemoveCmd struct {
	Run_ string `arg:"" name:"run" help:"Id of the run, which must have ended."`
	flowServer
}

func (c *workflowRemoveCmd) Run(ctx context.Context, out *output) error {
	from, err := c.at(ctx)
	if err != nil {
		return err
	}
	if from == nil {
		return usage(errors.New("runs of a server are removed so: give --server; of a run without one remove its folder in .state/workflows of the results"))
	}
	d, err := from.DeleteWorkflow(ctx, c.Run_)
	if err != nil {
		return answered(err)
	}
	_, err = fmt.Fprintf(out.stdout, "%s: gone, with %s of the results (%d bytes)\n", c.Run_, plural(d.Objects, "object"), d.Bytes)
	return err
}
