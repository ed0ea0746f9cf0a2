package main

import (
	"io/fs"
	"testing"
)

// A secret is its owner's alone, but for a group to which root or another user has given it to read.
func TestWhoMayReadASecret(t *testing.T) {
	t.Parallel()
	const everybody, group = "every user of this machine", "its group"
	for _, c := range []struct {
		mode      fs.FileMode
		owner, me int
		want      string
	}{
		{0o600, 7, 7, ""}, {0o400, 7, 7, ""}, {0o604, 7, 7, everybody}, {0o644, 0, 0, everybody}, {0o602, 7, 7, everybody},
		{0o640, 7, 7, group}, {0o660, 7, 7, group}, {0o640, 0, 7, ""}, {0o640, 0, 0, ""}, {0o440, 8, 7, ""}, {0o660, 0, 7, group},
	} {
		if got := modeOpenTo(c.mode, c.owner, c.me); got != c.want {
			t.Errorf("%v of %d is open to %q for %d, want %q", c.mode, c.owner, got, c.me, c.want)
		}
	}
}
