package scheduler

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// instantDriver is a cluster of one agent on which every trial reports one point and ends at once.
type instantDriver struct {
	events chan cluster.Event // room for all there can be: Send never waits for Run
	mu     sync.Mutex
	offers int
}

func newInstantDriver() *instantDriver {
	return &instantDriver{events: make(chan cluster.Event, 10_000)}
}

func (d *instantDriver) Run(ctx context.Context, deliver func(...cluster.Event)) error {
	deliver(cluster.Subscribed{Framework: "f1", Master: "m:5050"})
	d.offer()
	for {
		select {
		case ev := <-d.events:
			deliver(ev)
		case <-ctx.Done():
			return nil
		}
	}
}

// offer offers the whole agent, on which nothing runs any more.
func (d *instantDriver) offer() {
	d.mu.Lock()
	d.offers++
	id := fmt.Sprintf("o%d", d.offers)
	d.mu.Unlock()
	d.events <- oneOffer(id, 8*resource.Unit)
}

func (d *instantDriver) Send(ctx context.Context, call cluster.Call) error {
	switch call := call.(type) {
	case cluster.Accept:
		for _, t := range call.Tasks {
			_, trial, _, _ := t.ID.Parse()
			point := results.Point{Metrics: map[string]float64{"loss": float64(trial)}}
			report := task.Report{Points: []results.Point{point}, End: &task.End{}}
			d.events <- cluster.Updated{Status: cluster.Status{Task: t.ID, Agent: call.Agent, State: cluster.Finished,
				Source: "SOURCE_EXECUTOR", UUID: []byte(t.ID), Data: task.Encode(report)}}
		}
		d.offer()
	case cluster.Decline, cluster.Revive:
		d.offer()
	}
	return ctx.Err()
}

// runLoop runs a loop until stop is called; stop returns Run's error.
func runLoop(t *testing.T, l *Loop) (stop func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	return sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
}

func TestLoopRunsASweep(t *testing.T) { synctest.Test(t, testLoopRunsASweep) }

func testLoopRunsASweep(t *testing.T) {
	over := make(chan SweepEnded, 1)
	finals := map[int]int{}
	listener := Listener{
		SweepEnded: func(n SweepEnded) { over <- n },
		Recorded: func(n Recorded) {
			if e := n.Record.End; e != nil && e.Final {
				finals[n.Record.Trial]++
			}
		},
	}
	l := NewLoop(NewCore(testConfig()), &journal.Memory{}, newInstantDriver(), listener, time.Now)
	stop := runLoop(t, l)
	spec := testSpec{Trials: 500, Objective: "loss"}.spec()
	if err := l.Submit(t.Context(), Submit{ID: "s", Spec: spec}); err != nil {
		t.Fatal(err)
	}
	if err := l.Submit(t.Context(), Submit{ID: "s", Spec: spec}); !errors.Is(err, ErrExists) {
		t.Fatalf("second submission: %v, want ErrExists", err)
	}
	if err := l.Stop(t.Context(), "other", ""); !errors.Is(err, ErrUnknown) {
		t.Fatalf("stop of an unknown sweep: %v, want ErrUnknown", err)
	}
	select {
	case n := <-over:
		if n.Phase != sweep.PhaseSucceeded || n.Counts.Succeeded != 500 {
			t.Fatalf("ended %+v", n)
		}
	case <-time.After(time.Hour):
		s, _ := l.Snapshot(t.Context())
		t.Fatalf("not over after an hour: %+v", s.Sweeps)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		if finals[i] != 1 {
			t.Fatalf("trial %d has %d final records", i, finals[i])
		}
	}
	if _, err := l.Snapshot(t.Context()); !errors.Is(err, ErrClosed) {
		t.Fatalf("snapshot of an ended loop: %v, want ErrClosed", err)
	}
}

// Who gave up waiting must not see what the loop still writes for them.
func TestAnswerAfterGivingUpIsNotRead(t *testing.T) {
	l := NewLoop(NewCore(testConfig()), &journal.Memory{}, newInstantDriver(), Listener{}, time.Now)
	l.core.Do(time.Now(), Submit{ID: "s", Spec: testSpec{Trials: 1}.spec()})
	for name, ask := range map[string]func(context.Context) (int, error){
		"snapshot": func(ctx context.Context) (int, error) { s, err := l.Snapshot(ctx); return len(s.Sweeps), err },
		"attempts": func(ctx context.Context) (int, error) { all, err := l.Attempts(ctx); return cap(all), err },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { // a loop that is about to answer
			rq := <-l.requests
			rq.inspect(l.core)
			cancel()
		}()
		if n, err := ask(ctx); n != 0 || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %d things and %v", name, n, err)
		}
	}
}

// slowJournal takes its time, and counts.
type slowJournal struct {
	journal.Memory
	appends int
}

func (j *slowJournal) Append(entries []journal.Entry) error {
	j.appends++
	time.Sleep(50 * time.Millisecond)
	return j.Memory.Append(entries)
}

// chattyDriver has a thing to say every 50 µs.
type chattyDriver struct{ said chan int }

func (d chattyDriver) Run(ctx context.Context, deliver func(...cluster.Event)) error {
	deliver(cluster.Subscribed{Framework: "f"})
	n := 0
	for began := time.Now(); time.Since(began) < time.Second; n++ {
		time.Sleep(time.Until(began.Add(time.Duration(n) * 50 * time.Microsecond)))
		deliver(cluster.Subscribed{Framework: cluster.FrameworkID("f" + strconv.Itoa(n))}) // each is for the journal
	}
	d.said <- n
	return nil
}

func (chattyDriver) Send(context.Context, cluster.Call) error { return nil }

// A journal that takes 50 ms is written to at most half of the time, not after every 10 ms of events.
func TestTurnsGrowWithTheJournalsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		j, d := &slowJournal{}, chattyDriver{make(chan int, 1)}
		l := NewLoop(NewCore(Config{Packer: offers.NewIndex()}), j, d, Listener{}, time.Now)
		ended := make(chan error, 1)
		go func() { ended <- l.Run(ctx) }()
		n := <-d.said
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if j.appends > 14 {
			t.Errorf("%d writes for %d events in a second: want 50 ms of events for each write of 50 ms", j.appends, n)
		}
	})
}
