package main

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
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

// trace prints where a panic came from, and who wants to know.
func trace(w io.Writer, err error) {
	var c *crash
	if errors.As(err, &c) {
		fmt.Fprintf(w, "nothing was deleted; please report this, with what follows and `kaon version`, at %s\n\n%s", reportAt, c.stack)
	}
}
