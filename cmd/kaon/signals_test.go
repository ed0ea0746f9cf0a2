package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"
)

// A signal ends the last work, and what it leaves is said so; its end by itself is none.
func TestLastWorkIsLeft(t *testing.T) {
	last, cancel := lastWork(time.Hour)
	defer cancel()
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-last.Done()
	if cause := context.Cause(last); !errors.Is(cause, errLeft) {
		t.Errorf("ended by %v", cause)
	}
	if err := asLeft(last, fmt.Errorf("wait: %w", last.Err()), nil); !errors.Is(err, errLeft) {
		t.Errorf("said: %v", err)
	}
	over, cancel := lastWork(time.Hour)
	cancel()
	if cause := context.Cause(over); errors.Is(cause, errLeft) {
		t.Error("one that is over was left")
	}
}
