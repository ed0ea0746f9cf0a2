package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/control"
)

// SweepInput names a sweep.
type SweepInput struct {
	Sweep string `path:"sweep" doc:"Its id." minLength:"1" maxLength:"200"`
}

// Reason is why something is done.
type Reason struct {
	Reason string `json:"reason,omitempty" maxLength:"1000" doc:"Said in records instead of \"stopped by the user\"."`
}

// ReasonInput names a sweep, and why something is done to it.
type ReasonInput struct {
	SweepInput
	Body *Reason `required:"false"`
}

func (in *ReasonInput) reason() string {
	if in.Body == nil || in.Body.Reason == "" {
		return "stopped by the user"
	}
	return in.Body.Reason
}

// Change is what is changed of a sweep; what is absent stays.
type Change struct {
	Labels   *[]string `json:"labels,omitempty" maxItems:"64" doc:"All labels it has from now on."`
	Archived *bool     `json:"archived,omitempty" doc:"Whether lists leave it out from now on unless they are asked for it. It must have ended."`
}

// Extension is how a sweep goes on.
type Extension struct {
	Set []string `json:"set" minItems:"1" maxItems:"1000" doc:"KEY=VALUE: what changes of the spec, by the keys' path."`
}

// Winner is the best trial of a sweep, as its manifest.
type Winner = board.Winner

