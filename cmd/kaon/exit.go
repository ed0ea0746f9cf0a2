package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/fault"
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
	err  error // nil: all has been said already
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func usage(err error) error       { return fault.Usage(err) }
func unreachable(err error) error { return fault.Unreachable(err) }

// silently ends the process with a code when all has been said already.
func silently(code int) error { return &exitError{code, nil} }

// exitCode is the code that an error ends the process with: its own, else that of its kind.
func exitCode(err error) int {
	var own *exitError
	var p *crash.Panic
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &own):
		return own.code
	case errors.As(err, &p):
		return exitCrash
	}
	switch fault.KindOf(err) {
	case fault.KindUsage:
		return exitUsage
	case fault.KindUnreachable:
		return exitUnreachable
	}
	return exitFailed
}

// interrupted has what was broken off by a signal end the process as that, whoever told of it.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil || !errors.Is(err, context.Canceled) || errors.As(err, new(*exitError)) {
		return err
	}
	// which is no news
	if text := err.Error(); strings.HasSuffix(text, context.Canceled.Error()) && !strings.Contains(text, "\n") {
		err = errors.New("interrupted")
	}
	return &exitError{exitInterrupted, err}
}

// report prints the error for a person, and answers the exit code.
func report(w io.Writer, err error) int {
	code := exitCode(err)
	var own *exitError
	if err == nil || errors.As(err, &own) && own.err == nil {
		return code
	}
	fmt.Fprintf(w, "kaon: %s\n", errorText(err))
	trace(w, err)
	return code
}

// errorText is an error for people, who know a server's settings by their flags.
func errorText(err error) string {
	text := err.Error()
	var s *server.SettingError
	if errors.As(err, &s) {
		text = strings.Replace(text, s.Error(), s.Text(flagNames[s.Setting]), 1)
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		text += ": make room there; results and state may lie elsewhere (--results, --state)"
	}
	return text
}
