package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Trials that share the executor of this machine are held to their own memory: by control groups or, for a user who may
// make none, by looking.
func TestTrialsAreHeldToTheirMemory(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("greedy.yaml", `
name: greedy
method: grid
metric: {name: mb, goal: maximize}
parameters: {mb: {values: [8, 400]}}
command: '(head -c ${param.mb}M /dev/zero; sleep 1) | tail > /dev/null && test ${param.mb} -lt 100 && echo mb=${param.mb}'
task: {resources: {cpus: 0.1, memory: 100MB}}
`)
	var got result
	p.kaon("run", "greedy.yaml", "--json").ends(exitDone).json(&got)
	if got.Trials.Succeeded != 1 || got.Trials.Failed != 1 || got.Best.Trial != 0 {
		t.Errorf("%+v", got)
	}
	p.kaon("trial", "1").ends(exitDone).prints("out of memory at the limit of 100 MB: ask for more in task.resources.memory")
	p.alone()
}

// A limit in which no program can be loaded ended the executor, and with it all trials beside: the kernel kills what shares
// the memory of a program that is being started.
func TestTinyLimitEndsNoNeighbour(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("tiny.yaml", `
method: grid
metric: {name: x, goal: maximize}
parameters: {x: {min: 1, max: 40}}
command: 'echo x=${param.x}'
task: {resources: {cpus: 0.01, memory: 100KB}}
`)
	r := p.kaon("run", "tiny.yaml").ends(exitDone).prints("40 succeeded")
	if strings.Contains(r.stdout+r.stderr, "was lost") {
		t.Errorf("trials were lost:\n%s%s", r.stdout, r.stderr)
	}
}

// What an executor could not clean up because it was killed, its agent does: what its trials started, and their groups.
func TestKilledExecutorLeavesNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	started := p.pipe("started")
	p.write("long.yaml", `
name: long
method: grid
parameters: {x: {values: [1]}}
command: 'setsid sleep 600 & echo > started; sleep ${KAON_ATTEMPT:-1}00'
task: {resources: {cpus: 0.1, memory: 100MB}, timeout: 1s, grace: 1s}
`)
	run := p.start("run", "long.yaml", "--quiet")
	line(t, started)
	var executor int
	for _, pid := range p.processes() {
		if strings.Contains(commandOf(pid), " executor") {
			executor = pid
		}
	}
	groups := func() []string {
		found, err := filepath.Glob(fmt.Sprintf("/sys/fs/cgroup/*/kaon-%d-*", executor))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	t.Logf("executor %d with groups %v", executor, groups())
	if err := syscall.Kill(executor, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	line(t, started)
	if left := groups(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	run.wait().ends(exitFailed) // the second attempt's time is up
	p.alone()
}
