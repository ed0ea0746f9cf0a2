package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/kaon-sweep/kaon/scheduler"
)

// reportAt is where faults in kaon are reported.
const reportAt = "https://github.com/kaon-sweep/kaon/issues"

// crash is a panic: a fault in kaon, whatever input led to it.
type crash struct {
	value any
	stack []byte
}

func (c *crash) Error() string { return fmt.Sprintf("this is a bug in kaon: %v", c.value) }

// guarded turns a panic of f into an error. Go itself would end the process with code 2, which stands for bad usage.
func guarded(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &exitError{exitCrash, &crash{v, debug.Stack()}}
		}
	}()
	return f()
}

// guardedDriver is a driver whose panics are errors: the scheduler calls it on goroutines of its own.
type guardedDriver struct{ scheduler.Driver }

func (d guardedDriver) Run(ctx context.Context, deliver func(...scheduler.Event)) error {
	return guarded(func() error { return d.Driver.Run(ctx, deliver) })
}

func (d guardedDriver) Send(ctx context.Context, call scheduler.Call) error {
	return guarded(func() error { return d.Driver.Send(ctx, call) })
}

// crashed ends the process for a panic on a goroutine that has nobody to tell.
func crashed(value any) {
	os.Exit(report(os.Stderr, &exitError{exitCrash, &crash{value, debug.Stack()}}))
}

// trace prints where a panic came from, and who wants to know.
func trace(w io.Writer, err error) {
	var c *crash
	if errors.As(err, &c) {
		fmt.Fprintf(w, "nothing was deleted; please report this, with what follows and `kaon version`, at %s\n\n%s", reportAt, c.stack)
	}
}
