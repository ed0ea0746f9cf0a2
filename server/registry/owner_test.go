package registry

import (
	"errors"
	"strings"
	"testing"
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
