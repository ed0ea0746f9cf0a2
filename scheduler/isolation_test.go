package scheduler

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// launched are the tasks of the ACCEPT calls that a pass over one offer of the agent gives.
func launched(c *Core, agent offers.AgentID, running ...offers.ExecutorID) []cluster.TaskInfo {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c.Step(now, cluster.Offered{Offers: []offers.Offer{{
		ID: offers.OfferID("o-" + string(agent)), Agent: agent, Hostname: string(agent), Executors: running,
		Amounts: []offers.Amount{{Name: "cpus", Scalar: 8 * resource.Unit}, {Name: "mem", Scalar: 4000 * resource.Unit}},
	}}})
	c.Pack(now)
	var tasks []cluster.TaskInfo
	for _, call := range c.Ready().Calls {
		if a, ok := call.(cluster.Accept); ok {
			tasks = append(tasks, a.Tasks...)
		}
	}
	return tasks
}

func isolationCore(t *testing.T, tasks ...sweep.Task) *Core {
	t.Helper()
	c := NewCore(testConfig())
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, task := range tasks {
		c.Do(now, Submit{ID: string(rune('a' + i)), Spec: testSpec{Trials: 2, Task: task}.spec()})
	}
	c.Step(now, cluster.Subscribed{Framework: "f1"})
	c.Ready()
	return c
}

// Two sweeps on one agent: the trials of the one share an executor, those of the other have one each.
func TestIsolationSaysWhoSharesAnExecutor(t *testing.T) {
	c := isolationCore(t, sweep.Task{Isolation: sweep.Shared}, sweep.Task{Isolation: sweep.Contained})
	tasks := launched(c, "a1")
	if len(tasks) != 4 {
		t.Fatalf("%d tasks launched, want 4", len(tasks))
	}
	executors := map[string]map[offers.ExecutorID]bool{}
	for _, task := range tasks {
		id, _, _ := strings.Cut(string(task.ID), ".")
		if executors[id] == nil {
			executors[id] = map[offers.ExecutorID]bool{}
		}
		executors[id][task.Executor.ID] = true
		if len(task.Executor.Resources) == 0 {
			t.Errorf("%s: the executor asks for nothing", task.ID)
		}
	}
	if len(executors["a"]) != 1 || len(executors["b"]) != 2 {
		t.Errorf("shared: %v, container: %v; want one and two", executors["a"], executors["b"])
	}
}

// The id is a hash of the template, so offers' executor_ids name the executor that an earlier scheduler process started.
// It is used again, as it was started, and not paid for a second time.
func TestWarmExecutorInAnOfferIsNotPaidAgain(t *testing.T) {
	first := isolationCore(t, sweep.Task{})
	cold := launched(first, "a1")[0].Executor
	hired := first.executors[journal.ExecutorKey{Agent: "a1", Executor: cold.ID}].resources

	c := isolationCore(t, sweep.Task{})
	c.rememberExecutor(journal.ExecutorEntry{Agent: "a1", Executor: cold.ID, Resources: hired}) // as Restore has it from the journal
	offer := offers.Offer{ID: "o", Agent: "a1", Executors: []offers.ExecutorID{cold.ID}, Amounts: []offers.Amount{
		{Name: "cpus", Scalar: 2 * resource.Unit}, {Name: "mem", Scalar: 1024 * resource.Unit}}} // exactly two trials
	c.Step(c.now, cluster.Offered{Offers: []offers.Offer{offer}})
	c.Pack(c.now)
	ready := c.Ready()
	for _, e := range ready.Journal {
		if e, ok := e.(journal.ExecutorEntry); ok {
			t.Errorf("started again: %v", e)
		}
	}
	var tasks []cluster.TaskInfo
	for _, call := range ready.Calls {
		if a, ok := call.(cluster.Accept); ok {
			tasks = append(tasks, a.Tasks...)
		}
	}
	if len(tasks) != 2 {
		t.Fatalf("%d tasks launched, want 2", len(tasks))
	}
	for _, task := range tasks {
		if !reflect.DeepEqual(task.Executor, cold) {
			t.Errorf("executor %v, want the one that runs: %v", task.Executor, cold)
		}
	}
}

// An executor with the least cpus that Mesos knows does not cost the agent a trial: four trials of one cpu fit four,
// each with an executor of its own or all with one.
func TestSmallExecutorFitsBesideWholeCPUs(t *testing.T) {
	for _, isolation := range []sweep.Isolation{sweep.Shared, sweep.Contained} {
		cfg := testConfig()
		cfg.Executor.Overhead = resource.Resources{CPUs: resource.Unit / 100, Mem: 32 * resource.Unit}
		c := NewCore(cfg)
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		c.Do(now, Submit{ID: "s", Spec: testSpec{Trials: 9, Task: sweep.Task{Isolation: isolation}}.spec()})
		c.Step(now, cluster.Subscribed{Framework: "f1"})
		c.Step(now, cluster.Offered{Offers: []offers.Offer{{ID: "o", Agent: "a1", Hostname: "a1", Amounts: []offers.Amount{
			{Name: "cpus", Scalar: 4 * resource.Unit}, {Name: "mem", Scalar: 4000 * resource.Unit}}}}})
		for range 3 { // a later pass must not take the share again
			c.Pack(now)
		}
		var total resource.Milli
		tasks, executors := 0, map[offers.ExecutorID]bool{}
		for _, call := range c.Ready().Calls {
			a, ok := call.(cluster.Accept)
			if !ok {
				continue
			}
			for _, task := range a.Tasks {
				tasks++
				total += cpusOf(task.Resources)
				if !executors[task.Executor.ID] {
					total += cpusOf(task.Executor.Resources)
				}
				executors[task.Executor.ID] = true
			}
		}
		if tasks != 4 || total > 4*resource.Unit || total < 4*resource.Unit-3*resource.Unit/100 {
			t.Errorf("%v: %d tasks with %d milli-cpus, want 4 with 3970 to 4000", isolation, tasks, total)
		}
	}
}

