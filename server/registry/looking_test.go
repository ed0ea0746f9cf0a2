package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server/workflows"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
)

// inbox is a workflow that begins behind files, with what the trigger has more.
func inbox(more string) string {
	return "name: small\nparameters: {day: '', etag: '', size: 0}\nrun_strategy: {rule: parallel, limit: 3, queue: 2}\n" +
		"triggers: {file: /in/*.csv, " + more + "parameters: {day: '${trigger.file}', size: '${trigger.size}', etag: '${trigger.etag}'}}\n" +
		"steps: {a: {type: notify, message: x}}\ngraph: a\n"
}

// store is what a pattern finds.
type store struct {
	mu    sync.Mutex
	files map[string]run.Found
	err   error
	looks int
}

func (s *store) find(context.Context, string) ([]run.Found, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks++
	var all []run.Found
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		all = append(all, s.files[name])
	}
	return all, s.err
}

func (s *store) put(name, etag string, object bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[name] = run.Found{Address: name, ETag: etag, Size: 3, Object: object}
}

func (s *store) looked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looks
}

// again lets time pass until each trigger has looked once more, and what it has found was taken in.
func (w *world) again(s *store) {
	w.t.Helper()
	w.now = w.now.Add(time.Hour)
	had := s.looked()
	testkit.Await(w.t, "a look", func() bool {
		w.beginDue()
		w.mu.Lock()
		defer w.mu.Unlock()
		if s.looked() == had {
			return false
		}
		for _, e := range w.all {
			for _, l := range e.looks {
				if l.busy {
					return false
				}
			}
		}
		return true
	})
	for begun := -1; begun != len(w.days()); { // of what the queue had no room for more begins each time
		begun = len(w.days())
		w.beginDue()
	}
}

func newInbox(t *testing.T) (*world, *store) {
	t.Helper()
	s := &store{files: map[string]run.Found{}}
	w := &world{t: t, folder: t.TempDir(), runs: newRuns(), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), find: s.find}
	w.open()
	return w, s
}

// Each file and each change of one begins one run, in whatever process; what was there at the registration is none. One that is being written to waits
// until two looks find it the same; an object does not.
func TestFiles(t *testing.T) {
	w, s := newInbox(t)
	s.put("/in/old.csv", "1", false)
	if _, _, err := w.registerWithin(ann, inbox(""), ""); err != nil {
		t.Fatal(err)
	}
	s.put("/in/a.csv", "1", false)
	w.again(s)
	w.wantDays()
	s.put("/in/a.csv", "2", false) // it is written to
	w.again(s)
	w.wantDays()
	w.again(s)
	w.wantDays("/in/a.csv")
	h := w.runs.infos[w.runs.order[0]].Header
	if h.Given["etag"] != "2" || h.Given["size"] != int64(3) || h.Trigger.Kind != "file" || h.Trigger.Source != "/in/a.csv" || h.Owner != "ann" {
		t.Errorf("it began as %+v, %+v", h, h.Trigger)
	}
	if at := w.now.UnixMilli(); h.Wanted != at { // that it was written to is no time of the run's sla
		t.Errorf("its sla counts from %d, it is %d", h.Wanted, at)
	}
	w.open()
	s.put("s3://in/b.csv", "1", true)
	w.again(s)
	w.wantDays("/in/a.csv", "s3://in/b.csv")
	w.again(s)
	s.put("s3://in/b.csv", "2", true)
	w.open()
	w.again(s)
	w.wantDays("/in/a.csv", "s3://in/b.csv", "s3://in/b.csv")

	s.mu.Lock()
	was := s.files
	s.files = map[string]run.Found{}
	s.mu.Unlock()
	w.again(s) // as a disk that is away for a while
	s.mu.Lock()
	s.files = was
	s.mu.Unlock()
	w.again(s)
	w.again(s)
	w.wantDays("/in/a.csv", "s3://in/b.csv", "s3://in/b.csv")
	s.mu.Lock()
	s.err = errors.New("the bucket is away")
	s.mu.Unlock()
	w.again(s)
	if i := w.info(w.all["small"]); i.Triggers[0].Problem != "the bucket is away" || i.Triggers[0].What != "/in/*.csv" {
		t.Errorf("%+v", i.Triggers)
	}
}

