package server

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/dir"
	"github.com/kaon-sweep/kaon/scheduler/executor/executortest"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
)

// Agents in this process start its own file as the executor.
func TestMain(m *testing.M) { executortest.Main(m) }

// world is a folder with specs, state and results of one test.
type world struct {
	t       *testing.T
	dir     string
	results bucket.Bucket

	mu   sync.Mutex
	told []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir()) // other tests are not this user's other runs
	w := &world{t: t, dir: t.TempDir()}
	results, err := dir.Open(filepath.Join(w.dir, "results"))
	if err != nil {
		t.Fatal(err)
	}
	w.results = results
	return w
}

// config is a server on the embedded cluster, which takes the machine as if it were alone.
func (w *world) config() Config {
	return Config{
		Folder: filepath.Join(w.dir, "state"), Bucket: w.results, Cluster: Cluster{GPUs: "none", Alone: true},
		Version: "test", Command: []string{"kaon", "run"}, Notify: w.hear,
	}
}

func (w *world) hear(n Notice) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, n.Sweep+": "+n.Text)
}

func (w *world) heard(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.told, func(line string) bool { return strings.Contains(line, text) })
}

// open opens a server; it is closed at the end of the test, if not before.
func (w *world) open(cfg Config) *Server {
	w.t.Helper()
	s, err := Open(w.t.Context(), cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

// spec parses a spec that lies in the world's folder.
func (w *world) spec(name, text string) *sweep.Spec {
	w.t.Helper()
	file := filepath.Join(w.dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	spec, err := sweep.Parse(file, []byte(text), state.WithFilesBeside(file))
	if err != nil {
		w.t.Fatal(err)
	}
	return spec
}

// submit hands a sweep in.
func (w *world) submit(s *Server, id string, spec *sweep.Spec) *Sweep {
	w.t.Helper()
	sw, err := s.Submit(w.t.Context(), Submission{ID: id, Spec: spec})
	if err != nil {
		w.t.Fatal(err)
	}
	return sw
}

// ends waits for a sweep to end in a phase.
func (w *world) ends(sw *Sweep, phase sweep.Phase) Outcome {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), testkit.Patience)
	defer cancel()
	out, err := sw.Wait(ctx)
	if err != nil || out.Phase != phase {
		w.t.Fatalf("%s ended as %q (%s), %v; want %q", sw.ID(), out.Phase, out.Reason, err, phase)
	}
	return out
}

func (w *world) closed(s *Server) {
	w.t.Helper()
	if err := s.Close(context.Background()); err != nil {
		w.t.Error(err)
	}
}

const three = `
method: grid
metric: {name: loss, goal: minimize}
parameters: {x: {values: [3, 1, 2]}}
command: echo loss=${param.x}
task:
  resources: {cpus: 0.1, memory: 16MB}
`
