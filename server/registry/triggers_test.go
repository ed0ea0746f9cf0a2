package registry

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server/workflows"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// daily is a workflow that is due each night in Berlin.
func daily(more string) string {
	return "name: small\nparameters: {day: {type: string}, last: ''}\nrun_strategy: {rule: parallel, limit: 1000, queue: 10000}\n" +
		"triggers: [{cron: '30 2 * * *', zone: Europe/Berlin, " + more + "parameters: {day: '${trigger.date}', last: '${trigger.previous}'}}]\n" +
		"steps: {a: {type: notify, message: '${day}'}}\ngraph: a\n"
}

// days are the parameters of the runs that there are, in their order.
func (w *world) days() (all []string) {
	w.runs.mu.Lock()
	defer w.runs.mu.Unlock()
	for _, id := range w.runs.order {
		all = append(all, fmt.Sprint(w.runs.infos[id].Header.Given["day"]))
	}
	return all
}

func (w *world) wantDays(want ...string) {
	w.t.Helper()
	w.beginDue()
	if got := w.days(); !slices.Equal(got, want) {
		w.t.Errorf("there are runs of %v, want %v; %+v", got, want, w.info(w.all["small"]).Notes)
	}
}

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		panic(err)
	}
	return t
}

// Each instant has one run, in whatever process; none before its time. Where clocks leave it out it runs at once behind that, where it comes twice
// it runs once.
func TestCron(t *testing.T) {
	w := newWorld(t)
	w.now = at("2026-03-27T12:00")
	w.register(ann, daily(""))
	w.wantDays()
	w.now = at("2026-03-28T01:29")
	w.wantDays()
	w.now = at("2026-03-28T01:30")
	if rest := w.beginDue(); rest > lookEvery || len(w.days()) != 1 {
		t.Errorf("%v, %v", rest, w.days())
	}
	w.wantDays("2026-03-28")
	w.open()
	w.wantDays("2026-03-28")
	w.now = at("2026-03-29T00:59")
	w.wantDays("2026-03-28")
	w.now = at("2026-03-29T01:00")
	w.wantDays("2026-03-28", "2026-03-29")
	h := w.runs.infos[w.runs.order[1]].Header
	if h.Given["last"] != "2026-03-28T02:30:00+01:00" || h.Trigger.Kind != "cron" || h.Trigger.Time != w.now.UnixMilli() || h.Owner != "ann" || h.Revision != 1 {
		t.Errorf("it began as %+v", h)
	}
	if i, err := w.Get("small"); err != nil || !i.Triggers[0].Next.Equal(at("2026-03-30T00:30")) {
		t.Errorf("%+v, %v", i.Triggers, err)
	}
}

// What was due while no server was there runs as the file says.
func TestCatchUp(t *testing.T) {
	for more, want := range map[string][]string{
		"catch_up: none, ":         nil,
		"":                         {"2026-03-05"},
		"catch_up: all, ":          {"2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"},
		"catch_up: all, most: 2, ": {"2026-03-04", "2026-03-05"},
	} {
		w := newWorld(t)
		w.register(ann, daily(more))
		w.now = at("2026-03-05T12:00")
		w.open()
		w.wantDays(want...)
		if i, err := w.Get("small"); err != nil || (len(i.Notes) == 0) != (len(want) == 4) {
			t.Errorf("%q: %+v, %v", more, i.Notes, err)
		}
		w.now = at("2026-03-06T01:30")
		w.wantDays(append(want, "2026-03-06")...)
		w.now = at("2036-03-06T01:29") // however long it was, it ends
		w.open()
		w.beginDue()
	}
}

