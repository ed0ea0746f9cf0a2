package scheduler

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/timer"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// slotsAgent is a simulated agent with so many cpus, whose launches cost nothing and whose executor runs bundles as package
// executor does, with its real outbox.
type slotsAgent struct {
	t     *testing.T
	core  *Core
	now   time.Time
	slots int
	free  int
	took  func(trial int) time.Duration
	due   timer.Queue

	offers, launches, updates int
	work                      time.Duration
}

func (a *slotsAgent) after(wait time.Duration, do func()) {
	a.due.Set(a.now.Add(wait), func(time.Time) { do() })
}

// run plays a sweep to its end, and returns how long it took.
func (a *slotsAgent) run(spec *sweep.Spec) time.Duration {
	begin := a.now
	a.core.Step(a.now, cluster.Subscribed{Framework: "f"})
	a.core.Do(a.now, Submit{ID: "s", Spec: spec})
	a.free = a.slots
	for a.offer(); a.core.runs["s"].entry.Phase != sweep.PhaseSucceeded; {
		next := a.due.Next()
		if due := a.core.Due(); next.IsZero() || !due.IsZero() && due.Before(next) {
			if due.IsZero() || due.Sub(begin) > time.Hour {
				a.t.Fatalf("nothing happens any more: %+v", a.core.runs["s"].Counts())
			}
			a.now = due
			a.carryOut(a.core.Turn(a.now))
			a.offer()
			continue
		}
		a.now = next
		a.due.Pop(next)(next)
	}
	return a.now.Sub(begin)
}

// offer offers what is free.
func (a *slotsAgent) offer() {
	if a.free == 0 {
		return
	}
	a.offers++
	o := offers.Offer{ID: offers.OfferID(fmt.Sprint("o", a.offers)), Agent: "a", Hostname: "h", Amounts: []offers.Amount{
		{Name: "cpus", Scalar: resource.Milli(a.free)*resource.Unit + 200}, {Name: "mem", Scalar: 1e9}, {Name: "disk", Scalar: 1e9}}}
	a.carryOut(a.core.Turn(a.now, cluster.Offered{Offers: []offers.Offer{o}}))
}

func (a *slotsAgent) carryOut(r Ready) {
	for _, call := range r.Calls {
		accept, ok := call.(cluster.Accept)
		if !ok {
			continue
		}
		for _, t := range accept.Tasks {
			a.launches++
			a.free--
			order, err := task.Decode[task.Order](t.Data)
			if err != nil {
				a.t.Fatal(err)
			}
			a.launch(t, order)
		}
	}
}

// launch runs the attempts of a task.
func (a *slotsAgent) launch(t cluster.TaskInfo, order task.Order) {
	all := order.All()
	b, mux := outbox.NewBundle(50*time.Millisecond, a.now), outbox.NewMux(outbox.Pace{})
	var window time.Duration
	if order.Bundle != nil {
		window = order.Bundle.Window
	}
	id := func(o *task.Order) string { return string(cluster.NewTaskID(o.Sweep, o.Trial, o.Attempt)) }
	var flush func()
	flush = func() {
		u, wait := mux.Bundle(b, a.now, uuid.New)
		if u == nil {
			if wait > 0 && !b.Finished() {
				a.after(wait, flush)
			}
			return
		}
		b.Acknowledge(u.ID[:])
		a.updates++
		s := cluster.Status{Task: t.ID, Agent: "a", Executor: t.Executor.ID, Source: fromExecutor, State: cluster.TaskState(u.State.String()[len("TASK_"):]), UUID: u.ID[:], Data: u.Data}
		if order.Bundle == nil { // what is alone says it plainly
			r, err := task.Decode[task.Report](u.Data)
			if err != nil {
				a.t.Fatal(err)
			}
			plain := task.Report{}
			for _, p := range r.Attempts {
				plain.End = p.End
			}
			s.Data = task.Encode(plain)
		}
		if u.Terminal {
			a.free++
		}
		a.carryOut(a.core.Turn(a.now, cluster.Updated{Status: s}))
		a.offer()
		if !u.Terminal {
			flush()
		}
	}
	var next func()
	next = func() {
		if len(all) == 0 {
			b.Finish(mesosapi.TASK_FINISHED)
			flush()
			return
		}
		o := all[0]
		all = all[1:]
		box := outbox.New(outbox.Bounds{Batch: 1 << 16, Memory: 1 << 20, Stored: 1 << 20, Points: 1 << 20}, nil, a.now)
		b.Begin(id(&o), box, nil)
		begin, took := a.now, a.took(o.Trial)
		a.work += took
		a.after(took, func() {
			box.Finish(outbox.Ending{State: mesosapi.TASK_FINISHED, End: task.End{StartMs: begin.UnixMilli(), EndMs: a.now.UnixMilli()}})
			next()
		})
	}
	if window > 0 {
		a.after(window, func() {
			for i := range all {
				b.Return(id(&all[i]))
			}
			all = nil
			flush()
		})
	}
	next()
	a.after(50*time.Millisecond, flush)
}