// Deletion is what a deletion gave back.
type Deletion struct {
	Objects int   `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

func (a *API) declareSweeps() {
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/sweeps", "list-sweeps",
		"All sweeps, the newest first"), a.listSweeps)
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/sweeps/{sweep}", "get-sweep",
		"How a sweep stands"),
		func(ctx context.Context, in *SweepInput) (*body[Sweep], error) { return answer(a.sweep(ctx, in.Sweep)) })
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/sweeps/{sweep}/board", "get-board",
		"Counts, best trials, metrics and curves"),
		func(ctx context.Context, in *SweepInput) (*body[board.Summary], error) {
			var summary board.Summary
			err := a.boards.view(ctx, in.Sweep, func(b *board.Board) { summary = b.Summary() })
			return answer(summary, err)
		})
	huma.Register(a.huma, operation(access.Viewer, http.MethodGet, "/sweeps/{sweep}/winner", "get-winner",
		"The best trial, as its manifest"),
		func(ctx context.Context, in *SweepInput) (*body[board.Winner], error) {
			return answer(a.winner(ctx, in.Sweep))
		})
	spec := operation(access.Viewer, http.MethodGet, "/sweeps/{sweep}/spec", "get-spec", "The spec as it was submitted")
	spec.Responses = contentOf("application/yaml")
	huma.Register(a.huma, spec,
		func(ctx context.Context, in *SweepInput) (*text, error) {
			const most = 4 << 20
			data, err := bucket.ReadObject(ctx, a.cfg.Bucket, results.ObjectName(in.Sweep, results.SpecFile), most)
			if err != nil {
				return nil, problem(err)
			}
			return &text{"application/yaml", data}, nil
		})
	a.declareCommands()
	huma.Register(a.huma, operation(access.Submitter, http.MethodPatch, "/sweeps/{sweep}", "change-sweep",
		"Change labels, archive it, or take it out of the archive"), a.changeSweep)
	huma.Register(a.huma, operation(access.Submitter, http.MethodDelete, "/sweeps/{sweep}", "delete-sweep",
		"Forget a sweep that has ended: its state, and everything of it in the results"), a.deleteSweep)
}

func (a *API) listSweeps(ctx context.Context, in *listSweepsInput) (*body[Page[Sweep]], error) {
	all, err := a.rows(ctx)
	if err != nil {
		return nil, problem(err)
	}
	page, err := pageOf(slices.DeleteFunc(all, func(r row) bool { return !in.wants(r.heading()) }), in.Paging)
	out := Page[Sweep]{Items: make([]Sweep, len(page.Items)), Total: page.Total, Next: page.Next}
	for i, r := range page.Items {
		out.Items[i] = a.show(r)
	}
	return answer(out, err)
}

func (a *API) winner(ctx context.Context, id string) (board.Winner, error) {
	if sw, here := a.cfg.Server.Sweep(id); here {
		var winner board.Winner
		found := false
		sw.View(func(b *board.Board) { winner, found = b.Winner() })
		if !found {
			return winner, huma.Error404NotFound(fmt.Sprintf("sweep %s has no winner: no trial has succeeded "+
				"with a finite value", id))
		}
		return winner, nil
	}
	winner, err := store.ReadWinner(ctx, a.cfg.Bucket, id)
	if errors.Is(err, bucket.ErrNotExist) {
		if _, missing := a.catalog.get(ctx, id); missing != nil {
			return winner, missing
		}
		return winner, huma.Error404NotFound(fmt.Sprintf("sweep %s has no winner", id))
	}
	return winner, err
}

// declareCommands declares what is done to sweeps that run.
func (a *API) declareCommands() {
	type stopInput struct {
		ReasonInput
		Trial int `path:"trial" minimum:"-1" doc:"Its number; -1 is the step that follows the trials."`
	}
	type messageInput struct {
		SweepInput
		Trial int             `path:"trial" minimum:"-1"`
		Body  json.RawMessage `doc:"Any JSON value: a line of the trial's $KAON_CONTROL."`
	}
	type none struct{}
	do := func(ctx context.Context, id string, command scheduler.Command) (*none, error) {
		if err := a.allowed(ctx, id); err != nil {
			return nil, err
		}
		return nil, problem(a.cfg.Server.Do(ctx, command))
	}
	huma.Register(a.huma, relieving(operation(access.Submitter, http.MethodPost, "/sweeps/{sweep}/stop", "stop-sweep",
		"End a sweep; running trials get their grace")),
		func(ctx context.Context, in *ReasonInput) (*none, error) {
			return do(ctx, in.Sweep, scheduler.Stop{Sweep: in.Sweep, Reason: in.reason()})
		})
	huma.Register(a.huma, relieving(operation(access.Submitter, http.MethodPost, "/sweeps/{sweep}/pause", "pause-sweep",
		"Let running trials finish and start no more")),
		func(ctx context.Context, in *SweepInput) (*none, error) {
			return do(ctx, in.Sweep, scheduler.Pause{Sweep: in.Sweep})
		})
	huma.Register(a.huma, operation(access.Submitter, http.MethodPost, "/sweeps/{sweep}/resume", "resume-sweep",
		"End a pause"),
		func(ctx context.Context, in *SweepInput) (*none, error) {
			return do(ctx, in.Sweep, scheduler.Resume{Sweep: in.Sweep})
		})
	huma.Register(a.huma, relieving(operation(access.Submitter, http.MethodPost, "/sweeps/{sweep}/trials/{trial}/stop",
		"stop-trial", "End one trial")),
		func(ctx context.Context, in *stopInput) (*none, error) {
			return do(ctx, in.Sweep, scheduler.StopTrial{Sweep: in.Sweep, Trial: in.Trial, Reason: in.reason()})
		})
	huma.Register(a.huma, operation(access.Submitter, http.MethodPost, "/sweeps/{sweep}/trials/{trial}/message",
		"message-trial", "Send a JSON value to a running trial"),
		func(ctx context.Context, in *messageInput) (*none, error) {
			return do(ctx, in.Sweep, scheduler.SendMessage{Sweep: in.Sweep, Trial: in.Trial, Body: in.Body})
		})
	type extendInput struct {
		SweepInput
		Body Extension
	}
	huma.Register(a.huma, operation(access.Submitter, http.MethodPost, "/sweeps/{sweep}/extend", "extend-sweep",
		"Go on by more trials, other limits, space or method"),
		func(ctx context.Context, in *extendInput) (*body[control.Extended], error) {
			if err := a.allowed(ctx, in.Sweep); err != nil {
				return nil, err
			}
			if err := mayExtend(access.Of(ctx), a.queueOf(in.Sweep), in.Body.Set); err != nil {
				return nil, err
			}
			a.catalog.forget(in.Sweep)
			return answer(a.cfg.Server.ExtendSweep(ctx, in.Sweep, in.Body.Set))
		})
	huma.Register(a.huma, operation(access.Submitter, http.MethodPost, "/sweeps/{sweep}/retry", "retry-sweep",
		"Run what failed again"),
		func(ctx context.Context, in *SweepInput) (*body[Sweep], error) {
			if err := a.allowed(ctx, in.Sweep); err != nil {
				return nil, err
			}
			if err := problem(access.Of(ctx).CheckQueue(a.queueOf(in.Sweep))); err != nil {
				return nil, err
			}
			if _, err := a.cfg.Server.Retry(ctx, in.Sweep); err != nil {
				return nil, problem(err)
			}
			a.catalog.forget(in.Sweep)
			return answer(a.sweep(ctx, in.Sweep))
		})
}

// queueOf is the queue of a sweep of the server's, that what goes on with it waits in; empty: there is no such sweep.
func (a *API) queueOf(id string) string {
	if sw, here := a.cfg.Server.Sweep(id); here {
		return sw.Spec().InQueue()
	}
	return ""
}

// allowed refuses what the caller may not change, and what this server does not run.
func (a *API) allowed(ctx context.Context, id string) error {
	if _, here := a.cfg.Server.Sweep(id); !here {
		if _, err := a.catalog.get(ctx, id); err == nil {
			return huma.Error409Conflict(fmt.Sprintf("sweep %s is in the results, and this server does not run it", id))
		}
		return problem(fmt.Errorf("sweep %s: %w", id, scheduler.ErrUnknown))
	}
	return a.owned(ctx, id)
}

func (a *API) owned(ctx context.Context, id string) error {
	if access.Of(ctx).Role.May(access.Operator) {
		return nil
	}
	s, err := a.catalog.get(ctx, id)
	if errors.Is(err, store.ErrDamaged) {
		return huma.Error403Forbidden(fmt.Sprintf("nobody can tell whose sweep %s is: %v; %s, and an operator "+
			"can delete it", id, err, mend(id)))
	}
	if err != nil {
		return problem(err)
	}
	return problem(access.Of(ctx).MayChange("sweep", s.Submitter()))
}

func (a *API) changeSweep(ctx context.Context, in *struct {
	SweepInput
	Body Change
}) (*body[Sweep], error) {
	if in.Body.Labels != nil {
		if err := a.label(ctx, in.Sweep, *in.Body.Labels); err != nil {
			return nil, err
		}
	}
	if in.Body.Archived != nil {
		if err := a.archive(ctx, in.Sweep, *in.Body.Archived); err != nil {
			return nil, err
		}
	}
	if err := a.owned(ctx, in.Sweep); err != nil {
		return nil, err
	}
	return answer(a.sweep(ctx, in.Sweep))
}

func (a *API) label(ctx context.Context, id string, labels []string) error {
	if err := a.allowed(ctx, id); err != nil {
		return err
	}
	if err := checkLabels(labels); err != nil {
		return err
	}
	sw, here := a.cfg.Server.Sweep(id)
	if !here { // it was deleted since
		return problem(fmt.Errorf("sweep %s: %w", id, scheduler.ErrUnknown))
	}
	defer a.catalog.forget(id)
	return ofSweep(id, sw.SetLabels(ctx, labels))
}

func (a *API) archive(ctx context.Context, id string, archived bool) error {
	s, err := a.sweep(ctx, id)
	if err != nil {
		return problem(err)
	}
	if err := a.owned(ctx, id); err != nil {
		return err
	}
	if _, err := a.catalog.get(ctx, id); errors.Is(err, store.ErrDamaged) {
		return ofSweep(id, err)
	}
	if s.Finished == "" && archived {
		return huma.Error409Conflict(fmt.Sprintf("sweep %s has not ended: only what has is archived", id))
	}
	defer a.catalog.forget(id)
	if sw, here := a.cfg.Server.Sweep(id); here {
		return ofSweep(id, sw.SetArchived(ctx, archived))
	}
	return ofSweep(id, server.ArchiveResults(ctx, a.cfg.Bucket, id, archived))
}

type deleteInput struct {
	SweepInput
	Force bool `query:"force" doc:"Also one whose sweep.json is damaged, so that nobody can tell whether another process runs it. For operators."`
}

func (a *API) deleteSweep(ctx context.Context, in *deleteInput) (*body[Deletion], error) {
	s, err := a.sweep(ctx, in.Sweep)
	damaged := errors.Is(err, store.ErrDamaged)
	if err != nil && !damaged {
		return nil, problem(err)
	}
	if err := a.owned(ctx, in.Sweep); err != nil {
		return nil, err
	}
	var freed server.Freed
	switch {
	case !damaged:
		freed, err = a.deleted(ctx, s, false)
	case in.Force:
		freed, err = a.deleted(ctx, Sweep{ID: in.Sweep}, true)
	default:
		return nil, huma.Error409Conflict(fmt.Sprintf("nobody can tell whether sweep %s has ended: %v; %s; if "+
			"nobody runs it, it is deleted with: kaon rm --force %s",
			in.Sweep, err, mend(in.Sweep), in.Sweep))
	}
	a.catalog.forget(in.Sweep)
	a.boards.forget(in.Sweep)
	a.tidyFolders()
	return answer(Deletion{freed.Objects, freed.Bytes}, err)
}

// deleted deletes a sweep by the server if that has it, or as what a process left that was killed, or else in the
// results alone. Force: an operator knows that nobody runs it, whatever its sweep.json says.
func (a *API) deleted(ctx context.Context, s Sweep, force bool) (server.Freed, error) {
	if s.Here {
		return a.cfg.Server.Delete(ctx, s.ID)
	}
	switch freed, left, err := a.cfg.Server.DeleteLeft(ctx, s.ID); {
	case left || err != nil:
		return freed, err
	case s.Finished == "" && !force:
		return freed, huma.Error409Conflict(fmt.Sprintf("sweep %s has not ended, and this server does not run "+
			"it: delete it where it runs", s.ID))
	}
	return server.DeleteResults(ctx, a.cfg.Bucket, s.ID)
}