// Paused triggers begin nothing, and what was due meanwhile does not run by itself; a backfill makes it, and nothing twice.
func TestPauseAndBackfill(t *testing.T) {
	w := newWorld(t)
	w.register(ann, daily("catch_up: all, "))
	w.now = at("2026-03-02T01:30")
	w.wantDays("2026-03-02")
	if _, err := w.Pause("small", bob, true); !errors.Is(err, ErrOwner) {
		t.Error(err)
	}
	if i, err := w.Pause("small", ann, true); err != nil || !i.Paused || !i.Triggers[0].Next.IsZero() {
		t.Errorf("%+v, %v", i, err)
	}
	w.now = at("2026-03-05T12:00")
	w.open()
	w.wantDays("2026-03-02")
	if _, err := w.Pause("small", ann, false); err != nil {
		t.Error(err)
	}
	w.wantDays("2026-03-02")
	w.now = at("2026-03-06T01:30")
	w.wantDays("2026-03-02", "2026-03-06")

	ask := Filling{From: "2026-03-01", To: "2026-03-09", Parallel: 2}
	if _, _, err := w.Backfill("small", bob, ask); !errors.Is(err, ErrOwner) {
		t.Error(err)
	}
	dry := ask
	dry.Dry = true
	if b, first, err := w.Backfill("small", ann, dry); err != nil || b.Total != 6 || len(first) != 6 {
		t.Errorf("%+v, %v, %v", b, first, err)
	}
	w.wantDays("2026-03-02", "2026-03-06")
	if b, _, err := w.Backfill("small", ann, ask); err != nil || b.Total != 6 {
		t.Errorf("%+v, %v", b, err)
	}
	w.wantDays("2026-03-02", "2026-03-06", "2026-03-01", "2026-03-03") // two at once
	w.open()
	w.wantDays("2026-03-02", "2026-03-06", "2026-03-01", "2026-03-03")
	w.runs.end(w.runs.order[2], engine.Failed, "")
	w.wantDays("2026-03-02", "2026-03-06", "2026-03-01", "2026-03-03", "2026-03-04")
	for _, id := range w.runs.order {
		w.runs.end(id, engine.Succeeded, "")
	}
	w.wantDays("2026-03-02", "2026-03-06", "2026-03-01", "2026-03-03", "2026-03-04", "2026-03-05")
	if i, err := w.Get("small"); err != nil || len(i.Backfills) != 0 {
		t.Errorf("%+v, %v", i.Backfills, err)
	}
	if _, _, err := w.Backfill("small", ann, ask); err != nil {
		t.Error(err)
	}
	w.wantDays("2026-03-02", "2026-03-06", "2026-03-01", "2026-03-03", "2026-03-04", "2026-03-05")
	for _, bad := range []Filling{
		{From: "2026-03-01", To: "x", Parallel: 1}, {From: "", To: "2026-03-01", Parallel: 1}, {From: "2026-03-02", To: "2026-03-01", Parallel: 1},
		{From: "2027-03-02", To: "2027-03-09", Parallel: 1}, {From: "2026-03-01", To: "2026-03-02", Parallel: 1, Trigger: "nightly"},
		{From: "2026-03-01", To: "2026-03-02"}, {From: "2026-03-01", To: "2026-03-02", Parallel: 1_000_000}, {From: "0001-01-01", To: "2026-03-02", Parallel: 1},
	} {
		if b, _, err := w.Backfill("small", ann, bad); !errors.Is(err, ErrWrong) {
			t.Errorf("%+v is %+v, %v", bad, b, err)
		}
	}
}

