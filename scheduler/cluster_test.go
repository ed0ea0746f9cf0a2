package scheduler_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/journal/disk"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/testkit"
)

const gridOf1000 = `
method: grid
metric: {name: loss, goal: minimize}
parameters:
  lr: {values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}
  batch: {values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}
  depth: {values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}
command: [train, "${args}"]
task: {resources: {cpus: 1, memory: 64MB}, retries: 1}
`

const tenThousand = `
method: random
run_cap: 10000
parameters: {lr: {min: 0.0, max: 1.0}}
command: [train, "${args}"]
task: {resources: {cpus: 1, memory: 64MB}}
`

// train is the simulated trial: its loss is its index, every 50th fails at its first attempt.
func train(info *mesosapi.TaskInfo, _ protocol.AgentID) embedded.Script {
	o, err := task.Decode[task.Order](info.Data)
	if err != nil {
		return embedded.Script{State: mesosapi.TASK_ERROR, Message: err.Error()}
	}
	r := task.Report{End: &task.End{}}
	r.Points = []results.Point{{Metrics: map[string]float64{"loss": float64(o.Trial)}}}
	s := embedded.Script{Duration: 20 * time.Millisecond, State: mesosapi.TASK_FINISHED}
	if o.Trial%50 == 49 && o.Attempt == 1 {
		r.End.Exit, s.State = 1, mesosapi.TASK_FAILED
	}
	s.Data = task.Encode(r)
	return s
}

// process is one life of a scheduler: everything that dies with it.
type process struct {
	loop *scheduler.Loop
	stop func() error
}

func startProcess(t testing.TB, path, master string, listener scheduler.Listener) process {
	t.Helper()
	j, err := disk.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	core, err := scheduler.Restore(time.Now(), scheduler.Config{
		Packer:      offers.NewIndex(),
		ReviveEvery: 5 * time.Millisecond,
		Builder: func(id string, spec *sweep.Spec) (*task.Builder, error) {
			return task.NewBuilder(id, spec, task.Options{})
		},
		Parse: func(e journal.SweepEntry) (*sweep.Spec, error) {
			return sweep.Parse(e.File, e.Source, sweep.WithSet(e.Overrides...), sweep.WithSeed(e.Seed))
		},
		Executor: scheduler.ExecutorTemplate{Argv: []string{"./kaon", "executor"}, Overhead: resource.Resources{CPUs: 100, Mem: 32 * resource.Unit}},
	}, j.Load())
	if err != nil {
		t.Fatal(err)
	}
	driver, err := mesos.New(mesos.Config{Masters: []string{master}, FrameworkID: core.Framework()})
	if err != nil {
		t.Fatal(err)
	}
	p := process{loop: scheduler.NewLoop(core, j, driver, listener, time.Now)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.loop.Run(ctx) }()
	p.stop = sync.OnceValue(func() error {
		cancel()
		err := <-ended
		if e := j.Close(); err == nil {
			err = e
		}
		return err
	})
	t.Cleanup(func() { p.stop() })
	return p
}

func startCluster(t testing.TB, agents int, behave embedded.Behaviour) (master string) {
	t.Helper()
	s, err := embedded.Start(t.Context(), embedded.Config{
		WorkDir: t.TempDir(), Simulated: &embedded.Simulation{Agents: agents, Behave: behave},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if _, _, err := net.SplitHostPort(s.Addr()); err != nil {
		t.Fatal(err)
	}
	return s.Addr()
}

// TestSweepOverHTTP runs a sweep against the embedded master, ends the scheduler three times on the way, and
// starts it again from its journal: each trial has one final record, and the board is that of an undisturbed run.
func TestSweepOverHTTP(t *testing.T) {
	spec, err := sweep.Parse("digits.yaml", []byte(gridOf1000))
	if err != nil {
		t.Fatal(err)
	}
	master := startCluster(t, 20, train)
	path := filepath.Join(t.TempDir(), "journal")
	board := board.New(board.Config{Sweep: "s1", Trials: spec.Trials, Objective: spec.Objective})
	finals := map[int]map[int]bool{} // trial: attempts with a final record
	for life := range 4 {
		over := make(chan scheduler.SweepEnded, 1)
		enough := make(chan struct{})
		ends := 0
		p := startProcess(t, path, master, scheduler.Listener{
			SweepEnded: func(n scheduler.SweepEnded) { over <- n },
			Recorded: func(n scheduler.Recorded) {
				if err := board.Fold(n.Record); err != nil {
					t.Error(err)
				}
				if e := n.Record.End; e != nil && e.Final {
					if finals[n.Record.Trial] == nil {
						finals[n.Record.Trial] = map[int]bool{}
					}
					finals[n.Record.Trial][n.Record.Attempt] = true
				}
				if ends++; ends == 250*(life+1) {
					close(enough)
				}
			},
		})
		if life == 0 {
			if err := p.loop.Submit(t.Context(), scheduler.Submit{ID: "s1", Spec: spec}); err != nil {
				t.Fatal(err)
			}
		}
		if life < 3 {
			await(t, p, enough)
			if err := p.stop(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if n := await(t, p, over); n.Phase != sweep.PhaseSucceeded || n.Counts.Succeeded != 1000 {
			t.Fatalf("ended %+v", n)
		}
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 1000 {
		if len(finals[i]) != 1 {
			t.Errorf("trial %d has %d final attempts", i, len(finals[i]))
		}
	}
	if w, ok := board.Winner(); !ok || w.Trial != 0 || w.Value != 0 || string(w.Params) != `{"lr":1,"batch":1,"depth":1}` {
		t.Errorf("winner %+v", w)
	}
	// A finished sweep resumes as a no-op.
	over := make(chan scheduler.SweepEnded, 1)
	p := startProcess(t, path, master, scheduler.Listener{SweepEnded: func(n scheduler.SweepEnded) { over <- n }})
	if n := await(t, p, over); !n.Resumed || n.Counts.Succeeded != 1000 {
		t.Errorf("resumed as %+v", n)
	}
}

func await[T any](t testing.TB, p process, c <-chan T) T {
	t.Helper()
	select {
	case x := <-c:
		return x
	case <-time.After(testkit.Patience):
		s, _ := p.loop.Snapshot(t.Context())
		t.Fatalf("nothing after long: %v", s.Sweeps)
		panic("unreachable")
	}
}

// BenchmarkSweepOverHTTP10000 is the whole way on the wire in one process: embedded master, 100 simulated agents whose
// trials end at once, protobuf, the journal with fsync.
func BenchmarkSweepOverHTTP10000(b *testing.B) {
	spec, err := sweep.Parse("digits.yaml", []byte(tenThousand))
	if err != nil {
		b.Fatal(err)
	}
	master := startCluster(b, 100, nil)
	over := make(chan scheduler.SweepEnded, 1)
	p := startProcess(b, filepath.Join(b.TempDir(), "journal"), master, scheduler.Listener{
		SweepEnded: func(n scheduler.SweepEnded) { over <- n },
	})
	n := 0
	for b.Loop() {
		n++
		if err := p.loop.Submit(b.Context(), scheduler.Submit{ID: fmt.Sprintf("s%d", n), Spec: spec}); err != nil {
			b.Fatal(err)
		}
		await(b, p, over)
	}
	b.ReportMetric(float64(spec.Trials*n)/b.Elapsed().Seconds(), "trials/s")
}
