package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// requestKey has the name of a request in its context.
type requestKey struct{}

// computation runs f, which reads what a caller gave or what a sweep has reported, and changes nothing: a fault of
// kaon's in it concerns that caller alone, who is answered so, and the server goes on. Whatever changes anything is not
// run by it, for it might leave that half done, nor what starts goroutines: a panic of theirs is nobody's here.
func computation[T any](ctx context.Context, a *API, what string, f func() (T, error)) (out T, err error) {
	err = crash.Guard(func() (err error) {
		out, err = f()
		return err
	})
	var fault *crash.Panic
	if !errors.As(err, &fault) {
		return out, err
	}
	request, _ := ctx.Value(requestKey{}).(string)
	a.stats.faults.Inc()
	a.cfg.Log.Error("a computation ended by a fault in kaon; the server goes on", "of", what, "request", request,
		"err", fault, "stack", string(fault.Stack))
	return out, huma.NewError(http.StatusInternalServerError,
		fmt.Sprintf("%s: %v; nothing was changed; the server's log has where, with request %s", what, fault, request))
}

// alone waits until nobody else makes an answer that takes processors and memory for long. done lets the next one.
func (a *API) alone(ctx context.Context) (done func(), err error) {
	select {
	case a.heavy <- struct{}{}:
		return func() { <-a.heavy }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
