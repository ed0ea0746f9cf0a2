package main

import (
	"errors"
	"fmt"
	"io"
)

// Exit codes are a contract for scripts.
const (
	exitDone        = 0   // all well
	exitFailed      = 1   // the sweep finished, but failed
	exitUsage       = 2   // bad usage or a bad spec
	exitUnreachable = 3   // cluster, bucket or state cannot be reached, or not be read
	exitCrash       = 70  // a fault in kaon: sysexits.h's EX_SOFTWARE
	exitInterrupted = 130 // stopped by a signal; says how to resume
)

// exitError is an error that says which code the process ends with.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func usage(err error) error       { return &exitError{exitUsage, err} }
func unreachable(err error) error { return &exitError{exitUnreachable, err} }

// errSilent ends the process with a code when all has been said already.
func silently(code int) error { return &exitError{code, nil} }

// report prints the error for a person, and answers the exit code.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	code := exitFailed
	var exit *exitError
	if errors.As(err, &exit) {
		code = exit.code
		if exit.err == nil {
			return code
		}
	}
	fmt.Fprintf(w, "kaon: %v\n", err)
	trace(w, err)
	return code
}
