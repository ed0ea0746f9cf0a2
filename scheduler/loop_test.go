package scheduler

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// worldDriver runs a world in wall time: whatever can happen in it happens at once.
type worldDriver struct {
	mu    sync.Mutex
	world *world
	kick  chan struct{}
}

func newWorldDriver(w *world) *worldDriver {
	return &worldDriver{world: w, kick: make(chan struct{}, 1)}
}

func (d *worldDriver) Run(ctx context.Context, deliver func(...cluster.Event)) error {
	d.mu.Lock()
	d.world.subscribe()
	d.mu.Unlock()
	for {
		d.mu.Lock()
		for _, t := range d.world.sorted() {
			if len(t.queue) < 2 {
				d.world.work(t)
			}
			if t.ended && len(t.queue) == 0 {
				delete(d.world.tasks, t.id)
			}
		}
		d.world.offerAll()
		events := d.world.events
		d.world.events = nil
		d.mu.Unlock()
		for _, ev := range events {
			deliver(ev)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-d.kick:
		}
	}
}

func (d *worldDriver) Send(ctx context.Context, call cluster.Call) error {
	d.mu.Lock()
	d.world.handle(call)
	d.mu.Unlock()
	select {
	case d.kick <- struct{}{}:
	default:
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

func TestLoopRunsASweep(t *testing.T) {
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
	l := NewLoop(NewCore(testConfig()), &journal.Memory{}, newWorldDriver(newWorld(5, 8*resource.Unit)), listener, time.Now)
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
	case <-time.After(20 * time.Second):
		s, _ := l.Snapshot(t.Context())
		t.Fatalf("not over after 20 s: %+v", s.Sweeps)
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
