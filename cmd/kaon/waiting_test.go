package main

import (
	"strings"
	"testing"
	"time"
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
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if last = p.kaon("status"); strings.Contains(last.stdout, want) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("status does not say %q:\n%s%s", want, last.stdout, last.stderr)
		}
	}
	waiting := p.kaon("trial", "299").ends(exitDone).prints(want, ", all in use")
	if told := last.stdout + waiting.stdout; strings.Contains(told, "agent") || strings.Contains(told, "short of") {
		t.Errorf("in the scheduler's words:\n%s", told)
	}
	p.kaon("stop", sweepOf(x)).ends(exitDone)
	x.wait().ends(exitFailed)
}