// makespan plays one task for each trial with free launches, in order: what no bundling can beat by much.
func makespan(trials, slots int, took func(int) time.Duration) time.Duration {
	free := make([]time.Duration, slots)
	var last time.Duration
	for trial := range trials {
		at := 0
		for i := range free {
			if free[i] < free[at] {
				at = i
			}
		}
		free[at] += took(trial)
		last = max(last, free[at])
	}
	return last
}

// Short trials of any kind go in few tasks, and end as soon as if each had a task that costs nothing.
func TestBundlesKeepSlotsBusy(t *testing.T) {
	exponential := func(long int) func(int) time.Duration {
		return func(trial int) time.Duration {
			if trial == long {
				return 30 * time.Second
			}
			return time.Duration(rand.New(rand.NewPCG(uint64(trial), 1)).ExpFloat64() * float64(200*time.Millisecond))
		}
	}
	for name, c := range map[string]struct {
		trials, slots int
		took          func(int) time.Duration
		launches      float64 // a trial, at most
		updates       float64
		over          float64
	}{
		"true":                  {10_000, 16, func(int) time.Duration { return 3 * time.Millisecond }, .1, .2, .2},
		"true on 192 slots":     {10_000, 192, func(int) time.Duration { return 3 * time.Millisecond }, .1, .2, 3},
		"a tenth of a second":   {5_000, 16, func(int) time.Duration { return 100 * time.Millisecond }, .1, .25, .05},
		"uneven, one long":      {10_000, 16, exponential(5_000), .25, .5, .05},
		"uneven, one long late": {10_000, 16, exponential(9_900), .25, .5, .05},
		"short, then long":      {1_000, 16, func(i int) time.Duration { return time.Duration(1+i/500*99) * 100 * time.Millisecond }, 1.1, 3, .05},
		"long":                  {100, 16, func(int) time.Duration { return 5 * time.Second }, 1, 10, .001},
		"few":                   {20, 16, func(int) time.Duration { return 200 * time.Millisecond }, 1, 3, .05},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig()
			cfg.Executor.Overhead.CPUs = 0
			a := &slotsAgent{t: t, core: NewCore(cfg), now: time.Unix(1e9, 0), slots: c.slots, took: c.took}
			got, best := a.run(testSpec{Trials: c.trials}.spec()), makespan(c.trials, c.slots, c.took)
			n := float64(c.trials)
			t.Logf("%v, with free launches %v; %.3f launches and %.3f updates a trial", got, best, float64(a.launches)/n, float64(a.updates)/n)
			if over := got.Seconds()/best.Seconds() - 1; over > c.over {
				t.Errorf("took %v, with free launches %v", got, best)
			}
			if l, u := float64(a.launches)/n, float64(a.updates)/n; l > c.launches || u > c.updates {
				t.Errorf("%.3f launches and %.3f updates a trial, want %v and %v", l, u, c.launches, c.updates)
			}
		})
	}
}
