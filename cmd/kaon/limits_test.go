package main

import (
	"fmt"
	"os"
	"os/exec"
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
command: 'setsid sleep 600 & echo > started; [ ${KAON_ATTEMPT:-1} = 1 ] || exit 1; sleep 600'
task: {resources: {cpus: 0.1, memory: 100MB}, grace: 1s}
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
	run.wait().ends(exitFailed) // as its later attempts have
	p.alone()
}

// A run and its executor that are killed at once leave what the trial had started in a session of its own. Whoever goes on with the sweep
// ends that first, and nothing of anybody who only looks at the trial's folder, nor itself.
func TestWhoGoesOnEndsWhatIsLeft(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	started := p.pipe("started")
	p.write("left.yaml", `
name: left
method: grid
metric: {name: x, goal: maximize}
parameters: {x: {values: [1]}}
command: 'if [ $KAON_ATTEMPT = 1 ]; then setsid sleep 600 & echo > started; sleep 600; fi; echo x=1'
`)
	run := p.start("run", "left.yaml", "--quiet")
	id := sweepOf(run)
	line(t, started)
	var executor int
	for _, pid := range p.processes() {
		if strings.Contains(commandOf(pid), " executor") {
			executor = pid
		}
	}
	sandbox, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", executor))
	if err != nil {
		t.Fatal(err)
	}
	run.signal(syscall.SIGKILL)
	if err := syscall.Kill(executor, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-run.ended
	if len(p.processes()) == 0 {
		t.Fatal("nothing is left: nothing is tested")
	}
	looker := exec.Command("sleep", "600")
	looker.Env = append(os.Environ(), "PWD="+sandbox)
	if err := looker.Start(); err != nil {
		t.Fatal(err)
	}
	resume := p.command("run", "--resume", id)
	resume.Env = append(resume.Env, "OLDPWD="+sandbox)
	p.launch(resume).wait().ends(exitDone)
	for _, pid := range p.processes() {
		if pid != looker.Process.Pid {
			t.Errorf("still lives: %s", commandOf(pid))
		}
	}
	if err := looker.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("who looked at the folder was ended: %v", err)
	}
	_ = looker.Wait() // ended by the signal
	if s, ok := looker.ProcessState.Sys().(syscall.WaitStatus); !ok || s.Signal() != syscall.SIGTERM {
		t.Errorf("who looked at the folder ended by %v", looker.ProcessState)
	}
}
