package main

import (
	"strings"
	"syscall"
	"testing"
)

// What a script's unset variable leaves is no name: without one, most commands speak of the newest sweep, and rm would delete it.
func TestEmptyNamesAreRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	p.kaon("run", "square.yaml", "-q").ends(exitDone)
	for _, args := range [][]string{{"rm", ""}, {"stop", ""}, {"stop", "/3"}, {"status", ""}, {"retry", ""}, {"repair", ""}, {"archive", "a", ""}, {"trial", "/3"}} {
		p.kaon(args...).ends(exitUsage).says("is a variable not set?")
	}
	for _, name := range []string{"../../etc/passwd", ".", "a\nb", strings.Repeat("x", 5000)} {
		for _, command := range []string{"status", "export", "retry", "repair", "stop"} {
			if r := p.kaon(command, name).ends(exitUsage).says("no sweep can be called", "kaon list"); len(r.stderr) > 300 {
				t.Errorf("%s says %d bytes", command, len(r.stderr))
			}
		}
	}
	p.kaon("status").ends(exitDone)
	p.kaon("map", "a=1", "--", "echo", "", "x{a}").ends(exitDone).prints(" x1") // words of commands may be empty
}

// --resume without an id goes on with the newest sweep that was interrupted, and not with one that ended later.
func TestResumeTheInterrupted(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.kaon("run", "--resume").ends(exitUsage).says("run a sweep first")
	x := p.halfway("-q")
	p.kaon("run", "--resume").ends(exitUsage).says("interrupted") // it is at work
	x.signal(syscall.SIGKILL)
	x.wait()
	p.opened()
	p.write("square.yaml", square)
	p.kaon("run", "square.yaml", "-q").ends(exitDone)
	p.kaon("run", "--resume", "-q").ends(exitDone).prints("gated-", "succeeded")
	p.kaon("run", "--resume", "-q").ends(exitUsage).says("interrupted")
}
