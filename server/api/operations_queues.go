package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Queue is one of the queues that sweeps share the cluster by.
type Queue struct {
	Name      string           `json:"queue" doc:"Words with a slash between: eng/ml is below eng."`
	Weight    float64          `json:"weight" doc:"Beside the others below the same queue."`
	Limit     fairness.Amounts `json:"limit,omitempty" doc:"Of all that runs in it and below: cpus, memory and disk in MB, gpus, ports, trials, or any other resource. What is absent is not limited."`
	UserLimit fairness.Amounts `json:"user_limit,omitempty" doc:"Likewise, of what each user runs there."`
	Guarantee fairness.Amounts `json:"guarantee,omitempty" doc:"Likewise, what it gets before shares are asked about; trials of queues that have more than theirs are ended for it."`
	Set       bool             `json:"set" doc:"An operator has set it; else it is the default, above one that is set, or a sweep names it."`
	Used      fairness.Amounts `json:"used" doc:"By what runs in it and below; trials count those that run."`
	Waiting   int              `json:"waiting" doc:"Trials that wait in it and below."`
	Sweeps    int              `json:"sweeps" doc:"That have not ended, in it and below."`
	Share     float64          `json:"share" doc:"The largest part that it has of any one resource of the cluster, from 0 to 1."`
	Fair      float64          `json:"fair_share" doc:"Which part its weight gives it now, of those queues that have sweeps."`
}

// Queues are all of them, by name.
type Queues struct {
	Queues []Queue          `json:"queues"`
	Total  fairness.Amounts `json:"total" doc:"What the cluster has, as far as it is known."`
}

// QueueChange is what is set of a queue; what is absent stays as it is.
type QueueChange struct {
	Name      string            `json:"queue" minLength:"1" maxLength:"100" doc:"Words with a slash between; it is made if it is not there."`
	Weight    *float64          `json:"weight,omitempty" exclusiveMinimum:"0" maximum:"1000000"`
	Limit     *fairness.Amounts `json:"limit,omitempty" maxProperties:"32" doc:"All limits of the queue from now on."`
	UserLimit *fairness.Amounts `json:"user_limit,omitempty" maxProperties:"32" doc:"All limits of each user there from now on."`
	Guarantee *fairness.Amounts `json:"guarantee,omitempty" maxProperties:"32" doc:"All that it is guaranteed from now on."`
}

func (a *API) declareQueues() {
	type queueInput struct {
		Queue string `path:"queue" maxLength:"100" doc:"Its name, with %2F for a slash."`
	}
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/queues", "list-queues",
		"Queues that sweeps share the cluster by, and how they stand"),
		func(ctx context.Context, _ *struct{}) (*body[Queues], error) { return answer(a.queues(ctx)) })
	huma.Register(a.huma, operation(access.Operator, http.MethodPost, "/queues", "set-queue",
		"Make a queue, or change one"),
		func(ctx context.Context, in *struct{ Body QueueChange }) (*body[Queue], error) {
			q := in.Body
			err := a.cfg.Server.SetQueue(ctx, q.Name,
				server.QueueChange{Weight: q.Weight, Limit: q.Limit, UserLimit: q.UserLimit, Guarantee: q.Guarantee})
			if err != nil {
				return nil, problem(err)
			}
			return answer(a.queue(ctx, q.Name))
		})
	huma.Register(a.huma, operation(access.Operator, http.MethodDelete, "/queues/{queue}", "remove-queue",
		"Take a queue away that no sweep is in"),
		func(ctx context.Context, in *queueInput) (*struct{}, error) {
			return nil, problem(a.cfg.Server.RemoveQueue(ctx, in.Queue))
		})
}

func (a *API) queues(ctx context.Context) (out Queues, err error) {
	all, err := a.cfg.Server.Shares(ctx)
	if err != nil {
		return out, err
	}
	out = Queues{Queues: []Queue{}, Total: amountsOf(all.Total, 0)}
	delete(out.Total, fairness.Trials)
	for _, s := range all.Queues {
		out.Queues = append(out.Queues, queueOf(s))
	}
	return out, nil
}

func (a *API) queue(ctx context.Context, name string) (Queue, error) {
	all, err := a.cfg.Server.Shares(ctx)
	for _, s := range all.Queues {
		if s.Name == name {
			return queueOf(s), nil
		}
	}
	if err == nil {
		err = server.ErrNoQueue // it was taken away just now
	}
	return Queue{}, err
}

func queueOf(s fairness.Standing) Queue {
	return Queue{
		Name: s.Name, Weight: s.Weight, Limit: s.Limit, UserLimit: s.UserLimit, Guarantee: s.Guarantee, Set: s.Set,
		Used:    amountsOf(s.Used, s.Running),
		Waiting: s.Waiting, Sweeps: s.Sweeps, Share: s.Share, Fair: s.Fair,
	}
}

// amountsOf is resources with tasks by their names; what there is none of is left out, but for cpus, memory and trials.
func amountsOf(r resource.Resources, tasks int) fairness.Amounts {
	units := func(m resource.Milli) float64 { return float64(m) / float64(resource.Unit) }
	out := fairness.Amounts{"cpus": units(r.CPUs), "memory": units(r.Mem), fairness.Trials: float64(tasks)}
	for name, n := range map[string]float64{"disk": units(r.Disk), "gpus": units(r.GPUs), "ports": float64(r.Ports)} {
		if n > 0 {
			out[name] = n
		}
	}
	for name, n := range r.Named {
		if n > 0 {
			out[name] = units(n)
		}
	}
	return out
}
