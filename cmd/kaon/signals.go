package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// untilSignal ends with a signal that asks the process to end. A terminal that is closed is one, unless nohup(1) has
// said otherwise.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signal.NotifyContext(ctx, signals...)
}

// lastWork bounds what is left to do when the work itself is over or interrupted: a signal that comes now means that
// even this is to be left. Its cause is then errLeft.
func lastWork(limit time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	ctx, leave := context.WithCancelCause(ctx)
	signals, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(signals, crash.Func(func() { leave(errLeft) }))
	return ctx, func() { leave(context.Canceled); stop(); cancel() }
}

// errLeft is why lastWork ended before it was done.
var errLeft = errors.New("left at a further interrupt")

// asLeft has the error of what lastWork did say that it was left, and what was wrong meanwhile, if anything was.
func asLeft(last context.Context, err, trouble error) error {
	switch {
	case !errors.Is(err, context.Canceled) || !errors.Is(context.Cause(last), errLeft):
		return err
	case trouble != nil:
		return fmt.Errorf("%w, while: %w", errLeft, trouble)
	}
	return errLeft
}
