package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/server/plan"
	"github.com/kaon-sweep/kaon/testkit"
)

// serve starts a cluster, on whose machine uname -m prints what machine says; empty: the truth.
func (p place) serve(machine string, agents ...string) (address string) {
	p.t.Helper()
	args := []string{"cluster", "--listen", "127.0.0.1:0", "--json", "--allocate", "20ms", "--work", filepath.Join(p.dir, "agents")}
	for _, a := range agents {
		args = append(args, "--agent", a)
	}
	cmd := p.command(args...)
	if machine != "" {
		p.program("bin/uname", "#!/bin/sh\necho "+machine+"\n")
		cmd.Env = append(cmd.Env, "PATH="+filepath.Join(p.dir, "bin")+":"+os.Getenv("PATH"))
	}
	x := p.launch(cmd)
	x.stdout.await(p.t, "\n")
	var said struct{ Cluster string }
	if err := json.Unmarshal([]byte(x.stdout.String()), &said); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		x.signal(syscall.SIGTERM)
		x.wait()
	})
	return said.Cluster
}

// program makes a script that can be run.
func (p place) program(name, text string) string {
	p.t.Helper()
	file := p.write(name, text)
	if err := os.Chmod(file, 0o755); err != nil {
		p.t.Fatal(err)
	}
	return file
}

// standIn is a program for the other architecture that this machine can run: it leaves a word, and is kaon.
func (p place) standIn(word string) string {
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	return p.program("kaon-foreign", "#!/bin/sh\necho "+word+" >> "+filepath.Join(p.dir, word)+"\n"+
		`for a; do shift; case $a in --sha256=*) ;; *) set -- "$@" "$a";; esac; done`+"\nexec "+self+` "$@"`+"\n")
}

// names are what attributes may call this machine's architecture and the other one, and uname the other one.
func names() (ours, others, machine string) {
	if runtime.GOARCH == "arm64" {
		return "AArch64", "x86-64", "x86_64"
	}
	return "x64", "aarch64", "aarch64"
}

// tries are the attempts of a trial of an ended sweep.
func (p place) tries(id string, trial string) []board.Attempt {
	p.t.Helper()
	var t board.Trial
	p.kaon("trial", id+"/"+trial, "--json").ends(exitDone).json(&t)
	return t.Attempts
}

// Of two agents the one does not say what it is, and is something else: one attempt finds out, which costs its trial
// nothing, and the sweep goes on at the other.
func TestForeignAgentIsMetOnce(t *testing.T) {
	t.Parallel()
	ours, _, _ := names()
	p := newPlace(t)
	p.write("square.yaml", square)
	address := p.serve("riscv64", "name=a,cpus=8,mem=800", "name=b,cpus=1,mem=100,cpu_arch="+ours)
	r := p.kaon("run", "square.yaml", "--cluster", address, "--json").ends(exitDone)
	r.says("agent a is of an architecture that no executor is built for, and gets no trials", "--executor-foreign PATH, or kaon-linux-")
	if n := strings.Count(r.stderr, "agent a is of an architecture"); n != 1 {
		t.Errorf("told %d times:\n%s", n, r.stderr)
	}
	got := contract(t, r)
	if got.Trials.Succeeded != 8 {
		t.Fatalf("%+v", got.Trials)
	}
	met := 0
	for _, trial := range []string{"0", "1", "2", "3", "4", "5", "6", "7"} {
		for _, a := range p.tries(got.Sweep, trial) {
			switch {
			case a.End.Agent == "a" && a.End.State == "lost" && strings.Contains(a.End.Reason, "no executor is built for"):
				met++
			case a.End.Agent != "b" || a.End.State != "succeeded":
				t.Errorf("trial %s: %s on %s: %s", trial, a.End.State, a.End.Agent, a.End.Reason)
			}
		}
	}
	if met == 0 || met > 8 {
		t.Errorf("%d attempts met the foreign agent, want 1 to 8: those that were launched with the first", met)
	}
}

