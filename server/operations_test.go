package server

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket/dir"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/sweep"
)

// operations counts what passes between a scheduler and its master.
type operations struct {
	cluster.Driver
	mu    sync.Mutex
	count map[string]int // by type: calls, events, and tasks launched
}

func (o *operations) add(what string, n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count[what] += n
}

func (o *operations) Run(ctx context.Context, deliver func(...cluster.Event)) error {
	return o.Driver.Run(ctx, func(events ...cluster.Event) {
		for _, e := range events {
			o.add(strings.TrimPrefix(fmt.Sprintf("%T", e), "cluster."), 1)
		}
		deliver(events...)
	})
}

func (o *operations) Send(ctx context.Context, call cluster.Call) error {
	o.add(strings.TrimPrefix(fmt.Sprintf("%T", call), "cluster."), 1)
	if a, ok := call.(cluster.Accept); ok {
		o.add("launches", len(a.Tasks))
	}
	return o.Driver.Send(ctx, call)
}

func (o *operations) String() string {
	var b strings.Builder
	for _, what := range slices.Sorted(maps.Keys(o.count)) {
		fmt.Fprintf(&b, "%s %d, ", what, o.count[what])
	}
	return strings.TrimSuffix(b.String(), ", ")
}

// measured is one sweep on agents of this machine, with real executors and trials.
type measured struct {
	*operations
	seconds float64
	summary board.Summary
}

// onAgents runs a sweep on so many agents with so many cpus each, all of them claimed.
func onAgents(t testing.TB, agents, cpus int, spec string) measured {
	t.Helper()
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	folder := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := embedded.Config{WorkDir: filepath.Join(folder, "agents"), Timing: protocol.Timing{AllocationInterval: 20 * time.Millisecond}}
	for i := range agents {
		c.Agents = append(c.Agents, embedded.AgentConfig{Name: fmt.Sprint("a", i), CPUs: float64(cpus) + 0.1, MemoryMB: 1e6, DiskMB: 1e6})
	}
	master, err := embedded.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	results, err := dir.Open(filepath.Join(folder, "results"))
	if err != nil {
		t.Fatal(err)
	}
	m := measured{operations: &operations{count: map[string]int{}}}
	s, err := Open(t.Context(), Config{
		Folder: filepath.Join(folder, "state"), Bucket: results, Version: "test", UnprovenCap: 1000,
		Cluster: Cluster{Mesos: &mesos.Config{Masters: []string{master.Addr()}}, Address: "mesos://" + master.Addr(), Executor: self},
		WrapDriver: func(d cluster.Driver) cluster.Driver {
			m.Driver = d
			return m.operations
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := sweep.Parse("stream.yaml", []byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	sw, err := s.Submit(t.Context(), Submission{ID: "stream", Spec: parsed})
	if err != nil {
		t.Fatal(err)
	}
	out, err := sw.Wait(t.Context())
	if err != nil || out.Counts.Succeeded != parsed.Trials {
		t.Fatalf("%+v, %v", out, err)
	}
	m.seconds, m.summary = out.Seconds, sw.Summary()
	if err := s.Teardown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	return m
}

// noisy is a sweep whose trials last some seconds and report so many points in each.
func noisy(trials, seconds, points int) string {
	line := `printf '{\"loss\": 1}\n'`
	return fmt.Sprintf("method: random\nrun_cap: %d\nmetric: {name: loss, goal: minimize}\nparameters: {x: {min: 0.0, max: 1.0}}\n"+
		"command: \"for s in $(seq %d); do for p in $(seq %d); do %s; done; sleep 1; done\"\ntask: {resources: {cpus: 1, memory: 32MB}}\n",
		trials, seconds, points, line)
}

// A trial costs one launch and two updates, with an acknowledgement each, whatever it reports: all that its executor's trials
// say in between goes in one update an interval. Orders and acknowledgements of many go in one turn; nothing else is per trial.
func TestOperationsPerTrial(t *testing.T) {
	const agents, cpus, trials, points = 3, 8, 48, 20
	m := onAgents(t, agents, cpus, noisy(trials, 2, points))
	if want := uint64(trials * 2 * points); m.summary.Points != want || m.summary.Missing != 0 {
		t.Fatalf("%d points are on the board, %d missing, want %d", m.summary.Points, m.summary.Missing, want)
	}
	streams := agents * (int(m.seconds/0.2) + 2)
	switch {
	case m.count["launches"] != trials:
		t.Errorf("%d launches of %d trials", m.count["launches"], trials)
	case m.count["Updated"] > 2*trials+streams:
		t.Errorf("%d updates, want 2 a trial and at most %d with points alone in %.1f s", m.count["Updated"], streams, m.seconds)
	case m.count["Acknowledge"] != m.count["Updated"]:
		t.Errorf("%d acknowledgements of %d updates", m.count["Acknowledge"], m.count["Updated"])
	case m.count["Accept"] > trials, m.count["ExecutorMessage"] > 0, m.count["Message"] > 2*agents, m.count["Kill"]+m.count["Reconcile"] > 2:
		t.Error("more calls and messages than there is reason for")
	}
	t.Logf("%d trials with %d points in %.1f s: %v", trials, m.summary.Points, m.seconds, m.operations)
}

// BenchmarkStream is the makespan and the master's operations of 192 slots whose trials report one point a second, or ten.
func BenchmarkStream(b *testing.B) {
	for _, points := range []int{1, 10} {
		b.Run(fmt.Sprintf("points=%d", points), func(b *testing.B) {
			for b.Loop() {
				m := onAgents(b, 3, 64, noisy(380, 10, points))
				b.ReportMetric(m.seconds, "makespan-s")
				b.ReportMetric(float64(m.count["Updated"]), "updates")
				b.ReportMetric(float64(m.count["Updated"]+m.count["Acknowledge"]+m.count["Accept"]+m.count["Message"])/380, "operations/trial")
				b.Log(m.operations)
			}
		})
	}
}

// BenchmarkPoints is how many points a second get from lines that trials print onto the board, journaled.
func BenchmarkPoints(b *testing.B) {
	const trials, points = 16, 50_000
	for b.Loop() {
		m := onAgents(b, 2, 4, fmt.Sprintf("method: random\nrun_cap: %d\nmetric: {name: loss, goal: minimize}\nparameters: {x: {min: 0.0, max: 1.0}}\n"+
			"command: \"seq -f '{\\\"loss\\\": %%g}' %d\"\ntask: {resources: {cpus: 1, memory: 32MB}}\n", trials, points))
		if m.summary.Points != trials*points || m.summary.Missing != 0 {
			b.Fatalf("%d points, %d missing", m.summary.Points, m.summary.Missing)
		}
		b.ReportMetric(float64(m.summary.Points)/m.seconds, "points/s")
		b.ReportMetric(float64(m.count["Updated"])/m.seconds, "updates/s")
		b.Log(m.operations)
	}
}
