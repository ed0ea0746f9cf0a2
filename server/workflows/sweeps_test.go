package workflows

import (
	"context"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/dir"
	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow"
)

// Of sweeps that have ended those are found that are the owner's and no steps of runs, by name, labels and state, with their winner, also by the next
// process; somebody else's of the same name are not.
func TestEndedSweeps(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	b, err := dir.Open(filepath.Join(folder, "results"))
	if err != nil {
		t.Fatal(err)
	}
	begin := func() (*server.Server, *Manager) {
		t.Helper()
		s, err := server.Open(t.Context(), server.Config{
			Folder: filepath.Join(folder, "state"), Bucket: b, Cluster: server.Cluster{GPUs: "none", Alone: true}, Version: "test",
		})
		if err != nil {
			t.Fatal(err)
		}
		m, err := New(Config{Folder: filepath.Join(folder, "runs"), Server: s, Bucket: b})
		if err != nil {
			t.Fatal(err)
		}
		return s, m
	}
	s, m := begin()
	spec := "name: search\nmethod: grid\nparameters: {x: {values: [3]}}\nmetric: {name: loss, goal: minimize}\ntask: {resources: {cpus: 0.1, memory: 16MB}}\n"
	const good = "command: echo '{\"loss\":${param.x}}' >> $KAON_METRICS\n"
	for id, one := range map[string]struct {
		text   string
		origin server.Origin
	}{
		"one": {good, server.Origin{Owner: "ann", Labels: []string{"a", "b"}}}, "theirs": {good, server.Origin{Owner: "eve", Labels: []string{"a"}}},
		"step": {good, server.Origin{Owner: "ann", Labels: []string{ofRun + "run", "a"}}}, "bad": {"command: exit 3\n", server.Origin{Owner: "ann"}},
	} {
		parsed, err := sweep.Parse(filepath.Join(folder, "s.yaml"), []byte(spec+one.text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Submit(t.Context(), server.Submission{ID: id, Spec: parsed, Origin: one.origin}); err != nil {
			t.Fatal(err)
		}
	}
	find := func(want workflow.Sweeps, known ...string) (ids []string) {
		t.Helper()
		all, err := m.EndedSweeps(t.Context(), "ann", want, func(id string, _ int64) bool { return slices.Contains(known, id) })
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			ids = append(ids, one.Sweep)
			params, _ := one.Winner["params"].(map[string]any)
			if one.Sweep == "one" && (params["x"] != int64(3) || one.State != "succeeded" || len(one.Labels) != 2 || one.Ended == 0) {
				t.Errorf("it is %+v", one)
			}
		}
		return ids
	}
	succeeded, failed := []string{"succeeded"}, []string{"failed"}
	testkit.Await(t, "the ends", func() bool {
		snap, err := s.Snapshot(t.Context())
		return err == nil && !slices.ContainsFunc(snap.Sweeps, func(one scheduler.SweepStatus) bool { return !one.Phase.Ended() })
	})
	for range 2 {
		for _, one := range []struct {
			sweeps workflow.Sweeps
			want   []string
		}{
			{workflow.Sweeps{Name: "search", States: succeeded}, []string{"one"}}, {workflow.Sweeps{Name: "search", States: failed}, []string{"bad"}},
			{workflow.Sweeps{Labels: []string{"b", "a"}, States: succeeded}, []string{"one"}}, {workflow.Sweeps{Labels: []string{"c"}, States: succeeded}, nil},
			{workflow.Sweeps{Name: "other", States: succeeded}, nil},
		} {
			if got := find(one.sweeps); !slices.Equal(got, one.want) {
				t.Errorf("%v finds %v, want %v", one.sweeps, got, one.want)
			}
		}
		if got := find(workflow.Sweeps{Name: "search", States: succeeded}, "one"); got != nil {
			t.Errorf("what is known is found: %v", got)
		}
		m.Close()
		if err := s.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		s, m = begin()
	}
	m.Close()
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// heldBucket takes no winner until it is let go.
type heldBucket struct {
	bucket.Bucket
	letGo chan struct{}
}

func (b heldBucket) Put(ctx context.Context, name string, src io.Reader) error {
	if strings.HasSuffix(name, "winner.json") {
		select {
		case <-b.letGo:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return b.Bucket.Put(ctx, name, src)
}

// A sweep whose results are not stored yet has not ended for who begins runs behind it: its winner could not be read.
func TestEndedSweepIsNotStoredYet(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	before := storing
	storing = 50 * time.Millisecond
	t.Cleanup(func() { storing = before })
	b, err := dir.Open(filepath.Join(folder, "results"))
	if err != nil {
		t.Fatal(err)
	}
	held := heldBucket{b, make(chan struct{})}
	s, err := server.Open(t.Context(), server.Config{
		Folder: filepath.Join(folder, "state"), Bucket: held, Cluster: server.Cluster{GPUs: "none", Alone: true}, Version: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	m, err := New(Config{Folder: filepath.Join(folder, "runs"), Server: s, Bucket: held})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	spec, err := sweep.Parse(filepath.Join(folder, "s.yaml"), []byte("name: search\nmethod: grid\nparameters: {x: {values: [3]}}\nmetric: {name: loss, goal: minimize}\n"+
		"task: {resources: {cpus: 0.1, memory: 16MB}}\ncommand: echo '{\"loss\":${param.x}}' >> $KAON_METRICS\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Submit(t.Context(), server.Submission{ID: "one", Spec: spec, Origin: server.Origin{Owner: "ann"}}); err != nil {
		t.Fatal(err)
	}
	testkit.Await(t, "the end", func() bool {
		snap, err := s.Snapshot(t.Context())
		return err == nil && len(snap.Sweeps) == 1 && snap.Sweeps[0].Phase.Ended()
	})
	find := func() int {
		all, err := m.EndedSweeps(t.Context(), "ann", workflow.Sweeps{States: []string{"succeeded"}}, func(string, int64) bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	if n := find(); n != 0 {
		t.Errorf("%d have ended before their results are stored", n)
	}
	close(held.letGo)
	testkit.Await(t, "the sweep", func() bool { return find() == 1 })
}
