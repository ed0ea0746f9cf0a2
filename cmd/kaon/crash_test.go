package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
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
