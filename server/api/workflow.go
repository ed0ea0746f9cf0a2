package api

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/server/workflows"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/draw"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// Values are values by name; whole numbers stay whole.
type Values map[string]any

// UnmarshalJSON implements json.Unmarshaler.
func (v *Values) UnmarshalJSON(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var m map[string]any
	if err := dec.Decode(&m); err != nil {
		return err
	}
	*v, _ = steps.Numbers(any(m)).(map[string]any)
	return nil
}

// WorkflowSubmission asks for a run of a workflow.
type WorkflowSubmission struct {
	Source     string   `json:"source" minLength:"1" maxLength:"1048576" doc:"Text of the workflow file."`
	File       string   `json:"file,omitempty" maxLength:"4000" doc:"Where it lies: an absolute path of the server's machine, for callers on it; else its path in the uploaded folder."`
	Folder     string   `json:"folder,omitempty" maxLength:"100" doc:"An uploaded folder with what the workflow names: its id."`
	Parameters Values   `json:"parameters,omitempty" maxProperties:"1000" doc:"By name; those left out have their defaults."`
	Labels     []string `json:"labels,omitempty" maxItems:"64" doc:"Words by which the run is found again."`
	Queue      string   `json:"queue,omitempty" maxLength:"100" doc:"Of its steps, where they name none."`
}

// WorkflowRun is one run of a workflow, as kaon workflow list --json prints it.
type WorkflowRun struct {
	Run        string               `json:"run" doc:"Its id, which no other has."`
	Workflow   string               `json:"workflow" doc:"Name of the workflow."`
	State      engine.State         `json:"state" enum:"waiting,running,succeeded,failed,skipped,canceled"`
	Live       bool                 `json:"live" doc:"A process works on it; one that has neither ended nor is live was interrupted."`
	Reason     string               `json:"reason,omitempty" doc:"Why it ended so."`
	Owner      string               `json:"owner,omitempty" doc:"Who submitted it."`
	Labels     []string             `json:"labels"`
	Queue      string               `json:"queue,omitempty" doc:"Of its steps, where they name none."`
	File       string               `json:"file,omitempty" doc:"Of the workflow, where it was submitted."`
	Created    int64                `json:"created" doc:"Milliseconds since 1970, as all times of workflows."`
	Began      int64                `json:"began,omitempty"`
	Ended      int64                `json:"ended,omitempty"`
	Due        int64                `json:"due,omitempty" doc:"When it is to be done, by its workflow's sla."`
	Late       int64                `json:"late,omitempty" doc:"When it was noted that it was not done by then; absent: it was not."`
	Seconds    float64              `json:"seconds" doc:"From its beginning to its end, or to now."`
	Parameters Values               `json:"parameters,omitempty"`
	Counts     map[engine.State]int `json:"counts" doc:"Steps by state; one in a for-each counts once."`
	Parent     string               `json:"parent,omitempty" doc:"The run that it is a step of."`
	Registered string               `json:"registered,omitempty" doc:"The registered workflow that it is a run of."`
	Version    int                  `json:"version,omitempty" doc:"Of the registered workflow: its version."`
	Trigger    *RunTrigger          `json:"trigger,omitempty" doc:"Of the registered workflow: what began the run."`
}

// WorkflowStatus is how a run stands, with its steps, as kaon workflow status --json prints it.
type WorkflowStatus struct {
	WorkflowRun
	Description string         `json:"description,omitempty"`
	Tags        []string       `json:"tags"`
	Critical    []string       `json:"critical" doc:"The steps that the run's length comes from, in their order."`
	Steps       []WorkflowStep `json:"steps" doc:"In the order of the graph; those in a for-each stand for all iterations."`
	Said        []StepSaid     `json:"said" doc:"What attempts that run said last."`
}

// WorkflowStep is how a step stands, or all of its iterations together.
type WorkflowStep struct {
	Step       string               `json:"step" doc:"Its name, in a for-each that of one iteration as train[3]."`
	Type       string               `json:"type,omitempty" doc:"Of the step; for-each or loop; absent: it does nothing."`
	Depth      int                  `json:"depth,omitempty" doc:"For-eaches and loops around it."`
	State      engine.State         `json:"state" enum:"waiting,running,succeeded,failed,skipped,canceled"`
	Reason     string               `json:"reason,omitempty"`
	Attempts   int                  `json:"attempts,omitempty"`
	Began      int64                `json:"began,omitempty"`
	Ended      int64                `json:"ended,omitempty"`
	Outputs    Values               `json:"outputs,omitempty"`
	Winner     Values               `json:"winner,omitempty" doc:"Of a sweep."`
	Artifacts  Values               `json:"artifacts,omitempty" doc:"Where files lie in the results, by name."`
	ID         string               `json:"id,omitempty" doc:"Of the last attempt that ended: the sweep that it was, where it ran on the cluster."`
	Cached     bool                 `json:"cached,omitempty" doc:"An earlier attempt's outputs stand for it."`
	Counts     map[engine.State]int `json:"counts,omitempty" doc:"Of iterations, by state; absent: it is not within a for-each."`
	Iterations int                  `json:"iterations,omitempty" doc:"Of a for-each: how many there are; of a loop: rounds."`
	Share      *float64             `json:"critical_share,omitempty" doc:"On the critical path: its part of the run's time, from 0 to 1."`
	Percent    *float64             `json:"percent,omitempty" doc:"How far it is."`
	Said       string               `json:"said,omitempty" doc:"What it said last."`
}

// StepSaid is what an attempt said last.
type StepSaid struct {
	Step    string   `json:"step" doc:"With its iteration."`
	Percent *float64 `json:"percent,omitempty"`
	Text    string   `json:"text,omitempty"`
}