// An agent that says what it is gets nothing that it cannot run, and whoever waits is told what helps.
func TestForeignAgentIsRefused(t *testing.T) {
	t.Parallel()
	_, others, _ := names()
	p := newPlace(t)
	p.write("square.yaml", square)
	address := p.serve("", "name=a,cpus=2,mem=200,arch="+others)

	const remedy = "--executor-foreign PATH, or kaon-linux-"
	p.kaon("plan", "square.yaml", "--cluster", address).ends(exitDone).prints("would never start", "no agent of this cluster can run it",
		"1 agent of architecture "+otherArchitecture()+", which no executor is built for", "what helps: an executor for the other agents: "+remedy)
	var planned struct{ Refusals []plan.Infeasible }
	p.kaon("plan", "square.yaml", "--cluster", address, "--json").ends(exitDone).json(&planned)
	want := offers.Excluded{Name: otherArchitecture(), Agents: 1}
	if len(planned.Refusals) != 1 || len(planned.Refusals[0].Reasons.Excluded) != 1 || planned.Refusals[0].Reasons.Excluded[0] != want || planned.Refusals[0].Remedy == "" {
		t.Errorf("planned: %+v", planned)
	}
	p.kaon("plan", "square.yaml", "--cluster", address, "--executor-foreign", p.standIn("ran")).ends(exitDone)
	if out := p.kaon("plan", "square.yaml", "--cluster", address, "--executor", "/usr/bin/kaon").ends(exitDone).stdout; strings.Contains(out, "never start") {
		t.Errorf("with the operator's own executor: %s", out)
	}

	x := p.start("run", "square.yaml", "--cluster", address)
	id := sweepOf(x)
	x.stdout.await(t, "agents of architecture "+otherArchitecture()+", such as a, get no trials")
	x.stdout.await(t, "waiting: 8 trials wait: no agent of this cluster can run it")
	x.stdout.await(t, "what helps: an executor for the other agents: "+remedy)
	p.kaon("status", id).ends(exitDone).prints("8 waiting, 0 running", "what helps: an executor for the other agents")
	p.kaon("trial", id+"/3").ends(exitDone).prints("trial 3: waiting\n", "can run it", remedy)
	x.signal(os.Interrupt)
	x.wait().ends(exitInterrupted)

	// The remedy helps the sweep that waited.
	again := p.kaon("run", "--resume", id, "--cluster", address, "--executor-foreign", p.standIn("ran"), "--json").ends(exitDone)
	if got := contract(t, again); got.Trials.Succeeded != 8 {
		t.Errorf("%+v\n%s", got.Trials, again.stderr)
	}
	if n := strings.Count(p.read("ran"), "ran"); n != 1 {
		t.Errorf("the other architecture's executor started %d times, want one for all trials", n)
	}
	if _, err := os.Stat(filepath.Join(p.dir, "bin")); err == nil {
		t.Error("a shell was asked what the attribute says")
	}
}

// An agent that does not say what it is finds the binary that is its own, with one executor for all trials and with one
// for each, which ends with its trial.
func TestForeignAgentFindsItsBinary(t *testing.T) {
	t.Parallel()
	_, _, machine := names()
	p := newPlace(t)
	p.write("square.yaml", square)
	address := p.serve(machine, "name=a,cpus=2,mem=400")
	foreign := p.standIn("ran")
	for isolation, executors := range map[string]int{"shared": 1, "container": 8} {
		r := p.kaon("run", "square.yaml", "--cluster", address, "--executor-foreign", foreign, "--set", "task.isolation="+isolation, "--json").ends(exitDone)
		if got := contract(t, r); got.Trials.Succeeded != 8 {
			t.Errorf("%s: %+v", isolation, got.Trials)
		}
		if n := strings.Count(p.read("ran"), "ran"); n != executors {
			t.Errorf("%s: %d executors, want %d", isolation, n, executors)
		}
		if err := os.Remove(filepath.Join(p.dir, "ran")); err != nil {
			t.Fatal(err)
		}
	}
}

// A program that was built for this machine is not taken for one of the other.
func TestExecutorForeignIsLookedAt(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p.kaon("run", "square.yaml", "--cluster", "mesos://"+closedPort(t), "--executor-foreign", self).ends(exitUsage).
		says("--executor-foreign", "is built for EM_", "GOARCH="+otherArchitecture()+" make build")
	p.kaon("run", "square.yaml", "--cluster", "mesos://"+closedPort(t), "--executor-foreign", "nowhere").ends(exitUsage).says("nowhere")
}

// A binary that is not the one that was served says so, and is the platform's fault.
func TestMixedUpExecutor(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.kaon("executor", "--sha256", strings.Repeat("0", 64)).ends(cluster.ExitWrongBinary).
		says("this executor is not the one that was served", "served was 0000", "fetcher cache")
	_, others, _ := names()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p.write("square.yaml", square)
	t.Cleanup(func() { // one that the agent has just started ends by itself, as it is the wrong one
		testkit.Await(t, "the end of the last executor", func() bool { return len(p.processes()) == 0 })
	})
	mixedUp := p.program("mixed", "#!/bin/sh\nexec "+self+` "$@"`+"\n") // what runs in the end is another file than was served
	address := p.serve("", "name=a,cpus=1,mem=200,arch="+others)
	x := p.start("run", "square.yaml", "--cluster", address, "--executor-foreign", mixedUp, "--set", "run_cap=1")
	id := sweepOf(x)
	const reason = "the executor that agent a fetched is not the one that was served"
	testkit.Await(t, "the trial's reason", func() bool { return strings.Contains(p.kaon("trial", id+"/0").stdout, reason) })
	x.signal(os.Interrupt)
	x.wait().ends(exitInterrupted)
}

// otherArchitecture is the one that this program is not built for.
func otherArchitecture() string {
	if runtime.GOARCH == "arm64" {
		return "amd64"
	}
	return "arm64"
}
