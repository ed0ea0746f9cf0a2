package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// ends is a cluster that knows how sweeps have ended.
type ends struct {
	cluster
	phase func(id string) (string, error)
}

func (e ends) Ended(_ context.Context, id string) (string, bool, error) {
	phase, err := e.phase(id)
	if phase == "none" {
		return "", false, err
	}
	return phase, true, err
}

// begin begins a further run beside others.
func begin(t *testing.T, cfg Config, id, text string) *Run {
	t.Helper()
	wf, err := Parse(filepath.Join(filepath.Dir(cfg.Folder), id+".yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Create(cfg, id, "", wf, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A step waits for the end of another run, by its id and by its workflow's name, as the states say that it wants.
func TestWaitsForARun(t *testing.T) {
	const waits = "name: waits\nsteps:\n  a: {type: wait, run: %s, every: 20ms}\n" +
		"  b: {type: notify, message: '${steps.a.outputs.run} ${steps.a.outputs.status}'}\ngraph: a -> b\n"
	other, cfg := newTestRun(t, "name: nightly\nsteps: {a: {type: wait, signal: go}}\ngraph: a\n", cluster(nil))
	ended := make(chan error, 8)
	for id, keys := range map[string]string{"by-id": "r", "by-name": "nightly"} {
		r := begin(t, cfg, id, fmt.Sprintf(waits, keys))
		go func() {
			_, err := r.Work(t.Context())
			ended <- err
		}()
		testkit.Await(t, id+" waits", func() bool {
			said := Talk(cfg.Folder, id, "a")
			return len(said) == 1 && said[0].Text == "waits for run r"
		})
	}
	begin(t, cfg, "later", "name: nightly\nsteps: {a: {type: wait, signal: go}}\ngraph: a\n") // which is another
	if _, err := Ask(cfg.Folder, "r", Request{Kind: SignalRun, Name: "go", ID: "1"}); err != nil {
		t.Fatal(err)
	}
	work(t, other, engine.Succeeded)
	for range 2 {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"by-id", "by-name"} {
		if said := Talk(cfg.Folder, id, "b"); len(said) != 1 || said[0].Text != "r succeeded" {
			t.Errorf("%s: b said %v", id, said)
		}
	}
	failing := begin(t, cfg, "failing", "name: failing\nsteps: {a: {command: 'false'}}\ngraph: a\n")
	failing.cfg.Cluster = cluster(func(steps.Job) (steps.Done, error) {
		return steps.Done{Phase: sweep.PhaseFailed}, nil
	})
	work(t, failing, engine.Failed)
	for keys, want := range map[string]string{
		"failing":                             "run failing has ended: failed",
		"failing, states: [failed, canceled]": "",
		"../r":                                "neither an id of a run nor the name of a workflow",
	} {
		id := fmt.Sprint("of", len(keys))
		r := begin(t, cfg, id, fmt.Sprintf(waits, keys))
		state := engine.Succeeded
		if want != "" {
			state = engine.Failed
		}
		if view := work(t, r, state); !strings.Contains(view.Reason, want) {
			t.Errorf("%s: it failed since %s", keys, view.Reason)
		}
	}
	r := begin(t, cfg, "itself", fmt.Sprintf(waits, "itself"))
	if view := work(t, r, engine.Failed); !strings.Contains(view.Reason, "would wait for itself") {
		t.Errorf("it failed since %s", view.Reason)
	}
}

// Runs of other owners are none to wait for.
func TestAttackWaitsForRunsOfOthers(t *testing.T) {
	_, cfg := newTestRun(t, "name: mine\nsteps: {a: {type: wait, signal: go}}\ngraph: a\n", cluster(nil))
	cfg.Origin.Owner = "eve"
	r := begin(t, cfg, "e", "name: e\nsteps: {a: {type: wait, run: r, every: 20ms}}\ngraph: a\n")
	if view := work(t, r, engine.Failed); !strings.Contains(view.Reason, "there is no run r of the same owner") {
		t.Errorf("it failed since %s", view.Reason)
	}
	r = begin(t, cfg, "n", "name: n\nsteps: {a: {type: wait, run: mine, every: 20ms, timeout: 200ms}}\ngraph: a\n")
	work(t, r, engine.Failed)
	if said := Talk(cfg.Folder, "n", "a"); len(said) != 0 {
		t.Errorf("it found %v", said)
	}
}

// A step waits for the end of a sweep.
func TestWaitsForASweep(t *testing.T) {
	const text = "steps:\n  a: {type: wait, sweep: s-1, every: 10ms}\n" +
		"  b: {type: notify, message: '${steps.a.outputs.status}'}\ngraph: a -> b\n"
	asked := 0
	r, cfg := newTestRun(t, text, ends{phase: func(id string) (string, error) {
		if asked++; id != "s-1" || asked < 3 {
			return "", errors.New("it cannot be reached")
		}
		return "succeeded", nil
	}})
	work(t, r, engine.Succeeded)
	if said := Talk(cfg.Folder, "r", "b"); len(said) != 1 || said[0].Text != "succeeded" {
		t.Errorf("b said %v", said)
	}
	r, _ = newTestRun(t, text, ends{phase: func(string) (string, error) { return "stopped", nil }})
	if view := work(t, r, engine.Failed); !strings.Contains(view.Reason, "sweep s-1 has ended: stopped") {
		t.Errorf("it failed since %s", view.Reason)
	}
	looks := []string{"none", "", "none"} // it is to come, runs, and is removed
	r, _ = newTestRun(t, text, ends{phase: func(string) (phase string, err error) {
		phase, looks = looks[0], looks[1:]
		return phase, nil
	}})
	if view := work(t, r, engine.Failed); !strings.Contains(view.Reason, "sweep s-1 was removed") {
		t.Errorf("it failed since %s", view.Reason)
	}
}

// A run that was found and then removed is not waited for, and a name that begins the id of a nested run's parent is
// not that run.
func TestWaitsForRunsThatAreRemoved(t *testing.T) {
	r, cfg := newTestRun(t, "name: mine\nsteps: {a: {command: 'true'}}\ngraph: a\n", cluster(nil))
	gone := begin(t, cfg, "gone", "name: gone\nsteps: {a: {type: wait, signal: go}}\ngraph: a\n")
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	o := &others{r: r, looked: map[string]bool{}}
	if id, state, err := o.endOf("gone"); id != "gone" || state != "" || err != nil {
		t.Fatalf("%q %q %v", id, state, err)
	}
	if err := os.RemoveAll(Folder(cfg.Folder, "gone")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.endOf("gone"); err == nil || !strings.Contains(err.Error(), "was removed") {
		t.Errorf("it waits on: %v", err)
	}
	nested := &Run{cfg: r.cfg}
	nested.header.Run, nested.header.Parent = "train-eu-ab12cd-s.1", "train-eu-ab12cd"
	if id, err := (&others{r: nested, looked: map[string]bool{}}).find("train"); id != "" || err != nil {
		t.Errorf("%q, %v", id, err)
	}
}
