package outbox

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// Whatever a bundle's attempts say, and whenever it is acknowledged, each point and each end is told once and in order,
// and the end of the task last.
func TestBundleTellsEverythingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := begin
		b := NewBundle(50*time.Millisecond, now)
		count := rapid.IntRange(1, 12).Draw(t, "attempts")
		bounds := Bounds{Batch: rapid.IntRange(40, 400).Draw(t, "batch"), Memory: 1 << 20, Stored: 1 << 20, Points: 1 << 20}
		got, ended, back, last := map[string]int{}, map[string]bool{}, map[string]bool{}, false
		receive := func() {
			u, _ := b.take(now, uuid.New)
			if u == nil {
				return
			}
			if last {
				t.Fatal("an update after the last")
			}
			last = u.Terminal
			r, err := task.Decode[task.Report](u.Data)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range r.Attempts {
				if ended[p.Attempt] || back[p.Attempt] || p.First != uint64(got[p.Attempt]) {
					t.Fatalf("got %+v after its end or %d points", p, got[p.Attempt])
				}
				got[p.Attempt] += len(p.Points)
				ended[p.Attempt], back[p.Attempt] = p.End != nil, p.Back
			}
			b.Acknowledge(u.ID[:])
		}
		want := map[string]int{}
		for i := range count {
			id := fmt.Sprintf("s.%d.1", i)
			if rapid.IntRange(0, 4).Draw(t, "back") == 0 {
				b.Return(id)
				want[id] = -1
				continue
			}
			o := New(bounds, nil, now)
			b.Begin(id, o, nil)
			for range rapid.IntRange(0, 20).Draw(t, "points") {
				if o.Add(results.Point{Metrics: map[string]float64{"loss": 1}}, false) {
					want[id]++
				}
				if rapid.Bool().Draw(t, "later") {
					now = now.Add(300 * time.Millisecond)
					receive()
				}
			}
			o.Finish(Ending{State: mesosapi.TASK_FINISHED})
		}
		b.Finish(mesosapi.TASK_FINISHED)
		for range 1000 {
			receive()
		}
		if !b.Finished() {
			t.Fatal("not finished")
		}
		for i := range count {
			id := fmt.Sprintf("s.%d.1", i)
			if want[id] < 0 && !back[id] || want[id] >= 0 && (!ended[id] || got[id] != want[id]) {
				t.Fatalf("%s: got %d points, ended %v, back %v; want %d", id, got[id], ended[id], back[id], want[id])
			}
		}
	})
}

// What an update carries is bounded, and the rest follows at once.
func TestBundleUpdatesAreBounded(t *testing.T) {
	now := begin
	b := NewBundle(0, now)
	for i := range 200 {
		o := New(Bounds{Batch: 1 << 20, Memory: 1 << 20, Stored: 1 << 20, Points: 1 << 20}, nil, now)
		b.Begin(fmt.Sprintf("s.%d.1", i), o, nil)
		for range 100 {
			o.Add(results.Point{Metrics: map[string]float64{"loss": 1}}, false)
		}
		o.Finish(Ending{State: mesosapi.TASK_FINISHED})
	}
	b.Finish(mesosapi.TASK_FINISHED)
	updates, attempts := 0, 0
	for !b.Finished() {
		u, _ := b.take(now, uuid.New)
		if u == nil || len(u.Data) > bundleBytes+64<<10 {
			t.Fatalf("got update %d: %v", updates, u)
		}
		r, err := task.Decode[task.Report](u.Data)
		if err != nil {
			t.Fatal(err)
		}
		updates, attempts = updates+1, attempts+len(r.Attempts)
		b.Acknowledge(u.ID[:])
	}
	if updates < 2 || updates > 20 || attempts != 200 {
		t.Errorf("got %d attempts in %d updates", attempts, updates)
	}
}
