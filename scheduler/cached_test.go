package scheduler

import (
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// remembering is a core whose sweeps have results of the work of those trials that were done.
func remembering(t *testing.T, s testSpec, done func(trial int) bool) (cfg Config, spec *sweep.Spec) {
	t.Helper()
	cfg = testConfig()
	builder := func(id string, spec *sweep.Spec) (*task.Builder, error) {
		return task.NewBuilder(id, spec, task.Options{Work: "w"})
	}
	parse := cfg.Parse
	cached := func(s *sweep.Spec) *sweep.Spec { s.Cache = true; return s }
	cfg.Parse = func(e journal.SweepEntry) (*sweep.Spec, error) {
		s, err := parse(e)
		return cached(s), err
	}
	cfg.Builder, spec = builder, cached(s.spec())
	hits := map[string]Hit{}
	b, err := builder("s", spec)
	if err != nil {
		t.Fatal(err)
	}
	method, err := cfg.Search(spec)
	if err != nil {
		t.Fatal(err)
	}
	for trial := range s.Trials {
		p, _ := method.Ask(trial)
		o, err := b.Order(trial, 1, p)
		if err != nil {
			t.Fatal(err)
		}
		if done(trial) {
			hits[b.Key(&o)] = Hit{
				From:   results.Ran{Sweep: "earlier", Trial: trial, Attempt: 1},
				Points: []results.Point{{Step: 1, Metrics: map[string]float64{"loss": float64(trial)}}},
				End:    results.End{State: sweep.AttemptSucceeded, Key: b.Key(&o), Params: o.Params, Seed: o.Seed, Points: 1},
			}
		}
	}
	cfg.Cached = func(_, key string) (Hit, bool) { h, ok := hits[key]; return h, ok }
	return cfg, spec
}

// kept is a journal: what a core has said, in order.
func kept(all []journal.Entry) iter.Seq2[journal.Entry, error] {
	j := new(journal.Memory)
	if err := j.Append(all); err != nil {
		panic(err)
	}
	return j.Load()
}

// A trial whose work was done ends as cached with what that reported, is never launched, and stays so after a crash; a search that
// learns is told of it, and the sweep's best may be one.
func TestCachedTrials(t *testing.T) {
	for name, s := range map[string]testSpec{
		"uniform": {Trials: 5000, Objective: "loss"},
		"sized":   {Trials: 50, Objective: "loss", Sizes: []resource.Milli{resource.Unit, 2 * resource.Unit}},
		"learns":  {Trials: 50, Objective: "loss", Learns: true},
	} {
		cfg, spec := remembering(t, s, func(trial int) bool { return trial%10 != 3 && !s.Learns || s.Learns && trial == 0 })
		c := NewCore(cfg)
		c.Do(t0, Submit{ID: "s", Spec: spec})
		c.Step(t0, cluster.Subscribed{Framework: "f"})
		var all []journal.Entry
		launched := 0
		for turn := 0; turn < 6000 && !c.runs["s"].entry.Phase.Ended(); turn++ {
			tasks, r := turnOf(c, oneOffer(fmt.Sprint("o", turn), 4*resource.Unit))
			all = append(all, r.Journal...)
			launched += len(tasks)
			var ends []cluster.Event
			for _, info := range tasks {
				o, err := task.Decode[task.Order](info.Data)
				if err != nil {
					t.Fatal(err)
				}
				if o.Trial%10 != 3 && !s.Learns {
					t.Fatalf("%s: trial %d was launched", name, o.Trial)
				}
				ends = append(ends, reportedEnd(info, float64(o.Trial)))
			}
			all = append(all, c.Turn(t0, ends...).Journal...)
		}
		n := c.runs["s"].Counts()
		want := s.Trials - s.Trials/10
		if s.Learns {
			want = 1
		}
		if n.Cached != want || n.Succeeded != s.Trials-want || launched != n.Succeeded {
			t.Fatalf("%s: %+v, %d launched", name, n, launched)
		}
		if best := c.runs["s"].bestTrial; best != 0 {
			t.Errorf("%s: the best is trial %d", name, best)
		}
		cached := 0
		for _, e := range all {
			if r, ok := e.(journal.RecordEntry); ok && r.Record.End.State == sweep.AttemptCached {
				cached++
				end := r.Record.End
				if end.From == nil || end.From.Trial != r.Record.Trial || end.Key == "" || len(r.Record.Points) != 1 || end.Params == nil {
					t.Fatalf("%s: record of a cached trial: %+v", name, r.Record)
				}
			}
		}
		if cached != want {
			t.Errorf("%s: %d records", name, cached)
		}
		again, err := Restore(t0, cfg, kept(all))
		if err != nil {
			t.Fatal(err)
		}
		if got := again.runs["s"].Counts(); got != n {
			t.Errorf("%s: restored as %+v", name, got)
		}
	}
}

// A cached trial that ends the sweep while others have been taken for the same task ends those too: the task has none left.
func TestCachedTrialInABundleReachesTheTarget(t *testing.T) {
	target := 1.0
	for name, sizes := range map[string][]resource.Milli{"uniform": nil, "sized": {resource.Unit}} {
		s := testSpec{Trials: 10, Objective: "loss", Target: &target, Sizes: sizes, Task: sweep.Task{Bundle: 4}}
		cfg, spec := remembering(t, s, func(trial int) bool { return trial == 1 })
		c := NewCore(cfg)
		c.Do(t0, Submit{ID: "s", Spec: spec})
		c.Step(t0, cluster.Subscribed{Framework: "f"})
		tasks, r := turnOf(c, oneOffer("o", 4*resource.Unit))
		n := c.runs["s"].Counts()
		if len(tasks) != 0 || n.Cached != 1 || n.Stopped != 9 || c.runs["s"].entry.Phase != sweep.PhaseSucceeded {
			t.Errorf("%s: %d tasks, %+v, %v", name, len(tasks), n, c.runs["s"].entry.Phase)
		}
		if !slices.ContainsFunc(r.Calls, func(call cluster.Call) bool { _, ok := call.(cluster.Decline); return ok }) {
			t.Errorf("%s: the offer is not given back: %v", name, r.Calls)
		}
	}
}

// A trial that was looked at for what its work has left is launched once, also when the sweep is extended before.
func TestExtendedBundleHasATrialOnce(t *testing.T) {
	s := testSpec{Trials: 10, Objective: "loss", Task: sweep.Task{Bundle: 4}, Limits: sweep.Limits{Parallel: 1}}
	cfg, spec := remembering(t, s, func(int) bool { return false })
	c := NewCore(cfg)
	c.Do(t0, Submit{ID: "s", Spec: spec})
	c.Step(t0, cluster.Subscribed{Framework: "f"})
	c.Turn(t0)
	s.Trials = 12
	more := s.spec()
	more.Cache = true
	c.Do(t0, Extend{Sweep: "s", Spec: more})
	tasks, _ := turnOf(c, oneOffer("o", 4*resource.Unit))
	if len(tasks) != 1 {
		t.Fatalf("%d tasks", len(tasks))
	}
	first, err := task.Decode[task.Order](tasks[0].Data)
	if err != nil {
		t.Fatal(err)
	}
	got := []int{first.Trial}
	for _, o := range first.Bundle.Next {
		got = append(got, o.Trial)
	}
	if fmt.Sprint(got) != "[0 1 2 3]" {
		t.Errorf("trials %v", got)
	}
}

// reportedEnd is the end of a task that reported its loss and ended well.
func reportedEnd(info cluster.TaskInfo, loss float64) cluster.Updated {
	return cluster.Updated{Status: cluster.Status{Task: info.ID, Agent: "a", Executor: info.Executor.ID, State: cluster.Finished,
		Source: "SOURCE_EXECUTOR", UUID: []byte(info.ID), Data: task.Encode(task.Report{
			Points: []results.Point{{Metrics: map[string]float64{"loss": loss}}}, End: &task.End{}})}}
}

// turnOf takes a turn and gives the tasks launched.
func turnOf(c *Core, events ...cluster.Event) (tasks []cluster.TaskInfo, r Ready) {
	r = c.Turn(t0, events...)
	for _, call := range r.Calls {
		if a, ok := call.(cluster.Accept); ok {
			tasks = append(tasks, a.Tasks...)
		}
	}
	return tasks, r
}

// A hit that does not say the same as the trial that it is to stand for is none.
func TestHitsAreCompared(t *testing.T) {
	for name, spoil := range map[string]func(*Hit){
		"key":        func(h *Hit) { h.End.Key = "another" },
		"parameters": func(h *Hit) { h.End.Params = []byte(`{"x":77}`) },
		"seed":       func(h *Hit) { h.End.Seed++ },
		"metric":     func(h *Hit) { h.Points = []results.Point{{Metrics: map[string]float64{"other": 1}}} },
	} {
		cfg, spec := remembering(t, testSpec{Trials: 1, Objective: "loss"}, func(int) bool { return true })
		find := cfg.Cached
		cfg.Cached = func(id, key string) (Hit, bool) {
			h, ok := find(id, key)
			spoil(&h)
			return h, ok
		}
		c := NewCore(cfg)
		c.Do(t0, Submit{ID: "s", Spec: spec})
		c.Step(t0, cluster.Subscribed{Framework: "f"})
		if tasks, _ := turnOf(c, oneOffer("o", 4*resource.Unit)); len(tasks) != 1 {
			t.Errorf("%s: %d tasks, %+v", name, len(tasks), c.runs["s"].Counts())
		}
	}
}

// Of a target that a cached trial reaches the sweep ends, and nothing else of it runs.
func TestCachedTrialReachesTheTarget(t *testing.T) {
	target := 0.0
	cfg, spec := remembering(t, testSpec{Trials: 10, Objective: "loss", Target: &target}, func(trial int) bool { return trial == 0 })
	c := NewCore(cfg)
	c.Do(t0, Submit{ID: "s", Spec: spec})
	c.Step(t0, cluster.Subscribed{Framework: "f"})
	tasks, _ := turnOf(c, oneOffer("o", 4*resource.Unit))
	if n := c.runs["s"].Counts(); len(tasks) != 0 || n.Cached != 1 || c.runs["s"].entry.Phase != sweep.PhaseSucceeded {
		t.Errorf("%d tasks, %+v, %v", len(tasks), n, c.runs["s"].entry.Phase)
	}
}
