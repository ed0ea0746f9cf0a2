package registry

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server/workflows"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// runs stand in for a server's runs: they begin when they are submitted, and end when a test ends them.
type runs struct {
	mu     sync.Mutex
	infos  map[string]workflows.Info
	order  []string
	sweeps []workflows.SweepEnd // ann's
	looks  int                  // for them
	err    error                // of looking for them

	late []string // that waited, and were told as late

	full  bool   // no more may be at work
	began func() // called when one has begun, before whoever submitted knows
}

func newRuns() *runs { return &runs{infos: map[string]workflows.Info{}} }

func (r *runs) Submit(sub workflows.Submission) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if had, known := r.infos[sub.ID]; known {
		if had.Live {
			return "", workflows.ErrAtWork
		}
		return "", workflows.ErrExists
	}
	if r.full {
		return "", workflows.ErrTooMany
	}
	h := run.Header{Run: sub.ID, Name: run.NameOf(sub.Workflow), Source: string(sub.Workflow.Source), Given: sub.Given, Origin: sub.Origin}
	r.infos[sub.ID] = workflows.Info{Brief: run.Brief{Header: h, Live: true, View: engine.View{State: engine.Running}}}
	r.order = append(r.order, sub.ID)
	if r.began != nil {
		r.began()
	}
	return sub.ID, nil
}

func (r *runs) Get(id string) (workflows.Info, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i, ok := r.infos[id]; ok {
		return i, nil
	}
	return workflows.Info{}, workflows.ErrUnknown
}

func (r *runs) Ask(_ context.Context, id string, q run.Request) error {
	r.end(id, engine.Canceled, q.Reason)
	return nil
}

func (r *runs) AtWork(registered string, backfill bool) (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range r.order {
		if i := r.infos[id]; i.Live && i.Header.Registered == registered && i.Header.Trigger.Backfill == backfill {
			all = append(all, id)
		}
	}
	return all
}

func (r *runs) Succeeded(registered string, since int64, known func(run, owner string, ended int64) bool) (all []workflows.Success) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range r.order {
		if i := r.infos[id]; i.Header.Registered == registered && i.View.State == engine.Succeeded && i.View.Ended > since &&
			!known(id, i.Header.Owner, i.View.Ended) {
			all = append(all, workflows.Success{
				Run: id, Owner: i.Header.Owner, Ended: i.View.Ended, Parameters: i.Header.Given, Outputs: map[string]any{"a": map[string]any{"x": int64(7)}},
			})
		}
	}
	return all
}

func (r *runs) EndedSweeps(_ context.Context, owner string, want workflow.Sweeps, known func(string, int64) bool) (all []workflows.SweepEnd, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looks++
	for _, s := range r.sweeps {
		if !known(s.Sweep, s.Ended) {
			all = append(all, s)
		}
	}
	return all, r.err
}

func (r *runs) TellLate(l run.Late, state engine.State) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.late = append(r.late, fmt.Sprintf("%s %s %s", l.Header.Run, l.SLA, state))
}

func (r *runs) end(id string, state engine.State, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.infos[id]
	i.Live, i.View.State, i.View.Reason = false, state, reason
	r.infos[id] = i
}

// world is a registry in a folder, over runs.
type world struct {
	t      *testing.T
	folder string
	runs   *runs
	now    time.Time
	may    func(owner, knownBy string) (*[]string, error)                 // nil: all may
	find   func(ctx context.Context, pattern string) ([]run.Found, error) // nil: run.Find
	*Registry
}

var (
	ann = Who{Name: "ann"}
	bob = Who{Name: "bob"}
)

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, folder: t.TempDir(), runs: newRuns(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	w.open()
	return w
}

// open reads the folder as the next process does.
func (w *world) open() {
	w.t.Helper()
	if w.Registry != nil {
		w.Close()
	}
	var err error
	w.Registry, err = Open(Config{Folder: w.folder, Runs: w.runs, Now: func() time.Time { return w.now }, May: w.may, Find: w.find})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(w.Close)
}

