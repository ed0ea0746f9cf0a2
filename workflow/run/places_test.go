package run

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// slowCluster counts how many sweeps there are at once; each ends when no other has begun for a while.
type slowCluster struct {
	cluster
	mu        sync.Mutex
	now, most int
	all       int
}

func (c *slowCluster) Run(context.Context, steps.Job) (steps.Done, error) {
	c.mu.Lock()
	c.now++
	c.all++
	c.most = max(c.most, c.now)
	c.mu.Unlock()
	for begun := -1; ; time.Sleep(60 * time.Millisecond) {
		c.mu.Lock()
		if c.all == begun {
			c.now--
			c.mu.Unlock()
			return steps.Done{Phase: sweep.PhaseSucceeded}, nil
		}
		begun = c.all
		c.mu.Unlock()
	}
}

// Runs within a run are not all open at once, however many there are to be and however they lie in each other, and all get on.
func TestNestedRunsAreBounded(t *testing.T) {
	const many = `
steps:
  a: {type: workflow, file: one.yaml}
graph: "**(n = 1..150) --< a >--"
`
	const within = `
parameters: {depth: 3}
steps:
  a: {type: workflow, file: flow.yaml, parameters: {depth: "${parameters.depth - 1}"}, when: parameters.depth > 0}
  b: {type: command, command: "true", when: parameters.depth == 0}
graph: "**(n = 1..4) --< a >-- b"
`
	for _, c := range []struct {
		text      string
		places    *Places
		most, all int
	}{{many, nil, atOnce, 150}, {within, NewPlaces(8, NewPlaces(100, nil)), 4 * 9, 4 * 4 * 4}, {within, NewPlaces(100, NewPlaces(1, nil)), 4 * 2, 4 * 4 * 4}} {
		cluster := &slowCluster{}
		r, _ := newTestRun(t, c.text, cluster)
		r.cfg.Nested = NewPlaces(mostNested, nil)
		if c.places != nil {
			r.cfg.Nested = c.places
		}
		folder := filepath.Dir(r.header.File)
		for name, text := range map[string]string{"one.yaml": "steps: {s: {type: command, command: 'true'}}\ngraph: s\n", "flow.yaml": c.text} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Minute, fmt.Errorf("it does not end"))
		view, err := r.Work(ctx)
		cancel()
		if err != nil || view.State != engine.Succeeded {
			t.Fatalf("it is %s (%s), %v", view.State, view.Reason, err)
		}
		if cluster.most > c.most || cluster.all != c.all {
			t.Errorf("%d of %d runs had a step at once, %d may; %d are to have one", cluster.most, cluster.all, c.most, c.all)
		}
		if r.cfg.Nested.open != 0 || c.places != nil && c.places.within.open != 0 {
			t.Errorf("%d places are taken in the end", r.cfg.Nested.open)
		}
	}
}

