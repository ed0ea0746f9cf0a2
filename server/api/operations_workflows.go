package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/workflows"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/draw"
	"github.com/kaon-sweep/kaon/workflow/run"
)

type listRunsInput struct {
	Paging
	State    []string `query:"state" enum:"waiting,running,succeeded,failed,canceled,interrupted" doc:"Only in these states; interrupted stands for those that nobody works on."`
	Owner    string   `query:"owner" doc:"Only of this submitter."`
	Workflow string   `query:"workflow" doc:"Only of the workflow of this name."`
	Label    []string `query:"label" doc:"Only with all of these labels."`
	Text     string   `query:"text" doc:"Only with this in id, name, owner or labels."`

	Registered string `query:"registered" doc:"Only of the registered workflow of this name."`
	Trigger    string `query:"trigger" doc:"Only begun by the trigger of this name; manual: by somebody."`
}

// Resolve implements huma.Resolver.
func (in *listRunsInput) Resolve(ctx huma.Context) []error {
	in.Label = repeated(ctx, "label")
	return states(ctx, &in.State)
}

func (in *listRunsInput) wants(r WorkflowRun) bool {
	if len(in.State) > 0 && !slices.Contains(in.State, string(r.State)) &&
		!slices.Contains(in.State, string(r.State.Standing(r.Live))) {
		return false
	}
	if in.Owner != "" && in.Owner != r.Owner || in.Workflow != "" && in.Workflow != r.Workflow {
		return false
	}
	if in.Registered != "" && in.Registered != r.Registered {
		return false
	}
	if in.Trigger != "" && (r.Trigger == nil || in.Trigger != cmp.Or(r.Trigger.Name, r.Trigger.Kind)) {
		return false
	}
	for _, label := range in.Label {
		if !slices.Contains(r.Labels, label) {
			return false
		}
	}
	return in.Text == "" || slices.ContainsFunc(append([]string{r.Run, r.Workflow, r.Owner}, r.Labels...),
		func(text string) bool {
			return strings.Contains(strings.ToLower(text), strings.ToLower(in.Text))
		})
}

type submitRunInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"200" doc:"A second submission of the same caller with the same key, file and parameters is the first."`
	Body WorkflowSubmission
}

type submitRunOutput struct {
	Status int
	Body   WorkflowRun
}

// WorkflowValid is what is known of a workflow without running it.
type WorkflowValid struct {
	Name       string         `json:"name"`
	Steps      int            `json:"steps"`
	Parameters Values         `json:"parameters" doc:"As the run would begin with them."`
	Warnings   []string       `json:"warnings"`
	Graph      *WorkflowGraph `json:"graph,omitempty"`
}

func (a *API) declareWorkflows() {
	huma.Register(a.huma, a.flow(access.Viewer, http.MethodGet, "/workflows", "list-workflow-runs",
		"Runs of workflows, the newest first"),
		func(_ context.Context, in *listRunsInput) (*body[Page[WorkflowRun]], error) {
			list, err := a.runs(in)
			if err != nil {
				return nil, workflowProblem(err)
			}
			return answer(pageOf(list, in.Paging))
		})
	submit := a.flow(access.Submitter, http.MethodPost, "/workflows", "submit-workflow", "Run a workflow")
	submit.DefaultStatus, submit.MaxBodyBytes = http.StatusCreated, largestSubmission
	huma.Register(a.huma, submit, a.submitRun)
	validate := a.flow(access.Viewer, http.MethodPost, "/workflows-check", "validate-workflow",
		"Check a workflow, and draw it, without running it")
	validate.MaxBodyBytes = largestSubmission
	huma.Register(a.huma, validate, func(ctx context.Context,
		in *struct{ Body WorkflowSubmission }) (*body[WorkflowValid], error) {
		wf, given, _, err := a.parseWorkflow(ctx, in.Body)
		if err != nil {
			return nil, workflowProblem(err)
		}
		out := WorkflowValid{Name: run.NameOf(wf), Steps: len(wf.Steps), Parameters: given, Warnings: []string{}}
		for _, w := range wf.Warnings {
			out.Warnings = append(out.Warnings, w.Error())
		}
		out.Graph = graphOf(wf)
		return answer(out, nil)
	})
	huma.Register(a.huma, a.flow(access.Viewer, http.MethodGet, "/workflows/{run}", "get-workflow-run",
		"How a run stands, with its steps"),
		func(_ context.Context, in *RunInput) (*body[WorkflowStatus], error) {
			s, err := a.runStatus(in.Run)
			return answer(s, workflowProblem(err))
		})
	huma.Register(a.huma, a.flow(access.Viewer, http.MethodGet, "/workflows/{run}/graph", "get-workflow-graph",
		"The graph of a run, and where a page draws it"),
		func(_ context.Context, in *RunInput) (*body[WorkflowGraph], error) {
			wf, err := a.flows().Workflow(in.Run)
			if err != nil {
				return nil, workflowProblem(err)
			}
			return answer(*graphOf(wf), nil)
		})
	source := a.flow(access.Viewer, http.MethodGet, "/workflows/{run}/source", "get-workflow-source",
		"The workflow as it was submitted")
	source.Responses = contentOf("application/yaml")
	huma.Register(a.huma, source, func(_ context.Context, in *RunInput) (*text, error) {
		wf, err := a.flows().Workflow(in.Run)
		if err != nil {
			return nil, workflowProblem(err)
		}
		return &text{"application/yaml", wf.Source}, nil
	})
}

func (a *API) runs(in *listRunsInput) ([]WorkflowRun, error) {
	list := []WorkflowRun{}
	all, err := a.flows().List()
	for _, one := range all {
		if r := RunOf(one); in.wants(r) {
			list = append(list, r)
		}
	}
	return list, err
}

func (a *API) runStatus(id string) (WorkflowStatus, error) {
	info, err := a.flows().Get(id)
	if err != nil {
		return WorkflowStatus{}, err
	}
	wf, err := a.flows().Workflow(id)
	if err != nil {
		return WorkflowStatus{}, err
	}
	critical, err := a.flows().Critical(id)
	if err != nil {
		return WorkflowStatus{}, err
	}
	return StatusOf(info, wf, critical), nil
}

func graphOf(wf *workflow.Workflow) *WorkflowGraph {
	return &WorkflowGraph{
		Name: run.NameOf(wf), Graph: draw.GraphOf(wf.Graph), Finally: draw.GraphOf(wf.Finally),
		Picture: *draw.Place(wf),
	}
}

// parseWorkflow reads a workflow where it lies, and checks it with its parameters.
func (a *API) parseWorkflow(
	ctx context.Context, sub WorkflowSubmission,
) (*workflow.Workflow, map[string]any, run.Origin, error) {
	wf, _, origin, err := a.readWorkflow(ctx, sub)
	if err != nil {
		return nil, nil, origin, err
	}
	given, err := wf.Bind(sub.Parameters)
	if err != nil {
		return nil, nil, origin, &wrongWorkflow{err}
	}
	return wf, given, origin, nil
}

// readWorkflow reads a workflow where it lies, and what its runs may.
func (a *API) readWorkflow(
	ctx context.Context, sub WorkflowSubmission,
) (*workflow.Workflow, specPlace, run.Origin, error) {
	caller := access.Of(ctx)
	var origin run.Origin
	at, err := a.place(caller, Submission{File: sub.File, Folder: sub.Folder})
	if err != nil {
		return nil, at, origin, err
	}
	if err := checkLabels(sub.Labels); err != nil {
		return nil, at, origin, err
	}
	if sub.Queue != "" { // steps may name their own: whether those are the caller's is seen when they are begun
		if err := problem(caller.CheckQueue(sub.Queue)); err != nil {
			return nil, at, origin, err
		}
	}
	wf, err := computation(ctx, a, "read the workflow", func() (*workflow.Workflow, error) {
		return run.Parse(at.file, []byte(sub.Source))
	})
	if already := huma.StatusError(nil); errors.As(err, &already) {
		return nil, at, origin, err
	}
	if err != nil {
		return nil, at, origin, &wrongWorkflow{err}
	}
	for _, p := range wf.Parameters {
		if p.Secret {
			return nil, at, origin, &wrongWorkflow{fmt.Errorf("parameter `%s` is secret, which is for runs without "+
				"a server: name a variable of the server's "+
				"environment under secrets", p.Name)}
		}
	}
	origin = run.Origin{Owner: caller.Name, Labels: sub.Labels, Queue: sub.Queue}
	if !caller.Local {
		origin.Within = at.root
	}
	if caller.Queues != nil {
		origin.Queues = &caller.Queues
	}
	return wf, at, origin, nil
}

// submitTries is how often a submission asks whether another with its key has begun the run.
const submitTries = 20

func (a *API) submitRun(ctx context.Context, in *submitRunInput) (*submitRunOutput, error) {
	wf, given, origin, err := a.parseWorkflow(ctx, in.Body)
	if err != nil {
		return nil, workflowProblem(err)
	}
	sub := workflows.Submission{Workflow: wf, Given: given, Origin: origin}
	status := http.StatusCreated
	if in.Key != "" {
		sub.ID = idOf(run.NameOf(wf), origin.Owner, "workflow\x00"+in.Key)
	}
	id, err := a.flows().Submit(sub)
	var info workflows.Info
	for tries := 0; in.Key != "" && (errors.Is(err, workflows.ErrExists) ||
		errors.Is(err, workflows.ErrAtWork)); tries++ {
		var unknown error
		if info, unknown = a.flows().Get(sub.ID); unknown == nil {
			id, status, err = sub.ID, http.StatusOK, nil
			break
		}
		if !errors.Is(unknown, workflows.ErrUnknown) {
			return nil, workflowProblem(unknown)
		}
		if tries == submitTries || !timer.Sleep(ctx, submitAgain) {
			break
		}
		id, err = a.flows().Submit(sub) // the first is being begun, or has failed and leaves the id to this one
	}
	if err == nil && status == http.StatusCreated {
		info, err = a.flows().Get(id)
	}
	if err != nil {
		return nil, workflowProblem(err)
	}
	if status == http.StatusOK && (info.Header.Source != string(wf.Source) || !sameValues(info.Header.Given, given)) {
		return nil, huma.Error409Conflict(fmt.Sprintf("the key %q was used for another workflow or other "+
			"parameters, run %s", in.Key, id))
	}
	return &submitRunOutput{status, RunOf(info)}, nil
}

func sameValues(a, b map[string]any) bool {
	if len(a)+len(b) == 0 { // which may be stored as none
		return true
	}
	x, wrong := json.Marshal(a)
	y, err := json.Marshal(b)
	return wrong == nil && err == nil && string(x) == string(y)
}
