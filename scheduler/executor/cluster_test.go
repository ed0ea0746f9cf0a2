package executor_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/executor"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/testkit"
)

// TestMain makes the test binary an executor when a cluster's agent starts it as one.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_AS_EXECUTOR") == "" {
		os.Exit(m.Run())
	}
	c, err := executor.FromEnvironment(os.Environ())
	if err == nil {
		c.Subreaper = true
		err = executor.Run(context.Background(), c)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// rig is an embedded cluster with one agent, and a framework on it through the real driver.
type rig struct {
	t      testing.TB
	server *embedded.Server
	driver *mesos.Driver
	events chan cluster.Event
}

// rigs counts them: a seed makes the ids of containers, and to end one ends all of its id on this machine.
var rigs atomic.Uint64

func newRig(t testing.TB, cpus float64) *rig {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	server, err := embedded.Start(ctx, embedded.Config{WorkDir: t.TempDir(), Seed: rigs.Add(1),
		Agents: []embedded.AgentConfig{{Name: "a", CPUs: cpus, MemoryMB: 1000, DiskMB: 1000}}})
	if err != nil {
		t.Fatal(err)
	}
	driver, err := mesos.New(mesos.Config{Masters: []string{server.Addr()}, BackoffMin: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, server: server, driver: driver, events: make(chan cluster.Event, 10000)}
	var run sync.WaitGroup
	run.Go(func() {
		if err := driver.Run(ctx, func(evs ...cluster.Event) {
			for _, e := range evs {
				r.events <- e
			}
		}); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		_ = driver.Send(context.Background(), cluster.Teardown{})
		server.KillExecutors(time.Second) // one that was not yet told would wait for an agent that is gone
		stop()
		run.Wait()
		server.Close()
	})
	return r
}

func (r *rig) next() cluster.Event {
	r.t.Helper()
	select {
	case e := <-r.events:
		return e
	case <-time.After(testkit.Patience):
		r.t.Fatal("no event came")
		return nil
	}
}

func (r *rig) send(c cluster.Call) {
	r.t.Helper()
	if err := r.driver.Send(context.Background(), c); err != nil {
		r.t.Fatal(err)
	}
}

// launch accepts an offer for one task for each order, each with share of a cpu.
func (r *rig) launch(o offers.Offer, share resource.Milli, first int, orders ...task.Order) {
	r.launchAs(o, share, first, nil, orders...)
}

// launchAs is launch of an executor that is started by a program, with its own as the last argument.
func (r *rig) launchAs(o offers.Offer, share resource.Milli, first int, argv []string, orders ...task.Order) {
	var cpu offers.Amount
	for _, a := range o.Amounts {
		if a.Name == "cpus" {
			cpu = a
		}
	}
	cpu.Scalar = share
	small := cpu
	small.Scalar = 100
	exe, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	accept := cluster.Accept{Agent: o.Agent, Offers: []offers.OfferID{o.ID}}
	for i, order := range orders {
		id := cluster.TaskID(fmt.Sprintf("%s.%d.0", order.Sweep, first+i))
		accept.Tasks = append(accept.Tasks, cluster.TaskInfo{ID: id, Name: order.Sweep, Resources: []offers.Amount{cpu}, Data: task.Encode(order),
			Executor: cluster.ExecutorInfo{ID: "ex-1", Name: "kaon", Argv: append(argv, exe), Env: []string{"TEST_AS_EXECUTOR=1"}, Resources: []offers.Amount{small}}})
	}
	r.send(accept)
}

// story is what is known of one task.
type story struct {
	state  cluster.TaskState
	points []results.Point
	end    *task.End
	all    int // points that it has, when end is there
	early  []task.Part
	whole  bool
	seen   map[string]bool
}

// take takes points in, in their order, and tells when the last of an ended task are here.
func (s *story) take(p task.Part) bool {
	s.early = append(s.early, p)
	for i := 0; i < len(s.early); i++ {
		if e := s.early[i]; int(e.First) == len(s.points) && len(e.Points) > 0 {
			s.points = append(s.points, e.Points...)
			i = -1
		}
	}
	was := s.whole
	s.whole = s.end != nil && len(s.points) == s.all
	return s.whole && !was
}

// finish runs until n tasks have ended, acknowledging every update.
func (r *rig) finish(n int, each func(cluster.Event)) map[cluster.TaskID]*story {
	r.t.Helper()
	tasks, ended := map[cluster.TaskID]*story{}, 0
	for ended < n {
		e := r.next()
		if each != nil {
			each(e)
		}
		u, ok := e.(cluster.Updated)
		if !ok {
			continue
		}
		s := u.Status
		of := func(id cluster.TaskID) *story {
			if tasks[id] == nil {
				tasks[id] = &story{seen: map[string]bool{}}
			}
			return tasks[id]
		}
		t := of(s.Task)
		if len(s.UUID) == 0 {
			r.t.Logf("%s %s %s %s", s.Task, s.State, s.Reason, s.Message)
			continue
		}
		if !t.seen[string(s.UUID)] {
			t.seen[string(s.UUID)] = true
			report, err := task.Decode[task.Report](s.Data)
			if err != nil {
				r.t.Fatalf("%s %s %s: %v", s.Task, s.State, s.Message, err)
			}
			t.state = s.State
			if report.End != nil {
				t.end, t.all = report.End, int(report.First)+len(report.Points)
			}
			own := task.Part{Task: string(s.Task), First: report.First, Points: report.Points}
			for _, p := range append([]task.Part{own}, report.Others...) {
				if of(cluster.TaskID(p.Task)).take(p) {
					ended++
				}
			}
		}
		r.send(cluster.Acknowledge{Task: s.Task, Agent: s.Agent, UUID: s.UUID})
	}
	return tasks
}

func (r *rig) offer() offers.Offer {
	r.t.Helper()
	for {
		if e, ok := r.next().(cluster.Offered); ok {
			return e.Offers[0]
		}
	}
}

func TestTrialsOnTheEmbeddedCluster(t *testing.T) {
	r := newRig(t, 8)
	var orders []task.Order
	for i := range 20 {
		orders = append(orders, task.Order{Sweep: "s", Trial: i, Params: fmt.Appendf(nil, `{"x":%d}`, i),
			Shell: `i=0; while [ $i -lt 30 ]; do echo "{\"loss\": $KAON_PARAM_X, \"step\": $i}"; i=$((i+1)); done; exit $((KAON_TRIAL % 2))`})
	}
	r.launch(r.offer(), 100, 0, orders...)
	tasks := r.finish(20, nil)
	for i := range 20 {
		s := tasks[cluster.TaskID(fmt.Sprintf("s.%d.0", i))]
		want := []cluster.TaskState{cluster.Finished, cluster.Failed}[i%2]
		if s.state != want || s.end.Exit != i%2 || len(s.points) != 30 || s.points[29].Metrics["loss"] != float64(i) || s.points[29].Step != 29 {
			t.Errorf("trial %d: %s %+v with %d points", i, s.state, s.end, len(s.points))
		}
	}
}

func TestAgentDiesAndComesBack(t *testing.T) {
	r := newRig(t, 2)
	r.launch(r.offer(), 500, 0, task.Order{Sweep: "s", Shell: `
		echo '{"a":1}'; echo started
		while [ ! -s $KAON_CONTROL ]; do sleep 0.05; done
		echo '{"a":2}'`})
	killed := false
	tasks := r.finish(1, func(e cluster.Event) {
		if u, ok := e.(cluster.Updated); ok && !killed && u.Status.State == cluster.Running {
			killed = true
			r.server.KillAgent("a")
			if err := r.server.StartAgent("a"); err != nil {
				t.Error(err)
			}
			go func() { // the message may be lost until the executor is back
				for i := 0; i < 100; i++ {
					_ = r.driver.Send(context.Background(), cluster.Message{Agent: u.Status.Agent, Executor: "ex-1",
						Data: task.Encode(task.Control{Task: "s.0.0", Body: []byte(`{"go": true}`)})})
					time.Sleep(50 * time.Millisecond)
				}
			}()
		}
	})
	s := tasks["s.0.0"]
	if s.state != cluster.Finished || len(s.points) != 2 || s.points[1].Metrics["a"] != 2 {
		t.Fatalf("got %+v", s)
	}
}

// BenchmarkClusterTrue runs `true` as trials of one cpu on an agent of two through the whole protocol. Beside
// it, xargs -P2 does the same number.
func BenchmarkClusterTrue(b *testing.B) {
	r := newRig(b, 2.1)
	o := r.offer()
	launched, ended := 0, 0
	order := task.Order{Sweep: "s", Argv: []string{"true"}, Params: []byte("{}")}
	start := time.Now()
	b.ResetTimer()
	launch := func(o offers.Offer) {
		var list []task.Order
		for _, a := range o.Amounts {
			if a.Name == "cpus" {
				for n := a.Scalar; n >= 1000 && launched+len(list) < b.N; n -= 1000 {
					list = append(list, order)
				}
			}
		}
		if len(list) > 0 {
			r.launch(o, 1000, launched, list...)
			launched += len(list)
		}
	}
	launch(o)
	for ended < b.N {
		switch e := r.next().(type) {
		case cluster.Offered:
			for _, o := range e.Offers {
				launch(o)
			}
		case cluster.Updated:
			if e.Status.State == cluster.Finished {
				ended++
			} else if e.Status.State != cluster.Running {
				b.Fatalf("%+v", e)
			}
			r.send(cluster.Acknowledge{Task: e.Status.Task, Agent: e.Status.Agent, UUID: e.Status.UUID})
			_ = r.driver.Send(context.Background(), cluster.Revive{})
		}
	}
	b.StopTimer()
	took := time.Since(start)
	start = time.Now()
	if out, err := exec.Command("sh", "-c", fmt.Sprintf("seq %d | xargs -P2 -n1 true", b.N)).CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	b.ReportMetric(took.Seconds()/time.Since(start).Seconds(), "×xargs")
}

// gone waits until a process has ended.
func (r *rig) gone(file string) {
	r.t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		r.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		r.t.Fatal(err)
	}
	testkit.Await(r.t, fmt.Sprintf("the end of process %d of %s", pid, file), func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}

func TestDaemonLeftBehindIsKilled(t *testing.T) {
	r := newRig(t, 2)
	dir := t.TempDir()
	r.launch(r.offer(), 500, 0,
		task.Order{Sweep: "s", Dir: dir, Shell: `setsid sh -c 'echo $$ > daemon; exec sleep 1000' >/dev/null 2>&1 & while [ ! -s daemon ]; do sleep 0.01; done`},
		// A trial that still runs keeps its daemons.
		task.Order{Sweep: "s", Dir: dir, Shell: `setsid sh -c 'echo $$ > own; while [ ! -e go ]; do sleep 0.01; done; echo fine > answer' >/dev/null 2>&1 &
			while [ ! -s answer ]; do sleep 0.01; done`})
	tasks := r.finish(1, nil)
	if s := tasks["s.0.0"]; s == nil || s.state != cluster.Finished {
		t.Fatalf("got %+v", s)
	}
	r.gone(filepath.Join(dir, "daemon"))
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if s := r.finish(1, nil)["s.1.0"]; s == nil || s.state != cluster.Finished {
		t.Fatalf("got %+v", s)
	}
}

func TestTrialsDieWithTheirExecutor(t *testing.T) {
	r := newRig(t, 2)
	dir := t.TempDir()
	r.launch(r.offer(), 500, 0, task.Order{Sweep: "s", Dir: dir, Shell: `echo $$ > pid; echo $PPID > parent; echo '{"a":1}'; exec sleep 1000`})
	for {
		u, ok := r.next().(cluster.Updated)
		if !ok {
			continue
		}
		if s := u.Status; s.State != cluster.Running {
			if s.State != cluster.Failed || s.Reason != "REASON_EXECUTOR_TERMINATED" {
				t.Fatalf("got %+v", s)
			}
			break
		}
		r.send(cluster.Acknowledge{Task: u.Status.Task, Agent: u.Status.Agent, UUID: u.Status.UUID})
		if report, err := task.Decode[task.Report](u.Status.Data); err != nil || len(report.Points) == 0 {
			continue // it runs, but has not yet written down who it is
		}
		text, err := os.ReadFile(filepath.Join(dir, "parent"))
		if err != nil {
			t.Fatal(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	r.gone(filepath.Join(dir, "pid"))
}
