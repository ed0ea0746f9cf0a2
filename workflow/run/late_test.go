package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// kinds are the kinds of the events of a run's log, in their order, and how often it was noted as late.
func kinds(t *testing.T, all, id string) (list string, late int) {
	t.Helper()
	for _, payload := range logged(t, all, id) {
		one, err := parse([]byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		if one.Event != nil {
			list += " " + string(one.Event.Kind)
			if one.Event.Kind == engine.Late {
				late++
			}
		}
	}
	return strings.TrimSpace(list), late
}

// promising begins a run that was to begin some time ago, and tells what it says of being late.
func promising(t *testing.T, ago time.Duration, text string) (*Run, Config, chan Late) {
	t.Helper()
	heard := make(chan Late, 100)
	folder := t.TempDir()
	wf, err := Parse(filepath.Join(folder, "flow.yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Folder: filepath.Join(folder, "runs"), Cluster: cluster(nil), Late: func(l Late) { heard <- l }}
	if ago > 0 {
		cfg.Origin.Wanted = time.Now().Add(-ago).UnixMilli()
	}
	r, err := Create(cfg, "r", "", wf, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r, cfg, heard
}

// A run that is not done in time is noted as late when that comes, once, and goes on; whoever hears it finds it in the log.
func TestLateIsNotedOnce(t *testing.T) {
	r, cfg, heard := promising(t, 0, "sla: 100ms\nsteps:\n  a: {type: wait, approval: true}\n  b: {type: notify, message: x}\ngraph: a -> b\n")
	told := r.cfg.Late
	r.cfg.Late = func(l Late) {
		if _, late := kinds(t, cfg.Folder, "r"); late != 1 {
			t.Errorf("it is told, and the log has it %d times", late)
		}
		told(l)
	}
	ended := make(chan engine.View, 1)
	go func() {
		view, err := r.Work(t.Context())
		if err != nil || view.State != engine.Succeeded {
			t.Errorf("it is %s, %v", view.State, err)
		}
		ended <- view
	}()
	l := <-heard
	if l.Header.Run != "r" || l.SLA != "100ms" || l.Due-r.View(false).Began != 100 || l.At < l.Due {
		t.Errorf("it is told as %+v", l)
	}
	if view := r.View(false); view.State != engine.Running || view.Late != l.At || view.Due != l.Due || !r.IsLate() {
		t.Errorf("it is %+v", view)
	}
	if _, err := Ask(cfg.Folder, "r", Request{Kind: ApproveStep, Step: "a", Who: "ann"}); err != nil {
		t.Fatal(err)
	}
	view := <-ended
	if list, late := kinds(t, cfg.Folder, "r"); late != 1 || len(heard) > 0 || view.Late != l.At || r.IsLate() {
		t.Errorf("it ends as %+v, with %s, and was told %d times more", view, list, len(heard))
	}
}

// A run that was to be done while nobody worked on it is noted as late at once by who goes on with it, and by nobody again: whoever is killed, and
// when it is run again.
func TestLateWhileNobodyWorked(t *testing.T) {
	r, cfg, heard := promising(t, time.Hour, "sla: 1h\nsteps:\n  a: {type: wait, approval: true}\ngraph: a\n")
	if err := r.Close(); err != nil { // nothing has begun, as of a process that was killed
		t.Fatal(err)
	}
	leave := func() {
		r, err := Open(cfg, "r")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { _, err := r.Work(ctx); ended <- err }()
		testkit.Await(t, "the wait, late", func() bool { v := r.View(false); return v.Late > 0 && v.Steps[0].State == engine.Running })
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	leave()
	if len(heard) != 1 {
		t.Errorf("it was told %d times", len(heard))
	}
	leave()
	if _, err := Ask(cfg.Folder, "r", Request{Kind: CancelRun, Who: "ann"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		again, err := Open(cfg, "r")
		if err != nil {
			t.Fatal(err)
		}
		if state, _ := again.engine.State(); state.Ended() {
			if err := again.Restart(nil, nil); err != nil {
				t.Fatal(err)
			}
			if _, err := Ask(cfg.Folder, "r", Request{Kind: CancelRun, Who: "ann"}); err != nil {
				t.Fatal(err)
			}
		}
		work(t, again, engine.Canceled)
	}
	if list, late := kinds(t, cfg.Folder, "r"); late != 1 || len(heard) != 1 {
		t.Errorf("%s; it was told %d times", list, len(heard))
	}
	if read, err := Read(cfg.Folder, "r", false); err != nil || read.View.Late == 0 || read.View.Due != cfg.Origin.Wanted+time.Hour.Milliseconds() {
		t.Errorf("%+v, %v", read, err)
	}
}

// A run that ends behind its time was late, however fast it was then; one that was told as late before it began is not told again.
func TestEndsBehindItsTime(t *testing.T) {
	const text = "sla: 1h\nsteps:\n  a: {type: notify, message: x}\ngraph: a\n"
	r, cfg, heard := promising(t, 2*time.Hour, text)
	work(t, r, engine.Succeeded)
	if list, late := kinds(t, cfg.Folder, "r"); list != "begin late ended" || late != 1 || len(heard) != 1 {
		t.Errorf("%s; it was told %d times", list, len(heard))
	}
	wf, err := Parse(r.flow.File, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Origin.Late = time.Now().UnixMilli()
	told, err := Create(cfg, "told", "", wf, nil)
	if err != nil {
		t.Fatal(err)
	}
	if view := work(t, told, engine.Succeeded); view.Late != cfg.Origin.Late || view.Due != cfg.Origin.Wanted+time.Hour.Milliseconds() || len(heard) != 1 {
		t.Errorf("it is %+v, and was told", view)
	}
}

// Who is done in time is not late, however often it is run again behind that; one that has failed is, when it is run again too late.
func TestDoneInTime(t *testing.T) {
	r, cfg, heard := promising(t, 0, "sla: 1h\nsteps:\n  a: {type: notify, message: x}\ngraph: a\n")
	if view := work(t, r, engine.Succeeded); view.Late != 0 || view.Due != view.Began+time.Hour.Milliseconds() {
		t.Errorf("it is %+v", view)
	}
	again, err := Open(cfg, "r")
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Restart([]string{"a"}, nil); err != nil {
		t.Fatal(err)
	}
	if view := work(t, again, engine.Succeeded); view.Late != 0 || view.Due != 0 || len(heard) > 0 {
		t.Errorf("run again it is %+v", view)
	}
	for _, fails := range []bool{false, true} { // as an engine: the clock is an argument there
		e := newEngine(r.flow, r.header, nil)
		e.Step(engine.Event{Kind: engine.Begin, At: 1000})
		end := engine.Event{Kind: engine.Ended, At: 2000, Key: "a", Attempt: 1, State: engine.Succeeded}
		if fails {
			end.State, end.Fault, end.Reason = engine.Failed, engine.Input, "no"
		}
		e.Step(end)
		e.Step(engine.Event{Kind: engine.Late, At: 2500}) // nobody sends that of what has ended
		e.Step(engine.Event{Kind: engine.Restart, At: 3000, Names: []string{"a"}})
		e.Step(engine.Event{Kind: engine.Late, At: 4000})
		if state, _ := e.State(); state != engine.Running || e.Kept() == fails || (e.Late() == 4000) != fails {
			t.Errorf("fails %v: it is %s, late at %d", fails, state, e.Late())
		}
	}
}

// A step that is a workflow has a promise of its own, which counts from when it began.
func TestLateWithin(t *testing.T) {
	for sla, want := range map[string]int{"1h": 0, "1ms": 1} {
		r, cfg, heard := promising(t, time.Hour, "sla: 1m\nsteps:\n  a: {type: workflow, file: inner.yaml}\ngraph: a\n")
		inner := "sla: " + sla + "\nsteps:\n  b: {type: wait, for: 100ms}\ngraph: b\n"
		if err := os.WriteFile(filepath.Join(filepath.Dir(r.flow.File), "inner.yaml"), []byte(inner), 0o600); err != nil {
			t.Fatal(err)
		}
		work(t, r, engine.Succeeded)
		own, within := 0, 0
		for range len(heard) {
			switch l := <-heard; l.Header.Parent {
			case "":
				own++
			case "r":
				within++
			}
		}
		if own != 1 || within != want {
			t.Errorf("%s: it was told %d times, and of the step %d times", sla, own, within)
		}
		entries, err := os.ReadDir(cfg.Folder)
		if err != nil || len(entries) != 2 {
			t.Errorf("%v, %v", entries, err)
		}
	}
}
