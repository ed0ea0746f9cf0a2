package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler"
)

// Go ends a process that panics with 2, which says that the user was wrong.
func TestPanicIsNoBadUsage(t *testing.T) {
	var out bytes.Buffer
	code := report(&out, guarded(func() error {
		var none []int
		return errors.New(string(rune(none[3])))
	}))
	if code != exitCrash {
		t.Errorf("exit code %d, want %d", code, exitCrash)
	}
	for _, want := range []string{"this is a bug in kaon", "index out of range", reportAt, "crash_test.go"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in:\n%s", want, &out)
		}
	}
}

// broken is a driver with a fault.
type broken struct{}

func (broken) Run(context.Context, func(...scheduler.Event)) error { panic("run") }
func (broken) Send(context.Context, scheduler.Call) error          { panic("send") }

// The scheduler calls its driver on goroutines of its own, where a panic would end the process as Go does.
func TestPanicOfDriverIsAnError(t *testing.T) {
	var c *crash
	d := guardedDriver{broken{}}
	if err := d.Run(t.Context(), nil); !errors.As(err, &c) || c.value != "run" {
		t.Errorf("run: %v", err)
	}
	if err := d.Send(t.Context(), nil); !errors.As(err, &c) || c.value != "send" {
		t.Errorf("send: %v", err)
	}
}

// So would one of the embedded cluster's, or of an executor's.
func TestPanicOfGoroutineIsNoBadUsage(t *testing.T) {
	if os.Getenv("KAON_TEST_CRASH") != "" {
		go func() {
			defer func() { crashed(recover()) }()
			panic("on its own")
		}()
		select {}
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestPanicOfGoroutineIsNoBadUsage$")
	cmd.Env = append(os.Environ(), "KAON_TEST_CRASH=1")
	out, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != exitCrash || !bytes.Contains(out, []byte("on its own")) || !bytes.Contains(out, []byte("crash_test.go")) {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}