func cpusOf(list []offers.Amount) (sum resource.Milli) {
	for _, a := range list {
		if a.Name == "cpus" {
			sum += a.Scalar
		}
	}
	return sum
}

// from is an offer whose resources come from one place.
func from(id offers.OfferID, role, reservation, source string, cpus resource.Milli, running ...offers.ExecutorID) offers.Offer {
	amount := func(name string, m resource.Milli) offers.Amount {
		return offers.Amount{Name: name, Scalar: m * resource.Unit, Reservation: reservation, Source: source + name}
	}
	return offers.Offer{
		ID: id, Agent: "a1", Hostname: "a1", Role: role, Executors: running,
		Amounts: []offers.Amount{amount("cpus", cpus), amount("mem", 1000*cpus)},
	}
}

// Mesos allocates an executor to one role, and compares all of an ExecutorInfo with that of the running executor of its
// id: every id stands for one origin of resources, on offers of two roles, with reservations and without, and again
// after a restart.
func TestAnExecutorHasOneOrigin(t *testing.T) {
	kept := &journal.Memory{}
	cfg := testConfig()
	parse := testSpec{Trials: 40}
	cfg.Parse = func(journal.SweepEntry) (*sweep.Spec, error) { return parse.spec(), nil }
	c := NewCore(cfg)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c.Do(now, Submit{ID: "s", Spec: parse.spec()})
	c.Step(now, cluster.Subscribed{Framework: "f1"})

	infos := map[offers.ExecutorID]cluster.ExecutorInfo{}
	roles := map[offers.ExecutorID]string{}
	seen := func(o offers.Offer) (ids []offers.ExecutorID) {
		t.Helper()
		c.Step(now, cluster.Offered{Offers: []offers.Offer{o}})
		c.Pack(now)
		ready := c.Ready()
		if err := kept.Append(ready.Journal); err != nil {
			t.Fatal(err)
		}
		for _, call := range ready.Calls {
			a, ok := call.(cluster.Accept)
			if !ok {
				continue
			}
			for _, task := range a.Tasks {
				x := task.Executor
				if before, known := infos[x.ID]; known && !reflect.DeepEqual(before, x) {
					t.Errorf("%s was started as %+v, and is now said to be %+v", x.ID, before, x)
				}
				if before, known := roles[x.ID]; known && before != o.Role {
					t.Errorf("%s takes tasks of roles %s and %s", x.ID, before, o.Role)
				}
				infos[x.ID], roles[x.ID] = x, o.Role
				if !slices.Contains(ids, x.ID) {
					ids = append(ids, x.ID)
				}
			}
		}
		if len(ids) == 0 {
			t.Fatalf("nothing launched on %s", o.ID)
		}
		return ids
	}
	prod := seen(from("o1", "prod", "", "prod ", 2))
	batch := seen(from("o2", "batch", "", "batch ", 2, prod...))
	if slices.Equal(prod, batch) {
		t.Errorf("one executor %v in two roles", prod)
	}
	running := slices.Concat(prod, batch)
	again := seen(from("o3", "prod", "", "prod ", 1, running...))
	if !slices.Equal(again, prod) {
		t.Errorf("a warm executor of the role was not used: %v, want %v", again, prod)
	}
	reserved := seen(from("o4", "prod", "prod", "prod dynamic ", 2, running...))
	if !slices.Equal(reserved, prod) {
		t.Errorf("reserved resources of a role can go to its executor: %v, want %v", reserved, prod)
	}
	var err error
	if c, err = Restore(now, cfg, kept.Load()); err != nil {
		t.Fatal(err)
	}
	c.Step(now, cluster.Subscribed{Framework: "f1"})
	c.Ready()
	if got := seen(from("o5", "batch", "", "batch ", 1, running...)); !slices.Equal(got, batch) {
		t.Errorf("after a restart: %v, want %v", got, batch)
	}
	// The executor of prod ends with its agent unheard of, and the next is started on what is reserved: another id, since
	// the old one may still run.
	c.cfg.Packer.ExecutorGone("a1", c.packerID("a1", prod[0]))
	if got := seen(from("o6", "prod", "prod", "prod dynamic ", 2)); slices.Equal(got, prod) {
		t.Errorf("%v stands for two origins of resources", got)
	}
}
