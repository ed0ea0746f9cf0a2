package main

import (
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
)

// No command speaks of agents and offers when what is missing is a free cpu of this machine.
func TestWaitingOnThisMachine(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("wait.yaml", `
name: wait
method: grid
parameters: {x: {min: 1, max: 300}}
command: while [ ! -e open ]; do sleep 0.05; done
task: {resources: {cpus: 1, memory: 1MB}}
`)
	x := p.start("run", "wait.yaml")
	const want = " trials are waiting for a free cpu: this machine has "
	var last ran
	testkit.Await(t, "a status that says why trials wait", func() bool {
		last = p.kaon("status")
		return strings.Contains(last.stdout, want)
	})
	waiting := p.kaon("trial", "299").ends(exitDone).prints(want, ", all in use")
	if told := last.stdout + waiting.stdout; strings.Contains(told, "agent") || strings.Contains(told, "short of") {
		t.Errorf("in the scheduler's words:\n%s", told)
	}
	p.kaon("stop", sweepOf(x)).ends(exitDone)
	x.wait().ends(exitFailed)
}
