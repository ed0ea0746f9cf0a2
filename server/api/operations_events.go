package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2/sse"

	"github.com/kaon-sweep/kaon/server/access"
)

// Snapshot is how things stand when a stream begins, or begins anew after events were missed.
type Snapshot struct {
	Sweeps    []Sweep       `json:"sweeps" doc:"The one that was asked for, or all that have not ended."`
	Workflows []WorkflowRun `json:"workflows,omitempty" doc:"Likewise, of runs of workflows."`
}

// beat is how often a stream without events says that it is alive.
const beat = 15 * time.Second

// sendAtOnce is how many events are taken from the hub at a time.
const sendAtOnce = 256

// Alive is sent when nothing has happened for a while.
type Alive struct {
	Time string `json:"time" doc:"RFC 3339."`
}

// EventsInput says where a stream begins.
type EventsInput struct {
	Last string `header:"Last-Event-ID" doc:"Number of the last event that was heard: those after it follow, or a new snapshot when they are kept no more."`
}

func (a *API) declareEvents() {
	type sweepEventsInput struct {
		SweepInput
		EventsInput
	}
	kinds := map[string]any{"snapshot": Snapshot{}, "event": Event{}, "alive": Alive{}}
	sse.Register(a.huma, operation(access.Viewer, http.MethodGet, "/events", "all-events",
		"What happens, as server-sent events: a snapshot, then changes"), kinds,
		func(ctx context.Context, in *EventsInput, send sse.Sender) { a.stream(ctx, "", in.Last, send) })
	sse.Register(a.huma, operation(access.Viewer, http.MethodGet, "/sweeps/{sweep}/events", "sweep-events",
		"What happens to a sweep, as server-sent events"), kinds,
		func(ctx context.Context, in *sweepEventsInput, send sse.Sender) {
			a.stream(ctx, in.Sweep, in.Last, send)
		})
}

// topic is what events are asked of: a sweep, a run of a workflow, or all when both are empty.
type topic struct{ sweep, run string }

func (t topic) has(e Event) bool {
	return t.sweep == "" && t.run == "" || t.sweep != "" && e.Sweep == t.sweep || t.run != "" && e.Run == t.run
}

// stream tells what happens to a sweep, or to all, from a number on until the caller is gone, or may hear it no more.
func (a *API) stream(ctx context.Context, id, last string, send sse.Sender) {
	a.streamOf(ctx, topic{sweep: id}, last, send)
}

func (a *API) streamOf(ctx context.Context, of topic, last string, send sse.Sender) {
	a.stats.listeners.Add(1)
	defer a.stats.listeners.Add(-1)
	number, err := strconv.Atoi(last)
	at, ok := number+1, err == nil && last != ""
	if ok {
		_, _, ok = a.hub.since(at, 1)
	}
	caller := a.guard.Watch(ctx)
	for {
		if !caller.Good() {
			return
		}
		if !ok {
			if at, ok = a.snapshot(ctx, of, send); !ok {
				return
			}
		}
		var list []Event
		var more <-chan struct{}
		if list, more, ok = a.hub.since(at, sendAtOnce); !ok {
			continue // it was too slow
		}
		for _, e := range list {
			if of.has(e) {
				if send(sse.Message{ID: at, Data: e}) != nil {
					return
				}
			}
			at++
		}
		if len(list) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-more:
		case <-time.After(beat):
			if send.Data(Alive{time.Now().UTC().Format(time.RFC3339)}) != nil {
				return
			}
		}
	}
}

// snapshot sends how things stand; what follows has the number it answers.
func (a *API) snapshot(ctx context.Context, of topic, send sse.Sender) (at int, ok bool) {
	at = a.hub.next() // before the look: what happens meanwhile is told twice rather than never
	var snap Snapshot
	switch {
	case of.run != "":
		info, err := a.flows().Get(of.run)
		if err != nil {
			return 0, false
		}
		snap.Sweeps, snap.Workflows = []Sweep{}, []WorkflowRun{RunOf(info)}
	case of.sweep != "":
		s, err := a.sweep(ctx, of.sweep)
		if err != nil {
			return 0, false
		}
		snap.Sweeps = []Sweep{s}
	default:
		all, err := a.sweeps(ctx)
		if err != nil {
			return 0, false
		}
		snap.Sweeps = []Sweep{}
		for _, s := range all {
			if s.Finished == "" && s.Here {
				snap.Sweeps = append(snap.Sweeps, s)
			}
		}
		snap.Workflows = a.atWork()
	}
	return at, send(sse.Message{ID: at - 1, Data: snap}) == nil
}

// atWork are the runs of workflows that have not ended.
func (a *API) atWork() (list []WorkflowRun) {
	if a.flows() == nil {
		return nil
	}
	all, err := a.flows().List()
	if err != nil {
		return nil // their own list says why
	}
	for _, one := range all {
		if !one.View.State.Ended() {
			list = append(list, RunOf(one))
		}
	}
	return list
}
