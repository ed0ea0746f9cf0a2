package registry

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/workflow/engine"
)

const sequential = "name: small\nrun_strategy: sequential\nsla: %\ntriggers: [{cron: '30 2 * * *', zone: Europe/Berlin}]\nsteps: {a: {type: notify, message: x}}\ngraph: a\n"

// A run that waits for others is late when its time has come, told once, whichever process it is and whether triggers are paused; and it knows that when
// it begins. Its promise counts from when its trigger was due, or from when somebody asked for it.
func TestLateInTheQueue(t *testing.T) {
	w := newWorld(t)
	w.register(ann, strings.ReplaceAll(sequential, "%", "2h"))
	w.now = at("2026-03-02T01:30")
	w.beginDue()
	first := w.runs.order[0]
	if h := w.runs.infos[first].Header; h.Wanted != w.now.UnixMilli() {
		t.Errorf("it began as %+v", h)
	}
	w.now = at("2026-03-03T01:30") // and the first is still at work
	w.beginDue()
	w.now = at("2026-03-03T03:00")
	asked, err := w.Run(Submission{Name: "small"})
	if err != nil || asked.Place != 2 {
		t.Fatalf("%+v, %v", asked, err)
	}
	second := w.info(w.all["small"]).Queue[0]
	if second.Due != at("2026-03-03T03:30").UnixMilli() {
		t.Errorf("it waits as %+v", second)
	}
	if rest := w.beginDue(); rest > 10*time.Second || len(w.runs.late) > 0 {
		t.Errorf("%v, %v", rest, w.runs.late)
	}
	w.now = at("2026-03-03T03:29").Add(55 * time.Second)
	if rest := w.beginDue(); rest != 5*time.Second || len(w.runs.late) > 0 {
		t.Errorf("%v, %v", rest, w.runs.late)
	}
	if _, err := w.Pause("small", ann, true); err != nil {
		t.Fatal(err)
	}
	w.now = at("2026-03-03T03:30")
	want := []string{second.Run + " 2h waiting"}
	for range 2 {
		w.beginDue()
		w.open()
		w.beginDue()
		if !slices.Equal(w.runs.late, want) {
			t.Errorf("told are %v, want %v", w.runs.late, want)
		}
	}
	w.now = at("2026-03-03T06:00") // a server that was down meanwhile
	w.open()
	w.beginDue()
	if want = append(want, asked.Run+" 2h waiting"); !slices.Equal(w.runs.late, want) {
		t.Errorf("told are %v, want %v", w.runs.late, want)
	}
	w.runs.end(first, engine.Succeeded, "")
	w.beginDue()
	h := w.runs.infos[second.Run].Header
	if h.Late != at("2026-03-03T03:30").UnixMilli() || h.Wanted != at("2026-03-03T01:30").UnixMilli() {
		t.Errorf("it began as %+v", h)
	}
	w.runs.end(second.Run, engine.Succeeded, "")
	w.beginDue()
	if h := w.runs.infos[asked.Run].Header; h.Late == 0 || h.Wanted != at("2026-03-03T03:00").UnixMilli() || len(w.runs.late) != 2 {
		t.Errorf("it began as %+v; told are %v", h, w.runs.late)
	}
}

// That a run is late is told only when it is durable, and not of one that has begun though it still stands in the queue.
func TestLateIsDurableFirst(t *testing.T) {
	w := newWorld(t)
	w.register(ann, strings.ReplaceAll(sequential, "%", "{by: '03:00', zone: Europe/Berlin}"))
	w.now = at("2026-03-02T01:30")
	w.beginDue()
	w.now = at("2026-03-03T01:30")
	w.beginDue()
	w.now = at("2026-03-03T02:00")
	e := w.all["small"]
	folder := e.folder
	e.folder = filepath.Join(folder, "gone")
	w.beginDue()
	if len(w.runs.late) > 0 || e.Queue[0].Origin.Late > 0 {
		t.Errorf("told are %v", w.runs.late)
	}
	e.folder = folder
	begun := w.runs.infos[w.runs.order[0]]
	begun.Header.Run = e.Queue[0].Run
	w.runs.infos[e.Queue[0].Run] = begun
	if w.noteLate(e); len(w.runs.late) > 0 {
		t.Errorf("told are %v", w.runs.late)
	}
	delete(w.runs.infos, e.Queue[0].Run)
	w.beginDue()
	state, err := os.ReadFile(filepath.Join(folder, stateFile))
	if err != nil || len(w.runs.late) != 1 || !strings.Contains(string(state), `"late":`) {
		t.Errorf("told are %v; %s, %v", w.runs.late, state, err)
	}
}

// The runs of a backfill are of times long past: they count from when they begin.
func TestBackfillIsNotLate(t *testing.T) {
	w := newWorld(t)
	w.register(ann, strings.ReplaceAll(sequential, "%", "2h"))
	w.now = at("2026-03-10T12:00")
	if _, _, err := w.Backfill("small", ann, Filling{From: "2026-02-01", To: "2026-02-02", Parallel: 2}); err != nil {
		t.Fatal(err)
	}
	w.beginDue()
	for _, id := range w.runs.order {
		if h := w.runs.infos[id].Header; h.Trigger.Backfill != (h.Wanted == 0) {
			t.Errorf("it began as %+v", h)
		}
	}
	if len(w.runs.order) != 3 { // and the one that was missed
		t.Errorf("%v began", w.runs.order)
	}
}