// With `existing` what is there begins runs, too, as many at once as the run_strategy has room for, and none is lost. What comes while it is paused
// does not.
func TestFilesThatAreThere(t *testing.T) {
	w, s := newInbox(t)
	var want []string
	for n := range 9 {
		want = append(want, fmt.Sprintf("/in/%d.csv", n))
		s.put(want[n], "1", true)
	}
	if _, _, err := w.registerWithin(ann, inbox("existing: true, "), ""); err != nil {
		t.Fatal(err)
	}
	w.again(s)
	w.wantDays(want[:3]...)
	w.open() // three are at work, two wait
	for n := range want {
		w.again(s)
		w.runs.end(w.runs.order[n], engine.Succeeded, "")
		w.beginDue()
	}
	w.wantDays(want...)
	if i := w.info(w.all["small"]); len(i.Notes) != 0 || len(i.Queue) != 0 {
		t.Errorf("%+v", i)
	}
	if _, err := w.Pause("small", ann, true); err != nil {
		t.Fatal(err)
	}
	s.put("/in/paused.csv", "1", true)
	w.beginDue()
	if _, err := w.Pause("small", ann, false); err != nil {
		t.Fatal(err)
	}
	w.again(s)
	s.put("/in/then.csv", "1", true)
	w.again(s)
	w.wantDays(append(want, "/in/then.csv")...)
}

// A process that is killed at any moment leaves what the next one goes on from: each file has its run, and none two.
func TestKilledAroundFiles(t *testing.T) {
	w, s := newInbox(t)
	if _, _, err := w.registerWithin(ann, strings.Replace(inbox(""), "limit: 3", "limit: 100", 1), ""); err != nil {
		t.Fatal(err)
	}
	w.again(s) // the look of the registration, which takes what is there as known, is over
	want := []string{"/in/a.csv", "/in/b.csv", "/in/c.csv"}
	for _, name := range want {
		s.put(name, "1", true)
	}
	type copied struct {
		folder string
		infos  map[string]workflows.Info
		order  []string
	}
	var copies []copied
	keep := func() {
		c := copied{filepath.Join(t.TempDir(), "x"), maps.Clone(w.runs.infos), slices.Clone(w.runs.order)}
		if err := os.CopyFS(c.folder, os.DirFS(w.folder)); err != nil {
			t.Error(err)
		}
		copies = append(copies, c)
	}
	keep()
	w.runs.began = keep
	w.again(s)
	keep()
	if len(copies) != 5 {
		t.Fatalf("there are %d moments", len(copies))
	}
	for _, c := range copies {
		next := &world{t: t, folder: c.folder, runs: newRuns(), now: w.now, find: s.find}
		next.runs.infos, next.runs.order = c.infos, c.order
		for range 2 {
			next.open()
			next.again(s)
			next.wantDays(want...)
		}
	}
}

// Nobody but this process's own user has the server look for files, by whatever way: not by their own workflow, nor by one of that user's that they
// change, nor does it look at what they name before it refuses.
func TestAttackFilesOfTheServer(t *testing.T) {
	w, s := newInbox(t)
	refused := func(who Who, text, within string) {
		t.Helper()
		if _, _, err := w.registerWithin(who, text, within); !errors.Is(err, ErrWrong) || !strings.Contains(err.Error(), "own user's rights") {
			t.Errorf("%+v: %v", who, err)
		}
	}
	op, own := Who{Name: "op", Any: true}, Who{Name: "own", Any: true, Local: true}
	refused(ann, inbox(""), "/uploads/x")
	if s.looked() != 0 {
		t.Error("it was looked for")
	}
	w.register(ann, small)
	refused(own, inbox(""), "") // it would be ann's
	if err := w.Remove("small", own); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.registerWithin(own, inbox(""), ""); err != nil {
		t.Fatal(err)
	}
	refused(op, inbox("existing: true, "), "/uploads/x")
	s.put("/in/a.csv", "1", true)
	w.again(s)
	w.wantDays("/in/a.csv")
	e := w.all["small"]
	e.versions[0].By = "op" // as of a state that a former kaon has left
	s.put("/in/b.csv", "1", true)
	w.now = w.now.Add(time.Hour)
	w.beginDue()
	if had := s.looked(); w.beginDue() != lookEvery || s.looked() != had || w.info(e).Triggers[0].Problem == "" {
		t.Errorf("it is looked for: %+v", w.info(e).Triggers)
	}
	w.wantDays("/in/a.csv")
}

