package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// reportAt is where faults in kaon are reported.
const reportAt = "https://github.com/kaon-sweep/kaon/issues"

// guarded turns a panic of f into an error with its own exit code.
func guarded(f func() error) error { return crashCode(crash.Guard(f)) }

// crashCode gives an error that is a panic its exit code.
func crashCode(err error) error {
	if p := new(crash.Panic); errors.As(err, &p) {
		return &exitError{exitCrash, err}
	}
	return err
}

// guardedDriver is a driver whose panics are errors: the scheduler calls it on goroutines of its own.
type guardedDriver struct{ cluster.Driver }

func (d guardedDriver) Run(ctx context.Context, deliver func(...cluster.Event)) error {
	return guarded(func() error { return d.Driver.Run(ctx, deliver) })
}

func (d guardedDriver) Send(ctx context.Context, call cluster.Call) error {
	return guarded(func() error { return d.Driver.Send(ctx, call) })
}

// crashed ends the process for a panic on a goroutine that has nobody to tell.
func crashed(p *crash.Panic) {
	stderr := &printable{to: &checked{file: os.Stderr}}
	code := report(stderr, crashCode(p))
	stderr.end()
	os.Exit(code)
}

// trace prints where a panic came from, and who wants to know.
func trace(w io.Writer, err error) {
	if p := new(crash.Panic); errors.As(err, &p) {
		fmt.Fprintf(w, "nothing was deleted; please report this, with what follows and `kaon version`, at %s\n\n%s", reportAt, p.Stack)
	}
}
