package executor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/executor/shortage"
	"github.com/kaon-sweep/kaon/testkit"
)

func TestAgentNeverReachedIsToldApart(t *testing.T) {
	a := newFakeAgent(t)
	a.set(func() { a.mu.down = true })
	ctx, stop := context.WithTimeout(t.Context(), testkit.Patience)
	defer stop()
	err := Run(ctx, Config{
		Agent: strings.TrimPrefix(a.URL, "http://"), Framework: "fw-1", Executor: "ex-1", Sandbox: t.TempDir(), Checkpoint: true,
		FirstWait: 50 * time.Millisecond, BackoffMax: 10 * time.Millisecond, Environ: []string{"PATH=/usr/bin:/bin"},
	})
	if !errors.Is(err, ErrCutOff) || !strings.Contains(err.Error(), a.Listener.Addr().String()) {
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
		if got := shortage.Of(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}