// A run begins behind each success of another workflow's run of its owner's, once, in whatever process.
func TestAfter(t *testing.T) {
	w := newWorld(t)
	w.register(bob, strings.ReplaceAll(small, "small", "first"))
	w.register(ann, "name: small\nparameters: {day: '', n: 0}\ntriggers: [{after: first, parameters: {day: '${trigger.run}', n: '${trigger.outputs.a.x}'}}]\n"+
		"steps: {a: {type: notify, message: x}}\ngraph: a\n")
	begin := func(owner string) string {
		s, err := w.Run(Submission{Name: "first", Origin: origin(owner)})
		if err != nil {
			t.Fatal(err)
		}
		return s.Run
	}
	end := func(id string, state engine.State) {
		w.now = w.now.Add(time.Second)
		w.runs.end(id, state, "")
		i := w.runs.infos[id]
		i.View.Ended = w.now.UnixMilli()
		w.runs.infos[id] = i
	}
	after := func(want ...string) {
		t.Helper()
		w.beginDue()
		var got []string
		for _, id := range w.runs.order {
			if h := w.runs.infos[id].Header; h.Registered == "small" {
				got = append(got, h.Trigger.Source)
				if h.Given["day"] != h.Trigger.Source || h.Given["n"] != int64(7) || h.Owner != "ann" {
					t.Errorf("it began as %+v", h)
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("runs are behind %v, want %v", got, want)
		}
	}
	w.beginDue()
	one, two, three, strange := begin("bob"), begin("ann"), begin("bob"), begin("eve")
	end(two, engine.Succeeded)
	after(two)
	w.open()
	after(two)
	end(three, engine.Failed)
	end(strange, engine.Succeeded)
	end(one, engine.Succeeded)
	w.open()
	after(two, one)
	end(one, engine.Succeeded) // it was restarted
	after(two, one, one)
	if _, _, err := w.tryRegister(ann, "name: small\ntriggers: {after: small}\nsteps: {a: {type: notify, message: x}}\ngraph: a\n"); !errors.Is(err, ErrWrong) {
		t.Error(err)
	}
}

// A server that was started while its clock showed a time to come begins what is due when the clock is right again, and nothing of before.
func TestClockThatWasAhead(t *testing.T) {
	w := newWorld(t)
	w.now = at("2030-01-01T00:00")
	w.register(ann, strings.ReplaceAll(small, "small", "first"))
	ended := func(id string) {
		w.runs.end(id, engine.Succeeded, "")
		w.runs.mu.Lock()
		defer w.runs.mu.Unlock()
		i := w.runs.infos[id]
		i.View.Ended = w.now.UnixMilli()
		w.runs.infos[id] = i
		w.runs.sweeps = append(w.runs.sweeps, workflows.SweepEnd{Sweep: "s-" + id, Ended: w.now.UnixMilli(), State: "succeeded"})
		w.ends.Add(1)
	}
	end := func() string {
		id := w.run("first", nil).Run
		ended(id)
		return id
	}
	end()
	w.now = w.now.Add(time.Hour)
	text := strings.Replace(daily(""), "triggers: [", "triggers: [{after: first, parameters: {day: '${trigger.run}'}}, {sweep: nightly, parameters: {day: '${trigger.sweep}'}}, ", 1)
	w.register(ann, text)
	days := func() (all []string) {
		for _, day := range w.days() {
			if day != "<nil>" { // of the first workflow
				all = append(all, day)
			}
		}
		return all
	}
	w.beginDue()
	w.now = at("2026-03-01T12:00")
	w.open()
	testkit.Await(t, "a look", func() bool {
		w.beginDue()
		w.now = w.now.Add(soonest)
		w.mu.Lock()
		defer w.mu.Unlock()
		c := w.all["small"].Cursors
		for _, one := range c {
			if one.Ahead {
				return false
			}
		}
		return len(c) == 3
	})
	if got := days(); len(got) > 0 {
		t.Errorf("there are runs of %v", got)
	}
	notes := fmt.Sprint(w.info(w.all["small"]).Notes)
	if strings.Count(notes, "the clock was ahead and showed 2030-01-01T01:00:00Z") != 3 {
		t.Error(notes)
	}
	id := end()
	want := []string{id, "s-" + id, "2026-03-02"}
	testkit.Await(t, "what is behind the end", func() bool {
		w.now = w.now.Add(soonest)
		w.beginDue()
		return len(days()) == 2
	})
	w.now = at("2026-03-02T01:30")
	w.open()
	w.beginDue()
	if got := days(); !slices.Equal(got, want) {
		t.Errorf("there are runs of %v, want %v", got, want)
	}
}

// A signal begins a run with what was sent, one for each key; only its owner and operators may send it.
func TestSignal(t *testing.T) {
	w := newWorld(t)
	w.register(ann, "name: small\nparameters: {day: ''}\ntriggers: [{signal: go, parameters: {day: '${trigger.payload.day}'}}]\nsteps: {a: {type: notify, message: x}}\ngraph: a\n")
	send := func(who Who, signal, day, key string) error {
		payload := map[string]any{}
		if day != "" {
			payload["day"] = day
		}
		_, err := w.Signal("small", signal, who, payload, key)
		return err
	}
	for range 2 {
		if err := send(ann, "go", "mon", "k"); err != nil {
			t.Error(err)
		}
		w.open()
	}
	if err := errors.Join(send(ann, "go", "tue", ""), send(ann, "go", "tue", ""), send(Who{Name: "op", Any: true}, "go", "wed", "k")); err != nil {
		t.Error(err)
	}
	w.wantDays("mon", "tue", "tue", "wed")
	if err := send(bob, "go", "thu", ""); !errors.Is(err, ErrOwner) {
		t.Error(err)
	}
	if err := send(ann, "stop", "thu", ""); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if err := send(ann, "go", "", ""); !errors.Is(err, ErrWrong) {
		t.Error(err)
	}
	if _, err := w.Pause("small", ann, true); err != nil {
		t.Error(err)
	}
	if err := send(ann, "go", "fri", ""); !errors.Is(err, ErrPaused) {
		t.Error(err)
	}
	w.wantDays("mon", "tue", "tue", "wed")
}

// A process that is killed right before a run begins, or right behind that before it knows, leaves what the next one goes on from: each instant has
// its run, and none has two, whether it comes by the clock or by a backfill.
func TestKilledAroundBeginnings(t *testing.T) {
	for _, fill := range []bool{false, true} {
		w := newWorld(t)
		w.register(ann, daily("catch_up: all, "))
		type copied struct {
			folder string
			infos  map[string]workflows.Info
			order  []string
		}
		var copies []copied
		keep := func() {
			c := copied{t.TempDir(), map[string]workflows.Info{}, slices.Clone(w.runs.order)}
			if err := os.CopyFS(filepath.Join(c.folder, "x"), os.DirFS(w.folder)); err != nil {
				t.Error(err)
			}
			for id, i := range w.runs.infos {
				c.infos[id] = i
			}
			copies = append(copies, c)
		}
		w.runs.began = keep
		w.now = at("2026-03-06T12:00")
		if fill {
			if _, err := w.Pause("small", ann, true); err != nil {
				t.Fatal(err)
			}
			if _, _, err := w.Backfill("small", ann, Filling{From: "2026-03-02", To: "2026-03-06", Parallel: 9}); err != nil {
				t.Fatal(err)
			}
		}
		keep()
		w.beginDue()
		keep()
		if len(copies) != 7 {
			t.Fatalf("there are %d moments", len(copies))
		}
		want := []string{"2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06"}
		for _, c := range copies {
			next := &world{t: t, folder: filepath.Join(c.folder, "x"), runs: newRuns(), now: w.now}
			next.runs.infos, next.runs.order = c.infos, c.order
			next.open()
			next.wantDays(want...)
			next.open()
			next.wantDays(want...)
		}
	}
}
