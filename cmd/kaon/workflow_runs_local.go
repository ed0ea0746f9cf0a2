package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/workflows"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// workflowsFolder is the name of the folder of all runs of workflows among those of sweeps.
const workflowsFolder = "workflows"

// localRuns are the runs of a folder of this machine, which no server has.
type localRuns struct{ flags *workFlags }

func (l localRuns) folder() string { return l.flags.state(workflowsFolder) }

func (l localRuns) Place() string { return "in " + l.folder() }

// Command implements flowRuns. Those which work on a run also say where it runs.
func (l localRuns) Command(words, id string) string {
	cluster := ""
	if words == "workflow resume" || words == "workflow restart" {
		cluster = l.flags.Cluster
	}
	return goOn(words, id, l.flags.Results, l.flags.State, cluster)
}

func (l localRuns) read(id string) (*run.Record, error) {
	r, err := run.Read(l.folder(), id, false)
	return r, l.explain(id, err)
}

// explain says what to do when a run cannot be opened.
func (l localRuns) explain(id string, err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return usage(fmt.Errorf("no run %q in %s; kaon workflow list shows those there are, --results and --state "+
			"say where to look", id, l.folder()))
	case errors.Is(err, run.ErrLocked):
		return usage(fmt.Errorf("another process works on run %s: kaon workflow status %s shows it", id, id))
	case errors.Is(err, run.ErrSecret):
		return usage(err)
	case errors.Is(err, run.ErrDamaged):
		return unreachable(err)
	}
	return err
}

// List implements flowRuns.
func (l localRuns) List(context.Context) (list []api.WorkflowRun, unread []error, err error) {
	briefs, unread := run.List(l.folder())
	for _, b := range briefs {
		if b.Header.Parent == "" {
			list = append(list, api.RunOf(workflows.Info{Brief: b}))
		}
	}
	return list, unread, nil
}

// Status implements flowRuns.
func (l localRuns) Status(_ context.Context, id string, all bool) (api.WorkflowStatus, error) {
	r, err := l.read(id)
	if err != nil {
		return api.WorkflowStatus{}, err
	}
	info := workflows.InfoOf(r)
	info.Said = lastSaid(run.Talk(l.folder(), id, ""), r)
	s := api.StatusOf(info, r.Workflow(), r.Critical())
	if all {
		err = everyIteration(&s, func(step string) (each []api.WorkflowStep, err error) {
			for _, v := range r.Iterations(step) {
				each = append(each, api.StepOf(v))
			}
			return each, nil
		})
	}
	return s, err
}

// lastSaid is what each attempt that runs has said last: how far it is, and a text.
func lastSaid(talk []run.Said, r *run.Record) map[string]steps.Progress {
	said, running := map[string]steps.Progress{}, map[string]int{}
	for _, s := range talk {
		if _, looked := running[s.Step]; !looked {
			running[s.Step] = 0
			if d, ok := r.Detail(s.Step); ok && d.State == engine.Running {
				running[s.Step] = d.StepView.Attempts
			}
		}
		if s.Who != "" || s.Attempt == 0 || s.Attempt != running[s.Step] {
			continue
		}
		text := s.Text
		if s.Name != "" {
			text = s.String()
		}
		had := said[s.Step]
		said[s.Step] = steps.Progress{Percent: cmp.Or(s.Percent, had.Percent), Text: cmp.Or(text, had.Text)}
	}
	return said
}

// Messages implements flowRuns.
func (l localRuns) Messages(_ context.Context, id string, from int64) ([]api.StepMessage, error) {
	said := run.Talk(l.folder(), id, "")
	return api.MessagesOf(slices.DeleteFunc(said, func(s run.Said) bool { return s.At < from })), nil
}

// requestPatience is how long a command waits for a run to take its request.
const requestPatience = 3 * time.Second

// Ask implements flowRuns: it leaves the request in the run's folder. A signal lies there until a step uses it up, and
// is not waited for.
func (l localRuns) Ask(ctx context.Context, id string, q run.Request) (requestState, error) {
	r, err := l.read(id)
	switch {
	case err != nil:
		return requestState{}, err
	case r.View.State.Ended():
		return requestState{}, usage(fmt.Errorf("run %s has ended: %s", id, r.View.State))
	case q.Kind == run.MessageStep:
		if err := run.CheckMessage(r, q.Step); err != nil {
			return requestState{}, usage(fmt.Errorf("%w; kaon workflow status %s --all shows the steps", err, id))
		}
	case q.Step != "" && !r.Has(q.Step):
		return requestState{}, usage(fmt.Errorf("run %s has no step %s: kaon workflow status %s --all shows them", id,
			q.Step, id))
	}
	q.ID, q.Who = rand.Text(), askedBy()
	file, err := run.Ask(l.folder(), id, q)
	switch {
	case errors.Is(err, run.ErrTooLong):
		return requestState{}, usage(err)
	case err != nil:
		return requestState{}, unreachable(err)
	case !r.Live:
		return requestState{Idle: true, Left: true}, nil
	case q.Kind == run.SignalRun:
		return requestState{}, nil
	}
	for until := time.Now().Add(requestPatience); time.Now().Before(until); {
		if taken, err := l.taken(id, q, file); taken || err != nil {
			return requestState{}, err
		}
		if !timer.Sleep(ctx, 50*time.Millisecond) {
			return requestState{}, silently(exitInterrupted)
		}
	}
	return requestState{Left: true}, nil
}

// taken tells whether a run has taken a request, whose file is gone then; of a message it says what came of it.
func (l localRuns) taken(id string, q run.Request, file string) (bool, error) {
	if q.Kind != run.MessageStep {
		_, err := os.Stat(file)
		return errors.Is(err, os.ErrNotExist), nil
	}
	for _, s := range run.Talk(l.folder(), id, "") {
		switch {
		case s.ID == q.ID && s.Refused != "":
			return false, usage(errors.New(s.Refused))
		case s.ID == q.ID:
			return true, nil
		}
	}
	return false, nil
}

// askedBy is who asks.
func askedBy() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return fmt.Sprint(os.Getuid())
}
