package server

import (
	"context"
	"sync"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// lazyDriver looks for a master only from when there is something to say to one: a server whose sweeps have
// all ended, and whose framework is removed, has nothing.
type lazyDriver struct {
	guardedDriver
	begin chan struct{} // closed by start
	once  sync.Once
}

// newDriver makes the way to the master for a framework that it knows by an id; empty: it does not know it
// yet.
func newDriver(conf mesos.Config, id cluster.FrameworkID) (*lazyDriver, error) {
	conf.FrameworkID = id
	inner, err := mesos.New(conf)
	if err != nil {
		return nil, usage(err)
	}
	return &lazyDriver{guardedDriver: guardedDriver{inner}, begin: make(chan struct{})}, nil
}

func (d *lazyDriver) start() { d.once.Do(func() { close(d.begin) }) }

func (d *lazyDriver) started() bool {
	select {
	case <-d.begin:
		return true
	default:
		return false
	}
}

// Run implements cluster.Driver.
func (d *lazyDriver) Run(ctx context.Context, deliver func(...cluster.Event)) error {
	select {
	case <-d.begin:
		return d.guardedDriver.Run(ctx, deliver)
	case <-ctx.Done():
		return nil
	}
}

// Send implements cluster.Driver. No master knows anything before start, so there is nothing that it would
// have to hear.
func (d *lazyDriver) Send(ctx context.Context, call cluster.Call) error {
	if !d.started() {
		return nil
	}
	return d.guardedDriver.Send(ctx, call)
}

// guardedDriver is a driver whose panics are errors: the scheduler calls it on goroutines of its own.
type guardedDriver struct{ cluster.Driver }

func (d guardedDriver) Run(ctx context.Context, deliver func(...cluster.Event)) error {
	return crash.Guard(func() error { return d.Driver.Run(ctx, deliver) })
}

func (d guardedDriver) Send(ctx context.Context, call cluster.Call) error {
	return crash.Guard(func() error { return d.Driver.Send(ctx, call) })
}