// register registers a text as a file of a folder.
func (w *world) register(who Who, text string) Info {
	w.t.Helper()
	i, _, err := w.tryRegister(who, text)
	if err != nil {
		w.t.Fatal(err)
	}
	return i
}

func (w *world) tryRegister(who Who, text string) (Info, bool, error) {
	w.t.Helper()
	return w.registerWithin(who, text, "/uploads/x")
}

func (w *world) registerWithin(who Who, text, within string) (Info, bool, error) {
	w.t.Helper()
	wf, err := run.Parse("/uploads/x/flow.yaml", []byte(text))
	if err != nil {
		w.t.Fatal(err)
	}
	return w.Register(Registration{Who: who, Workflow: wf, Root: "/uploads/x", Folder: "x", Within: within})
}

func (w *world) run(name string, given map[string]any) Standing {
	w.t.Helper()
	s, err := w.Run(Submission{Name: name, Given: given, Origin: run.Origin{Owner: "ann"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

const small = "name: small\nparameters: {n: 1}\nsteps: {a: {type: notify, message: '${n}'}}\ngraph: a\n"

// Versions are numbered, kept as they were over restarts, and the same content is the same version. Whoever came first owns the name.
func TestVersions(t *testing.T) {
	w := newWorld(t)
	first := w.register(ann, small)
	if first.Current.Version != 1 || first.Owner != "ann" {
		t.Errorf("%+v", first)
	}
	if i, created, err := w.tryRegister(ann, small); err != nil || created || i.Latest != 1 {
		t.Errorf("the same again: %v, %v, %+v", created, err, i)
	}
	if _, _, err := w.tryRegister(bob, strings.ReplaceAll(small, "n: 1", "n: 2")); !errors.Is(err, ErrOwner) {
		t.Errorf("another's: %v", err)
	}
	w.register(ann, strings.ReplaceAll(small, "n: 1", "n: 2"))
	w.open()
	for version, want := range map[int]int64{0: 2, 1: 1, 2: 2} {
		s, err := w.Run(Submission{Name: "small", Version: version})
		if err != nil {
			t.Fatal(err)
		}
		h := w.runs.infos[s.Run].Header
		if h.Given["n"] != want || h.Revision != int(want) || h.Registered != "small" || h.Trigger.Kind != "manual" {
			t.Errorf("version %d runs as %+v", version, h)
		}
	}
	if _, err := w.Pin("small", bob, 1); !errors.Is(err, ErrOwner) {
		t.Error(err)
	}
	if i, err := w.Pin("small", ann, 1); err != nil || i.Current.Version != 1 || i.Latest != 2 {
		t.Errorf("%+v, %v", i, err)
	}
	if i := w.register(Who{Name: "eve", Any: true}, strings.ReplaceAll(small, "n: 1", "n: 3")); i.Current.Version != 1 || i.Latest != 3 || i.Owner != "ann" {
		t.Errorf("%+v", i)
	}
	w.open()
	if s := w.run("small", nil); s.Version != 1 {
		t.Errorf("a pinned workflow runs as %+v", s)
	}
	for _, version := range []int{-1, 4} {
		if _, err := w.Pin("small", ann, version); !errors.Is(err, ErrVersion) {
			t.Error(err)
		}
		if _, err := w.Run(Submission{Name: "small", Version: version}); !errors.Is(err, ErrVersion) {
			t.Error(err)
		}
	}
	if _, err := w.Run(Submission{Name: "small", Given: map[string]any{"m": 1}}); !errors.Is(err, ErrWrong) {
		t.Error(err)
	}
	if err := w.Remove("small", bob); !errors.Is(err, ErrOwner) {
		t.Error(err)
	}
	if err := w.Remove("small", ann); err != nil {
		t.Error(err)
	}
	w.open()
	if _, err := w.Get("small"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if i := w.register(bob, small); i.Latest != 1 || i.Owner != "bob" {
		t.Errorf("%+v", i)
	}
}

// What a cut-off registration leaves is no workflow, and names that lead elsewhere are none.
func TestAttackRegisteredNames(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"..", "a b", ".a", "é", "a/b", "a@1", "", strings.Repeat("a", 101), "-a"} {
		if CheckName(name) == nil {
			t.Errorf("%q may be registered", name)
		}
		if _, err := w.Get(name); !errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
	}
	if _, _, err := w.tryRegister(ann, "name: 'a b'\nsteps: {a: {type: notify, message: x}}\ngraph: a\n"); !errors.Is(err, ErrWrong) {
		t.Error(err)
	}
	half := filepath.Join(w.folder, "half")
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(half, "version-1.json"), []byte(`{"version": 1`), 0o600); err != nil {
		t.Fatal(err)
	}
	w.open()
	if len(w.List()) != 0 {
		t.Errorf("there are %+v", w.List())
	}
	if i := w.register(ann, strings.ReplaceAll(small, "small", "half")); i.Latest != 1 {
		t.Errorf("%+v", i)
	}
}

// What cannot be read is registered all the same: nobody takes its name, and with that its versions.
func TestAttackUnreadWorkflows(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, folder string){
		"another format":      func(t *testing.T, folder string) { edit(t, folder, `"format":1`, `"format":2`) },
		"damaged":             func(t *testing.T, folder string) { edit(t, folder, `{"format"`, `{"for`) },
		"of another":          func(t *testing.T, folder string) { edit(t, folder, `"name":"small"`, `"name":"other"`) },
		"no versions":         func(t *testing.T, folder string) { edit(t, folder, `"versions":1`, `"versions":0`) },
		"pinned beyond":       func(t *testing.T, folder string) { edit(t, folder, `"versions":1`, `"versions":1,"pinned":2`) },
		"a version is absent": func(t *testing.T, folder string) { edit(t, folder, `"versions":1`, `"versions":2`) },
		"no file": func(t *testing.T, folder string) {
			file := filepath.Join(folder, stateFile)
			if err := errors.Join(os.Remove(file), os.Symlink("elsewhere", file)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.register(ann, small)
			w.register(ann, strings.ReplaceAll(small, "small", "whole"))
			if all, err := w.Folders(); err != nil || len(all) != 2 {
				t.Errorf("%q, %v", all, err)
			}
			spoil(t, filepath.Join(w.folder, "small"))
			w.open()
			for range 2 {
				if _, _, err := w.tryRegister(bob, small); !errors.Is(err, ErrUnread) || !strings.Contains(err.Error(), "under another name") {
					t.Errorf("registered: %v", err)
				}
			}
			if err := w.Remove("small", Who{Name: "bob", Any: true}); !errors.Is(err, ErrUnread) {
				t.Errorf("removed: %v", err)
			}
			if _, err := w.Run(Submission{Name: "small"}); !errors.Is(err, ErrUnread) {
				t.Errorf("run: %v", err)
			}
			if all, err := w.Folders(); !errors.Is(err, ErrUnread) {
				t.Errorf("folders %q, %v", all, err)
			}
			if list := w.List(); len(list) != 1 || list[0].Name != "whole" {
				t.Errorf("there are %+v", list)
			}
			if _, err := os.Stat(versionFile(filepath.Join(w.folder, "small"), 1)); err != nil {
				t.Error(err)
			}
			if err := os.Rename(filepath.Join(w.folder, "small"), filepath.Join(t.TempDir(), "away")); err != nil { // as the error says
				t.Fatal(err)
			}
			w.open()
			if i := w.register(bob, small); i.Owner != "bob" {
				t.Errorf("%+v", i)
			}
		})
	}
}

// edit replaces something in the state of a registered workflow.
func edit(t *testing.T, folder, from, to string) {
	t.Helper()
	file := filepath.Join(folder, stateFile)
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), from) {
		t.Fatalf("%s, %v", text, err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Who runs another's workflow may not what only its owner may, and the other way round.
func TestAttackOriginsOfVersions(t *testing.T) {
	local := &Version{Version: 2, Root: "/uploads/x"}
	far := &Version{Version: 1, Root: "/uploads/y", Within: "/uploads/y", Queues: &[]string{"eng"}}
	for _, one := range []struct {
		v       *Version
		foreign bool
		queues  *[]string
		within  string
		may     string
	}{
		{local, false, nil, "", "any"},
		{local, true, &[]string{"ops"}, "/uploads/x", "[ops]"},
		{far, false, nil, "/uploads/y", "[eng]"},
		{far, true, &[]string{"eng/ml", "ops"}, "/uploads/y", "[eng/ml]"},
		{far, true, &[]string{"ops"}, "/uploads/y", "[]"},
		{far, true, &[]string{"engine"}, "/uploads/y", "[]"},
	} {
		o := one.v.origin("f", run.Origin{Owner: "bob", Queues: one.queues}, one.foreign)
		may := "any"
		if o.Queues != nil {
			may = fmt.Sprint(*o.Queues)
		}
		if o.Within != one.within || may != one.may || o.Owner != "bob" || o.Registered != "f" || o.Revision != one.v.Version {
			t.Errorf("%+v with %+v: %+v, into %s", one.v, one, o, may)
		}
	}
}

func strategy(text string) string {
	return "name: small\nrun_strategy: " + text + "\nsteps: {a: {type: notify, message: x}}\ngraph: a\n"
}

// atWork waits until these runs are at work, and no others.
func (w *world) atWork(want ...string) {
	w.t.Helper()
	testkit.Await(w.t, fmt.Sprint("that these are at work: ", want), func() bool {
		w.beginDue()
		return slices.Equal(w.runs.AtWork("small", false), want)
	})
}

// What waits begins in its order when there is room, also in the next process.
func TestRunStrategies(t *testing.T) {
	t.Run("sequential", func(t *testing.T) {
		w := newWorld(t)
		w.register(ann, strategy("{rule: sequential, queue: 2}"))
		a, b, c := w.run("small", nil), w.run("small", nil), w.run("small", nil)
		if a.Place != 0 || b.Place != 1 || c.Place != 2 {
			t.Errorf("they stand at %+v %+v %+v", a, b, c)
		}
		if _, err := w.Run(Submission{Name: "small"}); !errors.Is(err, ErrFull) {
			t.Error(err)
		}
		w.open()
		w.atWork(a.Run)
		w.runs.end(a.Run, engine.Failed, "")
		w.atWork(b.Run)
		w.runs.end(b.Run, engine.Succeeded, "")
		w.atWork(c.Run)
		if again, err := w.Run(Submission{ID: c.Run, Name: "small"}); err != nil || !again.Known || again.Place != 0 {
			t.Errorf("%+v, %v", again, err)
		}
	})
	t.Run("parallel", func(t *testing.T) {
		w := newWorld(t)
		w.register(ann, strategy("{rule: parallel, limit: 2}"))
		a, b, c := w.run("small", nil), w.run("small", nil), w.run("small", nil)
		w.atWork(a.Run, b.Run)
		w.runs.end(b.Run, engine.Succeeded, "")
		w.atWork(a.Run, c.Run)
	})
	t.Run("latest_only", func(t *testing.T) {
		w := newWorld(t)
		w.register(ann, strategy("latest_only"))
		a := w.run("small", nil)
		b := w.run("small", nil)
		w.atWork(b.Run)
		if i := w.runs.infos[a.Run]; i.View.State != engine.Canceled || !strings.Contains(i.View.Reason, b.Run) {
			t.Errorf("the older one is %+v", i.View)
		}
	})
	t.Run("first_only", func(t *testing.T) {
		w := newWorld(t)
		w.register(ann, strategy("first_only"))
		a := w.run("small", nil)
		if _, err := w.Run(Submission{Name: "small"}); !errors.Is(err, ErrSkipped) {
			t.Error(err)
		}
		w.runs.end(a.Run, engine.Succeeded, "")
		b := w.run("small", nil)
		w.atWork(b.Run)
	})
	t.Run("a full server", func(t *testing.T) {
		w := newWorld(t)
		w.register(ann, small)
		w.runs.full = true
		a := w.run("small", nil)
		if a.Place != 1 {
			t.Errorf("it stands at %+v", a)
		}
		w.runs.full = false
		w.atWork(a.Run)
	})
}

func origin(owner string) run.Origin { return run.Origin{Owner: owner} }
