package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/client"
)

// askPatience is how long a server that is watched may be away.
const askPatience = time.Minute

// mayComeBack tells whether an error is of a server that may be starting again, or of what stands before several until
// one of them works, since it answered last.
func mayComeBack(err error, last time.Time) bool {
	var answer *client.Error
	away := errors.Is(err, client.ErrNobody) || errors.Is(err, client.ErrBroken)
	if errors.As(err, &answer) {
		away = answer.Status == http.StatusBadGateway || answer.Status == http.StatusServiceUnavailable ||
			answer.Status == http.StatusGatewayTimeout
	}
	return away && time.Since(last) < askPatience
}

// untilBack asks a server. One that may come back is asked anew with each tick.
func untilBack[T any](ctx context.Context, tick <-chan time.Time, ask func() (T, error)) (T, error) {
	for began := time.Now(); ; waitOrEnd(ctx, tick) {
		got, err := ask()
		if ctx.Err() != nil || !mayComeBack(err, began) {
			return got, err
		}
	}
}

// runOf asks for a run of a server. One that may be starting again is asked anew with each tick.
func runOf(ctx context.Context, from *client.Client, id string, tick <-chan time.Time) (api.WorkflowStatus, error) {
	return untilBack(ctx, tick, func() (api.WorkflowStatus, error) { return from.WorkflowRun(ctx, id) })
}

// waitOrEnd waits for a tick, or for the end of ctx.
func waitOrEnd(ctx context.Context, tick <-chan time.Time) {
	select {
	case <-tick:
	case <-ctx.Done():
	}
}