// A run within another that is gone on with needs no place, and one that waits for a place ends with its run.
func TestNestedRunsWaitAndEnd(t *testing.T) {
	cluster := &blockingCluster{}
	r, cfg := newTestRun(t, "steps:\n  a: {type: workflow, file: one.yaml}\ngraph: \"**(n = 1..5) --< a >--\"\n", cluster)
	r.cfg.Nested = NewPlaces(2, nil)
	if err := os.WriteFile(filepath.Join(filepath.Dir(r.header.File), "one.yaml"), []byte("steps: {s: {type: command, command: 'true'}}\ngraph: s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := r.Work(ctx)
			ended <- err
		}()
		testkit.Await(t, "that those run that have a place", func() bool {
			cluster.mu.Lock()
			defer cluster.mu.Unlock()
			return cluster.begun == 2*(round+1)
		})
		leave()
		<-ended
		if r.cfg.Nested.open != 0 {
			t.Fatalf("%d places are taken", r.cfg.Nested.open)
		}
		var err error
		if cfg.Nested = NewPlaces(1, nil); round == 1 {
			break
		}
		if r, err = Open(cfg, "r"); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Open(cfg, "r")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Ask(cfg.Folder, "r", Request{Kind: CancelRun}); err != nil {
		t.Fatal(err)
	}
	work(t, r, engine.Canceled)
}

// blockingCluster has sweeps run until they are to end.
type blockingCluster struct {
	cluster
	mu    sync.Mutex
	begun int
}

func (c *blockingCluster) Run(ctx context.Context, _ steps.Job) (steps.Done, error) {
	c.mu.Lock()
	c.begun++
	c.mu.Unlock()
	<-ctx.Done()
	return steps.Done{}, context.Cause(ctx)
}

// What a former process had begun comes before all that it may have begun, and that before what waited, each in the order of its beginning.
func TestStartedFirst(t *testing.T) {
	q := queue{startedBefore: map[string]bool{"c": true, "e": true}}
	var tasks []engine.Task
	for i, id := range []string{"a", "b", "c", "d", "e"} {
		tasks = append(tasks, engine.Task{ID: id, Queued: id == "a", Began: int64(9 - i)})
	}
	q.startedFirst(tasks)
	order := func(tasks []engine.Task) (text string) {
		for _, task := range tasks {
			text += task.ID
		}
		return text
	}
	if order(tasks) != "ecdba" {
		t.Errorf("they begin as %s", order(tasks))
	}
	for free, want := range map[int]string{-1: "ec", 0: "ec", 1: "ec", 2: "ec", 3: "ecd", 9: "ecdba"} {
		if q.tasks = tasks; order(q.next(free)) != want {
			t.Errorf("of %d places not %s are taken", free, want)
		}
	}
}

// lastingSweeps has each sweep go on until its run ends or lets go of it, as a cluster does when its process ends, and no more end than may.
type lastingSweeps struct {
	cluster
	mu    sync.Mutex
	known map[string]bool
	now   map[string]bool // those that are waited for
	most  int             // at once
	end   chan empty      // one sweep ends by each
}

type empty = struct{}

func (c *lastingSweeps) Knows(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[id]
}

func (c *lastingSweeps) Run(ctx context.Context, job steps.Job) (steps.Done, error) {
	c.mu.Lock()
	c.known[job.ID], c.now[job.ID] = true, true
	c.most = max(c.most, len(c.now))
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.now, job.ID)
		c.mu.Unlock()
	}()
	select {
	case <-c.end:
		return steps.Done{Phase: sweep.PhaseSucceeded}, nil
	case <-ctx.Done():
		return steps.Done{}, context.Cause(ctx)
	}
}

func (c *lastingSweeps) running() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.now))
}

// Of a run that is gone on with, or restarted, no more attempts run at once than of one that is begun, and those first that run already.
func TestParallelHoldsForWhoGoesOn(t *testing.T) {
	c := &lastingSweeps{known: map[string]bool{}, now: map[string]bool{}, end: make(chan empty)}
	r, cfg := newTestRun(t, "parallel: 2\nsteps:\n  a: {type: command, command: 'true'}\ngraph: \"**(n = 1..6) --< a >--\"\n", c)
	var ended chan error
	leave := func() {}
	begin := func() {
		var ctx context.Context
		ctx, leave = context.WithCancel(t.Context())
		ended = make(chan error, 1)
		go func() {
			_, err := r.Work(ctx)
			ended <- err
		}()
	}
	again := func(restart bool) {
		leave()
		<-ended
		var err error
		if r, err = Open(cfg, "r"); err == nil && restart {
			err = r.Restart([]string{"a"}, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		begin()
	}
	two := func() []string {
		testkit.Await(t, "that two attempts run", func() bool { return len(c.running()) == 2 })
		return c.running()
	}
	begin()
	first := two()
	c.end <- empty{}
	before := first
	testkit.Await(t, "that the third runs", func() bool { before = two(); return !slices.Equal(before, first) })
	again(false)
	if after := two(); !slices.Equal(before, after) {
		t.Errorf("%q run, and before %q", after, before)
	}
	for range 5 {
		c.end <- empty{}
	}
	testkit.Await(t, "the end", func() bool { return r.View(false).State == engine.Succeeded })
	again(true)
	two()
	for range 6 {
		c.end <- empty{}
	}
	if err := <-ended; err != nil || r.View(false).State != engine.Succeeded {
		t.Errorf("it is %s, %v", r.View(false).State, err)
	}
	if leave(); c.most != 2 {
		t.Errorf("%d ran at once", c.most)
	}
}

// What runs in the process itself begins again as it may, too.
func TestParallelHoldsForRequests(t *testing.T) {
	var mu sync.Mutex
	now, most, all := 0, 0, 0
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		now++
		all++
		most = max(most, now)
		mu.Unlock()
		<-r.Context().Done()
		mu.Lock()
		now--
		mu.Unlock()
	}))
	defer s.Close()
	r, cfg := newTestRun(t, fmt.Sprintf("parallel: 2\nsteps:\n  a: {type: http, url: %q}\ngraph: \"**(n = 1..6) --< a >--\"\n", s.URL), cluster(nil))
	for round := range 3 {
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := r.Work(ctx)
			ended <- err
		}()
		testkit.Await(t, "that two run", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return all == 2*(round+1)
		})
		leave()
		<-ended
		testkit.Await(t, "that none runs", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return now == 0
		})
		var err error
		if r, err = Open(cfg, "r"); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil || most != 2 {
		t.Errorf("%d ran at once, %v", most, err)
	}
}

