package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
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
		agents = awaitAgents(t, p, what, func(all []api.Agent) bool { return len(all) == 1 && done(&all[0]) })
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
	p.kaon("drain", host, "--undo").ends(exitUsage).says("is not cordoned", "nothing is cordoned")
	p.kaon("watch", s.ID).ends(exitDone).prints("winner: trial 1, loss 1")
	y.signal(os.Interrupt)
	y.wait().ends(exitDone)
	p.alone()
}

// A server that has not seen a sweep yet keeps who may use it and what it is to leave alone.
func TestServerKeepsItsSettings(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x, _ := p.serving()
	p.kaon("token", "create", "ann").ends(exitDone)
	p.kaon("cordon", "--attribute", "gpu=old").ends(exitDone)
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	y, _ := p.serving()
	p.kaon("token", "list").ends(exitDone).prints("ann")
	p.kaon("cordon", "--attribute", "gpu=old", "--undo").ends(exitDone)
	y.signal(os.Interrupt)
	y.wait().ends(exitDone)
	p.write("kaon-results/.state/serve/cordons.json", "{bad")
	p.kaon("serve").ends(exitUnreachable).says("cordons.json", "cordon them again")
}

// On a cluster what is drained goes on elsewhere, and the agent works again when the drain is lifted.
func TestDrainOfACluster(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("slow.yaml", slowSpec)
	cluster := p.start("cluster", "--listen", "127.0.0.1:0", "--json", "--no-auth", "--allocate", "20ms",
		"--agent", "name=a,cpus=4,mem=400,rack=r1", "--agent", "name=b,cpus=4,mem=400,rack=r2")
	var at struct{ Cluster string }
	testkit.Await(t, "the cluster", func() bool { return json.Unmarshal([]byte(cluster.stdout.String()), &at) == nil })
	x, _ := p.serving("--cluster", at.Cluster)
	var s api.Sweep
	p.kaon("submit", "slow.yaml", "--json").ends(exitDone).json(&s)
	var agents []api.Agent
	await := func(what string, done func(from, to *api.Agent) bool) {
		t.Helper()
		agents = awaitAgents(t, p, what, func(all []api.Agent) bool {
			return len(all) == 2 && (done(&all[0], &all[1]) || done(&all[1], &all[0]))
		})
	}
	await("all on one agent", func(from, to *api.Agent) bool { return from.Running == 3 })
	rack := "rack=r1"
	if agents[1].Running == 3 {
		rack = "rack=r2"
	}
	p.kaon("drain", "--attribute", rack, "--deadline", "0s", "--wait").ends(exitDone).prints("1 agent, nothing runs there")
	await("all on the other", func(from, to *api.Agent) bool {
		return "rack="+from.Attributes["rack"] == rack && from.State == "cordoned" && from.Running == 0 && to.Running == 3
	})
	p.kaon("drain", "a", "--undo").ends(exitUsage).says("there are agents with " + rack)
	p.kaon("drain", "--attribute", rack, "--undo").ends(exitDone)
	await("both to work again", func(from, to *api.Agent) bool { return from.Cordon == nil && to.Cordon == nil })
	p.write("go", "")
	p.kaon("watch", s.ID).ends(exitDone).prints("winner: trial 1, loss 1")
	for _, agent := range agents { // which ends executors that have nothing to do
		p.kaon("drain", agent.ID, "--wait").ends(exitDone).prints("1 agent, nothing runs there")
	}
	testkit.Await(t, "the end of idle executors", func() bool {
		return !slices.ContainsFunc(p.processes(), func(pid int) bool { return strings.Contains(commandOf(pid), " executor ") })
	})
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	cluster.signal(os.Interrupt)
	cluster.wait()
}

// The name of one agent means no other whose name begins with it.
func TestMeantCordons(t *testing.T) {
	t.Parallel()
	agents := []api.Agent{{ID: "S0", Host: "a1"}, {ID: "S01", Host: "a10"}, {ID: "S2", Host: "a11"}, {ID: "S3", Host: "b"}}
	all := []api.Cordon{
		{ID: "1", Agent: "a10"}, {ID: "2", Agent: "a1"}, {ID: "3", Agent: "S2"}, {ID: "4", Attribute: "rack", Value: "a1"},
		{ID: "5", Agent: "gone"}, {ID: "6", Agent: "S01"},
	}
	for _, c := range []struct {
		word, want string
		without    string // a cordon
	}{
		{"a1", "2", ""}, {"S0", "2", ""}, {"a10", "16", ""}, {"S01", "16", ""}, {"a11", "3", ""}, {"go", "5", ""}, {"gone", "5", ""}, {"S2", "3", ""},
		{"a1", "", "2"}, {"a", "2 agents", "2"}, {"S", "2 agents", "2"}, {"a", "3 agents", ""}, {"b", "", ""}, {"x", "", ""},
	} {
		list := slices.DeleteFunc(slices.Clone(all), func(one api.Cordon) bool { return one.ID == c.without })
		chosen, err := meant(list, api.NewCordon{Agent: c.word}, agents)
		got := ""
		for _, one := range chosen {
			got += one.ID
		}
		if err != nil && strings.Contains(c.want, " ") && strings.Contains(err.Error(), c.want) {
			got = c.want
		}
		if got != c.want {
			t.Errorf("%s without %q means %q, %v; want %q", c.word, c.without, got, err, c.want)
		}
	}
	if got, err := meant(all, api.NewCordon{Attribute: "rack", Value: "a1"}, agents); err != nil || len(got) != 1 || got[0].ID != "4" {
		t.Errorf("by the attribute %+v, %v", got, err)
	}
}

// awaitAgents waits until the server's agents are as wanted.
func awaitAgents(t *testing.T, p place, what string, done func([]api.Agent) bool) (agents []api.Agent) {
	t.Helper()
	testkit.Await(t, what, func() bool {
		agents = nil // or what is absent would stay
		r := p.kaon("agents", "--json")
		return r.code == exitDone && json.Unmarshal([]byte(r.stdout), &agents) == nil && done(agents)
	})
	return agents
}
