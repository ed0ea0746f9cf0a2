package server

import (
	"context"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// fencedJournal is a journal of one of several servers that may work by turns: what it has written counts if it still
// was its turn.
type fencedJournal struct {
	journal.Journal
	fence func() error
}

func (j fencedJournal) Append(entries []journal.Entry) error {
	if err := j.Journal.Append(entries); err != nil {
		return err
	}
	return j.fence()
}

// fencedDriver is such a server's way to the cluster. It ends rather than subscribe again where another server has
// subscribed since.
type fencedDriver struct {
	cluster.Driver
	fence func() error
}

func (d fencedDriver) Run(ctx context.Context, deliver func(...cluster.Event)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err := d.Driver.Run(ctx, func(events ...cluster.Event) {
		if err := d.fence(); err != nil {
			cancel(err)
			return
		}
		deliver(events...)
	})
	if why := context.Cause(ctx); why != nil && err == nil {
		return why
	}
	return err
}

func (d fencedDriver) Send(ctx context.Context, call cluster.Call) error {
	if err := d.fence(); err != nil {
		return err
	}
	return d.Driver.Send(ctx, call)
}