// A run whose log cannot be written leaves that around it as well, and both go on where they were: nothing is begun beside what runs.
func TestFullDiskWithin(t *testing.T) {
	var jobs []string
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("needs /dev/full: %v", err)
	}
	defer full.Close()
	var all string
	r, cfg := newTestRun(t, "steps:\n  a: {type: workflow, file: c.yaml, retry: 3}\ngraph: a\n", cluster(func(job steps.Job) (steps.Done, error) {
		if jobs = append(jobs, job.ID); len(jobs) > 1 {
			return steps.Done{Phase: sweep.PhaseSucceeded}, nil
		}
		fill(t, full, filepath.Join(Folder(all, strings.TrimSuffix(job.ID, "-n0-a1")), LogFile))
		return steps.Done{Phase: sweep.PhaseSucceeded}, nil
	}))
	all = cfg.Folder
	if err := os.WriteFile(filepath.Join(filepath.Dir(r.header.File), "c.yaml"), []byte("steps: {s: {type: command, command: 'true'}}\ngraph: s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	view, err := r.Work(t.Context())
	if !errors.Is(err, unix.ENOSPC) || view.State != engine.Running {
		t.Fatalf("it is %s (%s), %v", view.State, view.Reason, err)
	}
	if r, err = Open(cfg, "r"); err != nil {
		t.Fatal(err)
	}
	if view := work(t, r, engine.Succeeded); view.Steps[0].Attempts != 1 || len(jobs) != 2 || jobs[0] != jobs[1] {
		t.Errorf("after %d attempts these have begun: %q", view.Steps[0].Attempts, jobs)
	}
}

// fill has what this process writes to a file go to a full disk.
func fill(t *testing.T, full *os.File, file string) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Error(err)
	}
	for _, fd := range fds {
		if to, _ := os.Readlink(filepath.Join("/proc/self/fd", fd.Name())); to == file {
			n, _ := strconv.Atoi(fd.Name())
			if err := unix.Dup3(int(full.Fd()), n, unix.O_CLOEXEC); err != nil {
				t.Error(err)
			}
		}
	}
}

// lasting is a cluster whose sweeps go on until they are ended.
type lasting struct {
	cluster
	begun func(steps.Job)
}

func (c lasting) Run(ctx context.Context, job steps.Job) (steps.Done, error) {
	c.begun(job)
	<-ctx.Done()
	return steps.Done{}, context.Cause(ctx)
}

// A run that cannot write that it is being stopped has not been: that around it is left as well, and both are stopped when they can be.
func TestFullDiskWithinWhatIsStopped(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("needs /dev/full: %v", err)
	}
	defer full.Close()
	var cfg Config
	var r *Run
	r, cfg = newTestRun(t, "steps:\n  a: {type: workflow, file: c.yaml}\ngraph: a\n", lasting{begun: func(job steps.Job) {
		child := strings.TrimSuffix(job.ID, "-n0-a1")
		fill(t, full, filepath.Join(Folder(cfg.Folder, child), LogFile))
		if _, err := Ask(cfg.Folder, "r", Request{Kind: CancelRun, Who: "ann"}); err != nil {
			t.Error(err)
		}
	}})
	c := []byte("steps: {s: {type: command, command: 'true'}}\ngraph: s\n")
	if err := os.WriteFile(filepath.Join(filepath.Dir(r.header.File), "c.yaml"), c, 0o600); err != nil {
		t.Fatal(err)
	}
	view, err := r.Work(t.Context())
	if !errors.Is(err, unix.ENOSPC) || view.State.Ended() {
		t.Fatalf("it is %s (%s), %v", view.State, view.Reason, err)
	}
	cfg.Cluster = lasting{begun: func(steps.Job) {}}
	if r, err = Open(cfg, "r"); err != nil {
		t.Fatal(err)
	}
	work(t, r, engine.Canceled)
	child, err := Read(cfg.Folder, "r-n0-a1", false)
	if err != nil || child.View.State != engine.Canceled {
		t.Errorf("the run within it is %+v, %v", child, err)
	}
}
