package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/registry"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// RegisteredInput names a registered workflow.
type RegisteredInput struct {
	Workflow string `path:"workflow" doc:"Its name." minLength:"1" maxLength:"100"`
}

func (a *API) registered() *registry.Registry { return a.cfg.Registered }

// who is the caller as the registry knows them.
func who(ctx context.Context) registry.Who {
	c := access.Of(ctx)
	w := registry.Who{Name: c.Name, Any: c.Role.May(access.Operator), Local: c.Local, KnownBy: c.KnownBy()}
	if c.Queues != nil {
		w.Queues = &c.Queues
	}
	return w
}

// registeredProblem is an error of registered workflows as an answer.
func registeredProblem(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, registry.ErrUnknown), errors.Is(err, registry.ErrVersion):
		return notFound(err.Error())
	case errors.Is(err, registry.ErrOwner):
		return huma.Error403Forbidden(err.Error())
	case errors.Is(err, registry.ErrUnread), errors.Is(err, registry.ErrSkipped), errors.Is(err, registry.ErrPaused),
		errors.Is(err, registry.ErrOwnerGone):
		return huma.Error409Conflict(err.Error())
	case errors.Is(err, registry.ErrFull):
		return huma.Error503ServiceUnavailable(err.Error())
	case errors.Is(err, registry.ErrWrong):
		return huma.Error422UnprocessableEntity(err.Error())
	}
	return workflowProblem(err)
}

func (a *API) declareRegistered() {
	const at = "/registered-workflows"
	huma.Register(a.huma, a.flow(access.Viewer, http.MethodGet, at, "list-registered-workflows",
		"Workflows that the server keeps, by name"),
		func(context.Context, *struct{}) (*body[[]Registered], error) {
			return answer(a.standings(a.registered().List()...), nil)
		})
	register := a.flow(access.Submitter, http.MethodPost, at, "register-workflow",
		"Keep a workflow under its name, as its next version")
	register.MaxBodyBytes = largestSubmission
	huma.Register(a.huma, register, func(ctx context.Context,
		in *struct{ Body WorkflowSubmission }) (*body[Registration], error) {
		return answer(a.register(ctx, in.Body))
	})
	one := at + "/{workflow}"
	huma.Register(a.huma, a.flow(access.Viewer, http.MethodGet, one, "get-registered-workflow",
		"How a registered workflow stands"),
		func(_ context.Context, in *RegisteredInput) (*body[Registered], error) {
			return a.registeredAnswer(a.registered().Get(in.Workflow))
		})
	huma.Register(a.huma, a.flow(access.Submitter, http.MethodDelete, one, "remove-registered-workflow",
		"Forget a workflow with its versions; its runs stay"),
		func(ctx context.Context, in *RegisteredInput) (*struct{}, error) {
			err := a.registered().Remove(in.Workflow, who(ctx))
			a.tellRegistered(in.Workflow, "removed", err)
			return nil, registeredProblem(err)
		})
	huma.Register(a.huma, a.flow(access.Viewer, http.MethodGet, one+"/versions", "list-workflow-versions",
		"Versions of a workflow, the newest first"),
		func(_ context.Context, in *RegisteredInput) (*body[[]Version], error) {
			return answer(a.versions(in.Workflow))
		})
	type versionInput struct {
		RegisteredInput
		Version int `path:"version" minimum:"0" doc:"0: the one that runs where none is named."`
	}
	huma.Register(a.huma, a.flow(access.Viewer, http.MethodGet, one+"/versions/{version}", "get-workflow-version",
		"What a version is of: its parameters, and its graph"),
		func(_ context.Context, in *versionInput) (*body[VersionDetail], error) {
			return answer(a.version(in.Workflow, in.Version))
		})
	source := a.flow(access.Viewer, http.MethodGet, one+"/versions/{version}/source", "get-version-source",
		"A version as it was registered")
	source.Responses = contentOf("application/yaml")
	huma.Register(a.huma, source, func(_ context.Context, in *versionInput) (*text, error) {
		v, err := a.registered().Version(in.Workflow, in.Version)
		if err != nil {
			return nil, registeredProblem(err)
		}
		return &text{"application/yaml", []byte(v.Source)}, nil
	})
	type pinInput struct {
		RegisteredInput
		Body VersionPin
	}
	huma.Register(a.huma, a.flow(access.Submitter, http.MethodPost, one+"/pin", "pin-workflow-version",
		"Have a version run where none is named, or the newest again"),
		func(ctx context.Context, in *pinInput) (*body[Registered], error) {
			info, err := a.registered().Pin(in.Workflow, who(ctx), in.Body.Version)
			became := "pinned"
			if in.Body.Version == 0 {
				became = "unpinned"
			}
			a.tellRegistered(in.Workflow, became, err)
			return a.registeredAnswer(info, err)
		})
	type runInput struct {
		RegisteredInput
		Key  string         `header:"Idempotency-Key" maxLength:"200" doc:"A second request of the same caller with the same key is the first."`
		Body *RegisteredRun `required:"false"`
	}
	huma.Register(a.huma, a.flow(access.Submitter, http.MethodPost, one+"/runs", "run-registered-workflow",
		"Run a registered workflow, when its run_strategy lets it"),
		func(ctx context.Context, in *runInput) (*body[RunStanding], error) {
			var asked RegisteredRun
			if in.Body != nil {
				asked = *in.Body
			}
			return answer(a.runRegistered(ctx, in.Workflow, in.Key, asked))
		})
}

