package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/fault"
	"github.com/kaon-sweep/kaon/sweep"
)

// Problem is every answer that is no success: problem details as RFC 9457 has them, with the mistakes of a spec.
type Problem struct {
	huma.ErrorModel
	Spec []*sweep.Error `json:"spec,omitempty" doc:"Every mistake of the spec: where it is, what is wrong, what helps."`
}

// problem is an error of the server as an answer.
func problem(err error) error {
	if err == nil {
		return nil
	}
	var already huma.StatusError
	if errors.As(err, &already) {
		return err
	}
	status := statusOf(err)
	p := &Problem{ErrorModel: huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: err.Error()}}
	if errors.Is(err, store.ErrDamaged) {
		p.Detail += "; " + mend("SWEEP")
	}
	var mistakes sweep.Errors
	if errors.As(err, &mistakes) {
		p.Spec, p.Detail = mistakes, mistakes.Error()
	}
	return p
}

// mend is what helps where something of a sweep is damaged.
func mend(id string) string { return "where the sweep ran, kaon repair " + id + " mends it" }

// ofSweep has an error that something is damaged say of what sweep.
func ofSweep(id string, err error) error {
	if !errors.Is(err, store.ErrDamaged) {
		return problem(err)
	}
	return huma.Error409Conflict(fmt.Sprintf("%v; %s", err, mend(id)))
}

// notFound is the answer that something is not there.
func notFound(text string) error { return huma.Error404NotFound(text) }

// statusOf tells what the caller got wrong from what cannot be done now.
func statusOf(err error) int {
	var mistakes sweep.Errors
	var refusal *access.Refusal
	switch {
	case errors.As(err, &refusal):
		return refusalStatus(refusal)
	case errors.As(err, &mistakes):
		return http.StatusUnprocessableEntity
	case errors.Is(err, scheduler.ErrUnknown), errors.Is(err, scheduler.ErrUnknownTrial),
		errors.Is(err, server.ErrNoQueue),
		errors.Is(err, bucket.ErrNotExist), errors.Is(err, bucket.ErrName): // an id that none can have
		return http.StatusNotFound
	case errors.Is(err, scheduler.ErrExists), errors.Is(err, scheduler.ErrEnded),
		errors.Is(err, scheduler.ErrNotRunning),
		errors.Is(err, scheduler.ErrAtWork), errors.Is(err, scheduler.ErrEnding),
		errors.Is(err, scheduler.ErrNothingWaits),
		errors.Is(err, server.ErrNothingFailed), errors.Is(err, store.ErrDamaged):
		return http.StatusConflict
	case errors.Is(err, scheduler.ErrClosed), errors.Is(err, bucket.ErrUnavailable),
		fault.KindOf(err) == fault.KindUnreachable:
		return http.StatusServiceUnavailable
	case fault.KindOf(err) == fault.KindUsage:
		return http.StatusUnprocessableEntity
	}
	return http.StatusInternalServerError
}

// refusalStatus tells who is not known from who may not.
func refusalStatus(r *access.Refusal) int {
	if r.Unknown {
		return http.StatusUnauthorized
	}
	return http.StatusForbidden
}
