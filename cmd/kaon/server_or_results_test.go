package main

import (
	"os"
	"strings"
	"testing"
)

// Results that are typed are read, changed and deleted, and sweeps run there, whatever server the environment names.
func TestTypedResultsBeforeTheServerOfTheEnvironment(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("quick.yaml", quickSpec)
	x, ready := p.serving()
	defer func() {
		x.signal(os.Interrupt)
		x.wait().ends(exitDone)
	}()
	p.kaon("submit", "quick.yaml", "--wait").ends(exitDone)
	shell := p
	shell.aws = append(shell.aws, "KAON_SERVER="+ready.Server)
	theirs := func() string { return shell.kaon("list", "--json").ends(exitDone).stdout }
	before := theirs()
	for _, do := range [][]string{{"rm", "@latest"}, {"gc", "--older-than", "0s"}} {
		var mine result
		shell.kaon("run", "quick.yaml", "--results", "scratch", "--json").ends(exitDone).json(&mine)
		shell.kaon("list", "--results", "scratch").ends(exitDone).prints(mine.Sweep)
		shell.kaon("status", "--results", "scratch").ends(exitDone).prints(mine.Sweep)
		shell.kaon("archive", mine.Sweep, "--results", "scratch").ends(exitDone)
		shell.kaon("retry", mine.Sweep, "--results", "scratch").ends(exitDone).prints(mine.Sweep + " succeeded")
		shell.kaon(append(do, "--results", "scratch")...).ends(exitDone).prints(mine.Sweep + " is deleted")
		if theirs() != before || strings.Contains(before, mine.Sweep) {
			t.Errorf("%v reached the server's:\n%sthere were:\n%s", do, theirs(), before)
		}
	}
	shell.kaon("workflow", "list", "--results", "scratch").ends(exitDone)
	for _, args := range [][]string{{"list"}, {"gc", "--older-than", "0s"}, {"run", "quick.yaml"}, {"status"}} {
		shell.kaon(append(args, "--results", "scratch", "--server", ready.Server)...).ends(exitUsage).says("leave one of the two out")
	}
	if theirs() != before {
		t.Errorf("the server has:\n%sthere were:\n%s", theirs(), before)
	}

	// What a run without the server says to type goes on with it.
	out := shell.kaon("run", "quick.yaml", "--server", "none").ends(exitDone).prints("as a page: kaon report ").stdout
	_, hint, _ := strings.Cut(out, "as a page: kaon ")
	hint, _, _ = strings.Cut(hint, " > ")
	shell.kaon(strings.Fields(hint)...).ends(exitDone).prints("<html")
	id := strings.Fields(hint)[1]
	shell.kaon("best", id, "--server", "none").ends(exitDone).prints("winner: trial 1")
	shell.aws = append(shell.aws, "KAON_SERVER=none")
	shell.kaon("best", id).ends(exitDone).prints("winner: trial 1")
	shell.kaon("retry", id).ends(exitDone)
	shell.kaon("rm", id).ends(exitDone).prints("is deleted")
}
