package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/testkit"
)

// A drain is for operators, is known to the next process, and has an agent empty by its deadline at no charge.
func TestDrain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("slow.yaml", slowSpec)
	x, _ := p.serving()
	p.kaon("drain").ends(exitUsage).says("--attribute NAME=VALUE")
	p.kaon("cordon", "nowhere").ends(exitUsage)
	var s api.Sweep
	p.kaon("submit", "slow.yaml", "--set", "task.retries=0", "--json").ends(exitDone).json(&s)
	var agents []api.Agent
	await := func(what string, done func(a *api.Agent) bool) {
		t.Helper()
		awaitJSON(t, p, what, &agents, func() bool { return len(agents) == 1 && done(&agents[0]) }, "agents", "--json")
	}
	await("three trials on the one agent", func(a *api.Agent) bool { return a.Running == 3 && len(a.Attempts) == 3 && a.Used.CPUs > 0.29 })
	host := agents[0].Host
	p.kaon("cordon", host, "--reason", "kernel").ends(exitDone).prints("no new work")
	p.kaon("agents", "--running").ends(exitDone).prints("cordoned: kernel", s.ID+"/2")
	p.kaon("drain", "elsewhere").ends(exitUsage).says("known: " + host)
	p.kaon("drain", "--attribute", "rack=r1").ends(exitDone).prints("no agent is meant yet")
	p.kaon("drain", "--attribute", "rack=r1", "--undo").ends(exitDone).prints("may have work again")
	p.kaon("drain", host, "--deadline", "0s", "--wait", "--reason", "kernel").ends(exitDone).prints("nothing runs there")
	p.kaon("status", s.ID).ends(exitDone).prints("3 waiting", "no work")
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	y, _ := p.serving()
	p.write("go", "")
	await("the same after a restart", func(a *api.Agent) bool { return a.State == "cordoned" && a.Running == 0 && a.Cordon.By != "" })
	p.kaon("drain", host, "--undo").ends(exitDone).prints(host + " may have work again")
	p.kaon("drain", host, "--undo").ends(exitUsage).says("is not cordoned")
	p.kaon("watch", s.ID).ends(exitDone).prints("winner: trial 1, loss 1")
	y.signal(os.Interrupt)
	y.wait().ends(exitDone)
	p.alone()
}

// awaitJSON runs a command until what it prints is as wanted.
func awaitJSON(t *testing.T, p place, what string, v any, done func() bool, args ...string) {
	t.Helper()
	testkit.Await(t, what, func() bool {
		r := p.kaon(args...)
		return r.code == exitDone && json.Unmarshal([]byte(r.stdout), v) == nil && done()
	})
}