// StepDetail is all that is known of one step.
type StepDetail struct {
	WorkflowStep
	Description string        `json:"description,omitempty"`
	Sweep       bool          `json:"sweep" doc:"Its attempts are sweeps of many trials, by their ids; else those on the cluster are sweeps of one."`
	Inputs      Values        `json:"inputs" doc:"What it was given; of one that has not begun as they are written."`
	Tried       []StepAttempt `json:"tried" doc:"Its attempts, in their order; none of a step of a for-each without its iteration."`
	Messages    []StepMessage `json:"messages" doc:"What it said, and what was said to it; the last 1,000 of the run are kept."`
	Approval    string        `json:"approval,omitempty" enum:"held,asked" doc:"It holds at a breakpoint, or asks for an approval."`
}

// StepAttempt is one attempt of a step.
type StepAttempt struct {
	Attempt int          `json:"attempt"`
	ID      string       `json:"id" doc:"The sweep that it was, where it ran on the cluster."`
	State   engine.State `json:"state" enum:"waiting,running,succeeded,failed,skipped,canceled"`
	Reason  string       `json:"reason,omitempty"`
	Fault   engine.Fault `json:"fault,omitempty" doc:"Whose a failure was: user, platform, timeout or input."`
	Began   int64        `json:"began"`
	Ended   int64        `json:"ended,omitempty"`
	Cached  bool         `json:"cached,omitempty"`
}

// WorkflowGraph is what a run is of: its graph, what follows in any case, and where a page draws all of it.
type WorkflowGraph struct {
	Name    string       `json:"name"`
	Graph   *draw.Graph  `json:"graph"`
	Finally *draw.Graph  `json:"finally,omitempty"`
	Picture draw.Picture `json:"picture"`
}

// RunOf is a run as the API says it.
func RunOf(i workflows.Info) WorkflowRun {
	h, v := i.Header, i.View
	return WorkflowRun{
		Run: h.Run, Workflow: h.Name, State: v.State, Live: i.Live, Reason: v.Reason, Owner: h.Owner,
		Labels: append([]string{}, h.Labels...),
		Queue:  h.Queue, File: h.File, Created: h.Created, Began: v.Began, Ended: v.Ended, Due: v.Due, Late: v.Late,
		Seconds: v.Seconds(time.Now().UnixMilli()), Parameters: v.Parameters, Counts: i.Counts, Parent: h.Parent,
		Registered: h.Registered, Version: h.Revision, Trigger: triggerOf(h.Trigger),
	}
}

// mostStepsSaid is of how many steps a run's status has what their attempts said.
const mostStepsSaid = 1000

// StatusOf is how a run of a workflow stands as the API says it; critical are the steps that its length comes from.
func StatusOf(i workflows.Info, wf *workflow.Workflow, critical []engine.Stretch) WorkflowStatus {
	out := WorkflowStatus{
		WorkflowRun: RunOf(i), Description: wf.Description, Tags: append([]string{}, wf.Tags...), Critical: []string{},
		Steps: []WorkflowStep{}, Said: []StepSaid{},
	}
	shares, now := map[string]float64{}, time.Now().UnixMilli()
	for _, s := range critical {
		out.Critical = append(out.Critical, s.Step)
		shares[s.Step] = s.Share(i.View, now)
	}
	for _, v := range i.View.Steps {
		one := StepOf(v)
		if p, ok := i.Said[v.Key]; ok {
			one.Percent, one.Said = p.Percent, p.Text
		}
		if share, ok := shares[v.Key]; ok && v.Type != "" {
			one.Share = &share
		}
		out.Steps = append(out.Steps, one)
	}
	for key, p := range i.Said {
		if len(out.Said) < mostStepsSaid {
			out.Said = append(out.Said, StepSaid{key, p.Percent, p.Text})
		}
	}
	slices.SortFunc(out.Said, func(a, b StepSaid) int { return strings.Compare(a.Step, b.Step) })
	return out
}

// StepOf is a step of a run as the API says it, without what its attempt says.
func StepOf(v engine.StepView) WorkflowStep {
	return WorkflowStep{
		Step: v.Key, Type: v.Type, Depth: v.Depth, State: v.State, Reason: v.Reason, Attempts: v.Attempts,
		Began: v.Began, Ended: v.Ended,
		Outputs: v.Outputs, Winner: v.Winner, Artifacts: v.Artifacts, ID: v.ID, Cached: v.Cached, Counts: v.Counts,
		Iterations: v.Iteration,
	}
}

func detailOf(d run.Detail, messages []run.Said, said *steps.Progress) StepDetail {
	out := StepDetail{
		WorkflowStep: StepOf(d.StepView), Inputs: Values{}, Tried: []StepAttempt{}, Messages: MessagesOf(messages),
	}
	if said != nil {
		out.Percent, out.Said = said.Percent, said.Text
	}
	if d.Step != nil {
		out.Description, out.Sweep = d.Step.Description, d.Step.Type == "sweep"
		for name, v := range d.Inputs {
			out.Inputs[name] = v
		}
		switch {
		case d.State == engine.Waiting && d.Step.Breakpoint && d.Reason != "":
			out.Approval = "held"
		case d.State == engine.Running && d.Step.Type == "wait" && d.Step.Keys.Get("approval") != nil:
			out.Approval = "asked"
		}
	}
	for _, a := range d.Attempts {
		out.Tried = append(out.Tried, StepAttempt{a.Number, a.ID, a.State, a.Reason, a.Fault, a.Began,
			a.Ended, a.Cached})
	}
	return out
}
