package scheduler

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// silentDriver has a master that never says anything.
type silentDriver struct{}

func (silentDriver) Run(ctx context.Context, _ func(...cluster.Event)) error {
	<-ctx.Done()
	return nil
}

func (silentDriver) Send(context.Context, cluster.Call) error { return nil }

func TestSnapshotsAreSharedUntilSomethingHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(NewCore(testConfig()), &journal.Memory{}, silentDriver{}, Listener{}, time.Now)
		stop := runLoop(t, l)
		defer stop()
		snap := func() Snapshot {
			t.Helper()
			s, err := l.Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		for _, id := range []string{"a", "b"} {
			if err := l.Submit(t.Context(), Submit{ID: id, Spec: testSpec{Trials: 5}.spec()}); err != nil {
				t.Fatal(err)
			}
			if s := snap(); s.Sweeps[len(s.Sweeps)-1].ID != id {
				t.Fatalf("%s was submitted, and is not there: %+v", id, s.Sweeps)
			}
		}
		first, second := snap(), snap()
		if &first.Sweeps[0] != &second.Sweeps[0] {
			t.Error("nothing has happened, and all sweeps were copied again")
		}
		if err := l.Do(t.Context(), Pause{Sweep: "a"}); err != nil {
			t.Fatal(err)
		}
		if third := snap(); !third.Sweeps[0].Paused || first.Sweeps[0].Paused {
			t.Errorf("after a pause: before %v, now %v", first.Sweeps[0].Paused, third.Sweeps[0].Paused)
		}
		time.Sleep(2 * time.Second)
		if later := snap(); later.Sweeps[1].Elapsed < time.Second {
			t.Errorf("after two seconds the sweep has been there for %s", later.Sweeps[1].Elapsed)
		}
	})
}

func TestStatusOfOneSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLoop(NewCore(testConfig()), &journal.Memory{}, silentDriver{}, Listener{}, time.Now)
		stop := runLoop(t, l)
		defer stop()
		for _, id := range []string{"a", "b"} {
			if err := l.Submit(t.Context(), Submit{ID: id, Spec: testSpec{Trials: 5}.spec()}); err != nil {
				t.Fatal(err)
			}
		}
		all, err := l.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range all.Sweeps {
			if got, err := l.Sweep(t.Context(), want.ID); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %+v, %v, want %+v", want.ID, got, err, want)
			}
		}
		if _, err := l.Sweep(t.Context(), "c"); !errors.Is(err, ErrUnknown) {
			t.Errorf("an unknown one: %v", err)
		}
	})
}