// VersionPin says which version runs.
type VersionPin struct {
	Version int `json:"version" minimum:"0" doc:"That runs where none is named from now on; 0: the newest, whichever that is."`
}

// tellRegistered tells what a registered workflow has become, to whoever looks on; an err has changed nothing.
func (a *API) tellRegistered(name, became string, err error) {
	if err == nil {
		a.hub.add(Event{Kind: "registered", Registered: name, State: became})
	}
}

func (a *API) registeredAnswer(i registry.Info, err error) (*body[Registered], error) {
	if err != nil {
		return nil, registeredProblem(err)
	}
	return answer(a.standings(i)[0], nil)
}

// standings is how registered workflows stand, each with its last run: without it, where runs cannot be read.
func (a *API) standings(all ...registry.Info) []Registered {
	list := make([]Registered, 0, len(all))
	if len(all) == 0 {
		return list
	}
	runs, err := a.flows().List() // the newest first
	if err != nil {
		a.cfg.Log.Warn("the runs of workflows cannot be read", "err", err)
	}
	last := map[string]*WorkflowRun{}
	for _, one := range runs {
		if name := one.Header.Registered; name != "" && last[name] == nil {
			r := RunOf(one)
			r.Parameters = nil // which may be large
			last[name] = &r
		}
	}
	for _, one := range all {
		r := registeredOf(one)
		r.LastRun = last[one.Name]
		list = append(list, r)
	}
	return list
}

// version is what a version is of; 0: the one that runs where none is named.
func (a *API) version(name string, number int) (out VersionDetail, err error) {
	v, err := a.registered().Version(name, number)
	if err != nil {
		return out, registeredProblem(err)
	}
	info, err := a.registered().Get(name)
	if err != nil {
		return out, registeredProblem(err)
	}
	out = VersionDetail{Version: versionOf(v, info.Current.Version), Parameters: []VersionParameter{}}
	wf, err := v.Workflow()
	if err != nil { // as of another kaon
		out.Problem = err.Error()
		return out, nil
	}
	for _, p := range wf.Parameters {
		out.Parameters = append(out.Parameters, VersionParameter{p.Name, p.Type.String(), p.Description, p.Required,
			p.Default, p.Choices})
	}
	out.Steps, out.Graph = len(wf.Steps), graphOf(wf)
	return out, nil
}

// register keeps a workflow with what it was checked against.
func (a *API) register(ctx context.Context, sub WorkflowSubmission) (out Registration, err error) {
	if sub.Folder == "" && sub.File != "" {
		return out, huma.Error422UnprocessableEntity("file without folder: what lies beside a registered workflow " +
			"must not change: upload the folder, and give its id")
	}
	if len(sub.Parameters) > 0 || len(sub.Labels) > 0 {
		return out, huma.Error422UnprocessableEntity("parameters and labels are of runs: give them when it is run")
	}
	wf, at, origin, err := a.readWorkflow(ctx, sub)
	if err != nil {
		return out, workflowProblem(err)
	}
	info, created, err := a.registered().Register(registry.Registration{
		Who: who(ctx), Workflow: wf, Root: at.root, Folder: sub.Folder, Within: origin.Within, Queue: origin.Queue,
		Queues: origin.Queues,
	})
	if err != nil {
		return out, registeredProblem(err)
	}
	if created {
		a.tellRegistered(info.Name, "registered", nil)
	}
	return Registration{a.standings(info)[0], created}, nil
}

func (a *API) versions(name string) ([]Version, error) {
	list := []Version{}
	all, err := a.registered().Versions(name)
	if err != nil {
		return nil, registeredProblem(err)
	}
	info, err := a.registered().Get(name)
	if err != nil {
		return nil, registeredProblem(err)
	}
	for _, v := range all {
		list = append(list, versionOf(v, info.Current.Version))
	}
	return list, nil
}

func (a *API) runRegistered(ctx context.Context, name, key string, asked RegisteredRun) (out RunStanding, err error) {
	c := access.Of(ctx)
	if err := checkLabels(asked.Labels); err != nil {
		return out, err
	}
	if asked.Queue != "" {
		if err := problem(c.CheckQueue(asked.Queue)); err != nil {
			return out, err
		}
	}
	sub := registry.Submission{
		Name: name, Version: asked.Version, Given: asked.Parameters, Foreign: !c.Local,
		Origin: run.Origin{Owner: c.Name, Labels: asked.Labels, Queue: asked.Queue},
	}
	if c.Queues != nil {
		sub.Origin.Queues = &c.Queues
	}
	if key != "" {
		sub.ID = idOf(name, c.Name, "registered\x00"+name+"\x00"+key)
	}
	s, err := a.registered().Run(sub)
	if err != nil {
		return out, registeredProblem(err)
	}
	return RunStanding{s.Run, s.Version, s.Place}, nil
}
