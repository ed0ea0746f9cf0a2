package registry

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/workflow/run"
)

// Triggers of somebody who may begin no runs any more begin none, by whatever way, and say why; runs of others begin. When they may again, what came
// due meanwhile is as behind an outage.
func TestOwnerGone(t *testing.T) {
	w := newWorld(t)
	gone := map[string]error{}
	w.may = func(owner, knownBy string) (*[]string, error) {
		if knownBy != "token" {
			t.Errorf("%s is known by %q", owner, knownBy)
		}
		return nil, gone[owner]
	}
	w.open()
	who := Who{Name: "ann", KnownBy: "token"}
	w.register(who, daily("catch_up: all, "))
	w.register(who, "name: told\ntriggers: [{signal: go}]\nsteps: {a: {type: notify, message: x}}\ngraph: a\n")
	w.now = at("2026-03-02T01:30")
	w.wantDays("2026-03-02")
	w.runs.full = true // what has come due waits
	w.now = at("2026-03-03T01:30")
	w.wantDays("2026-03-02")

	gone["ann"] = errors.New("the token of ann was revoked")
	w.runs.full = false
	w.now = at("2026-03-04T01:30")
	w.wantDays("2026-03-02")
	w.open()
	w.wantDays("2026-03-02")
	i := w.info(w.all["small"])
	if !strings.Contains(i.Stopped, "the token of ann was revoked") || !i.Triggers[0].Next.IsZero() {
		t.Errorf("it stands as %+v", i)
	}
	if len(i.Notes) != 1 || !strings.Contains(i.Notes[0].Text, "was revoked") {
		t.Errorf("what waited says %+v", i.Notes)
	}
	if _, err := w.Signal("told", "go", Who{Name: "op", Any: true}, nil, ""); !errors.Is(err, ErrOwnerGone) {
		t.Error(err)
	}
	if _, _, err := w.Backfill("small", Who{Name: "op", Any: true}, Filling{From: "2026-03-01", To: "2026-03-01", Parallel: 1}); err != nil {
		t.Error(err)
	}
	w.wantDays("2026-03-02")
	if _, err := w.Run(Submission{Name: "small", Given: map[string]any{"day": "by hand"}, Origin: origin("bob")}); err != nil {
		t.Error(err)
	}
	w.wantDays("2026-03-02", "by hand")

	delete(gone, "ann")
	w.wantDays("2026-03-02", "by hand", "2026-03-04", "2026-03-01")
	if i := w.info(w.all["small"]); i.Stopped != "" || i.Triggers[0].Next.IsZero() {
		t.Errorf("it stands as %+v", i)
	}
}

// registerInto registers the small workflow for queues.
func (w *world) registerInto(who Who, queue string, queues *[]string) (Info, bool, error) {
	w.t.Helper()
	wf, err := run.Parse("/uploads/x/flow.yaml", []byte(small))
	if err != nil {
		w.t.Fatal(err)
	}
	return w.Register(Registration{
		Who: who, Workflow: wf, Root: "/uploads/x", Folder: "x", Within: "/uploads/x", Queue: queue, Queues: queues,
	})
}

// Who may submit into all queues that runs of a version go into may pin and unpause it, however often they are named, and whichever lie in
// which; nobody else may.
func TestAttackQueuesOfVersions(t *testing.T) {
	for _, c := range []struct {
		of, who []string
		may     bool
	}{
		{[]string{"eng"}, []string{"eng"}, true},
		{[]string{"eng", "eng"}, []string{"eng", "eng"}, true},
		{[]string{"eng", "eng/ml"}, []string{"eng", "eng/ml"}, true},
		{[]string{"eng/ml"}, []string{"ops", "eng"}, true},
		{[]string{}, []string{"ops"}, true},
		{[]string{"eng"}, []string{"eng/ml"}, false},
		{[]string{"eng", "ops"}, []string{"eng", "eng"}, false},
		{[]string{"engine"}, []string{"eng"}, false},
		{[]string{"eng"}, []string{}, false},
	} {
		w := newWorld(t)
		if _, _, err := w.registerInto(Who{Name: "ann"}, "", &c.of); err != nil {
			t.Fatal(err)
		}
		who := Who{Name: "ann", Queues: &c.who}
		_, pin := w.Pin("small", who, 1)
		_, unpause := w.Pause("small", who, false)
		for _, err := range []error{pin, unpause} {
			if c.may != (err == nil) || !c.may && !errors.Is(err, ErrOwner) {
				t.Errorf("%+v: %v", c, err)
			}
		}
	}
	if both := narrower(&[]string{"a", "a/b", "a"}, &[]string{"a/b", "a"}); !slices.Equal(*both, []string{"a/b", "a"}) {
		t.Errorf("both may into %q", *both)
	}
}

// The same file for other queues is another version; for the same in another order it is none.
func TestSameFileForAnotherQueue(t *testing.T) {
	w := newWorld(t)
	for i, c := range []struct {
		queue  string
		queues *[]string
		latest int
	}{
		{"eng", &[]string{"eng", "ops"}, 1},
		{"eng", &[]string{"ops", "eng"}, 1},
		{"ops", &[]string{"ops", "eng"}, 2},
		{"ops", &[]string{"ops"}, 3},
		{"ops", &[]string{}, 4},
		{"ops", nil, 5},
		{"ops", nil, 5},
	} {
		before := 0
		if e := w.all["small"]; e != nil {
			before = e.Versions
		}
		info, created, err := w.registerInto(Who{Name: "ann"}, c.queue, c.queues)
		if err != nil || created != (c.latest > before) || info.Latest != c.latest {
			t.Errorf("%d: %v, %v, %+v", i, created, err, info)
		}
	}
}
