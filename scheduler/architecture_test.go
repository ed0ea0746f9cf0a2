package scheduler

import (
	"reflect"
	"slices"
	"testing"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// What runs on agents of one architecture is found again though a binary for another was added, taken away or replaced.
func TestExecutorsOfOneArchitectureStandAlone(t *testing.T) {
	amd, arm := Build{Argv: []string{"a"}}, Build{Argv: []string{"b"}}
	id := func(builds map[string]Build, arch string) offers.ExecutorID {
		cfg := testConfig()
		cfg.Executor.Argv, cfg.Executor.Builds = []string{"sh"}, builds
		o, err := NewCore(cfg).executorSpecFor("s", testSpec{Trials: 1}.spec())
		if err != nil {
			t.Fatal(err)
		}
		return o.ids[arch]
	}
	alone := id(map[string]Build{"amd64": amd}, "amd64")
	if id(map[string]Build{"amd64": amd, "arm64": arm}, "amd64") != alone {
		t.Error("a binary for arm64 changes the executors on amd64")
	}
	if id(map[string]Build{"amd64": arm}, "amd64") == alone {
		t.Error("another binary has the same executor")
	}
	if id(map[string]Build{"amd64": amd}, "") == alone {
		t.Error("what a shell starts has the same executor as what is started without one")
	}
}

// An agent that was labelled while it ran an executor of ours goes on with that: Mesos refuses tasks that say another
// thing of an executor that runs. When it has ended, the build for its architecture follows.
func TestLabelledAgentGoesOnWithItsExecutor(t *testing.T) {
	c := isolationCore(t, sweep.Task{})
	old := launched(c, "a1")[0].Executor
	labelled := func(id offers.OfferID, running ...offers.ExecutorID) []cluster.TaskInfo {
		c.Do(c.now, Submit{ID: string(id), Spec: testSpec{Trials: 2}.spec()})
		c.Step(c.now, cluster.Offered{Offers: []offers.Offer{{
			ID: id, Agent: "a1", Executors: running, Attributes: []offers.Attribute{{Name: "arch", Value: "amd64"}},
			Amounts: []offers.Amount{{Name: "cpus", Scalar: 2 * resource.Unit}, {Name: "mem", Scalar: 4000 * resource.Unit}},
		}}})
		c.Pack(c.now)
		var tasks []cluster.TaskInfo
		for _, call := range c.Ready().Calls {
			if a, ok := call.(cluster.Accept); ok {
				tasks = append(tasks, a.Tasks...)
			}
		}
		return tasks
	}
	warm := labelled("o1", "somebody", old.ID)
	if len(warm) != 2 || !reflect.DeepEqual(warm[0].Executor, old) || !reflect.DeepEqual(warm[1].Executor, old) {
		t.Fatalf("two tasks of the executor %+v that runs and is paid for, got %+v", old, warm)
	}
	for _, id := range []cluster.TaskID{"a.0.1", "a.1.1", warm[0].ID, warm[1].ID} {
		c.Step(c.now, cluster.Updated{Status: cluster.Status{Task: id, Agent: "a1", State: cluster.Finished}})
	}
	c.Step(c.now, cluster.ExecutorGone{Agent: "a1", Executor: old.ID})
	c.Ready()
	for _, task := range labelled("o2") {
		if e := task.Executor; e.ID == old.ID || len(e.Resources) == 0 || !slices.Equal(e.Argv, []string{"./kaon-amd64", "executor"}) || e.URIs == nil {
			t.Errorf("%s: executor %+v", task.ID, e)
		}
	}
}
