package run

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

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

// What a former process had begun comes before all that waits, in its order.
func TestStartedFirst(t *testing.T) {
	q := queue{startedBefore: map[string]bool{"c": true, "e": true}}
	var tasks []engine.Task
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		tasks = append(tasks, engine.Task{ID: id})
	}
	n := q.startedFirst(tasks)
	var order string
	for _, task := range tasks {
		order += task.ID
	}
	if n != 2 || order != "ceabd" {
		t.Errorf("%d begun, in order %s", n, order)
	}
}
