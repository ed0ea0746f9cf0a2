package executor

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestAgentNeverReachedIsToldApart(t *testing.T) {
	a := newFakeAgent(t)
	a.set(func() { a.mu.down = true })
	s := startExecutor(t, a, func(c *Config) { c.FirstWait = 50 * time.Millisecond })
	if err := s.result(t); !errors.Is(err, ErrCutOff) {
		t.Errorf("got %v", err)
	}
}

func TestStarvedNamesWhatIsShort(t *testing.T) {
	for err, want := range map[error]string{
		&os.PathError{Op: "open", Path: "/x", Err: unix.EMFILE}:             "file descriptors",
		fmt.Errorf("start: %w", os.NewSyscallError("fork", unix.EAGAIN)):    "processes",
		fmt.Errorf("start: %w", os.NewSyscallError("fork", unix.ENOMEM)):    "memory",
		&os.PathError{Op: "mkdir", Path: "/x", Err: unix.ENOSPC}:            "disk space",
		&os.PathError{Op: "fork/exec", Path: "./train", Err: unix.ENOENT}:   "",
		errors.New("the order cannot be read"):                              "",
		&os.PathError{Op: "fork/exec", Path: "./train", Err: unix.ENOEXEC}:  "",
		&os.PathError{Op: "fork/exec", Path: "./train", Err: unix.EACCES}:   "",
		fmt.Errorf("args: %w", os.NewSyscallError("fork/exec", unix.E2BIG)): "",
	} {
		if got := starved(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}