// A run begins behind each end of a sweep, once in whatever process, with its winner; without one it does not where a parameter wants it.
func TestSweeps(t *testing.T) {
	w := newWorld(t)
	w.register(ann, "name: small\nparameters: {day: '', lr: 0.0}\ntriggers: {sweep: nightly, parameters: {day: '${trigger.sweep}', lr: '${trigger.winner.params.lr}'}}\n"+
		"steps: {a: {type: notify, message: x}}\ngraph: a\n")
	var at time.Time
	ended := func(id string, lr any) {
		w.now = w.now.Add(time.Second)
		at = w.now
		s := workflows.SweepEnd{Sweep: id, Ended: w.now.UnixMilli(), State: "succeeded"}
		if lr != nil {
			s.Winner = map[string]any{"params": map[string]any{"lr": lr}}
		}
		w.runs.mu.Lock()
		w.runs.sweeps = append(w.runs.sweeps, s)
		w.runs.mu.Unlock()
		w.ends.Add(1)
	}
	days := func(want ...string) {
		t.Helper()
		testkit.Await(t, fmt.Sprint(want), func() bool {
			w.now = w.now.Add(soonest)
			w.beginDue()
			return len(w.days()) >= len(want)
		})
		w.wantDays(want...)
	}
	w.beginDue()
	ended("one", 0.5)
	days("one")
	if h := w.runs.infos[w.runs.order[0]].Header; h.Given["lr"] != 0.5 || h.Trigger.Kind != "sweep" || h.Trigger.Source != "one" || h.Trigger.Time != at.UnixMilli() {
		t.Errorf("it began as %+v, %+v", h, h.Trigger)
	}
	w.open()
	ended("none", nil)
	ended("two", 0.25)
	days("one", "two")
	w.open()
	ended("one", 0.125) // it was run again
	days("one", "two", "one")
	if i := w.info(w.all["small"]); len(i.Notes) != 1 || !strings.Contains(i.Notes[0].Text, "of none did not begin") {
		t.Errorf("%+v", i.Notes)
	}
}

// However many sweeps end within a second, a trigger on them looks once.
func TestSweepsAreLookedForOnceASecond(t *testing.T) {
	w := newWorld(t)
	w.register(ann, "name: small\ntriggers: {sweep: nightly}\nsteps: {a: {type: notify, message: x}}\ngraph: a\n")
	looks := func() int {
		w.runs.mu.Lock()
		defer w.runs.mu.Unlock()
		return w.runs.looks
	}
	w.beginDue()
	for second := 1; second < 4; second++ {
		testkit.Await(t, "a look", func() bool { return looks() == second })
		for range 100 {
			w.ends.Add(1)
			w.beginDue()
		}
		testkit.Await(t, "the look to be back", func() bool {
			w.beginDue()
			w.mu.Lock()
			defer w.mu.Unlock()
			l := w.all["small"].looks["sweep"]
			return l != nil && !l.busy && !l.back
		})
		if n := looks(); n != second {
			t.Fatalf("%d looks in second %d", n, second)
		}
		w.now = w.now.Add(soonest)
		w.ends.Add(1)
		w.beginDue()
	}
}
