package workflows

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/dir"
	"github.com/kaon-sweep/kaon/scheduler/executor/executortest"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// Agents in this process start its own file as the executor.
func TestMain(m *testing.M) { executortest.Main(m) }

// openServer is a server with a cluster of its own in a folder.
func openServer(t *testing.T, folder string) (*server.Server, bucket.Bucket) {
	t.Helper()
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	b, err := dir.Open(filepath.Join(folder, "results"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.Open(t.Context(), server.Config{
		Folder: filepath.Join(folder, "state"), Bucket: b, Cluster: server.Cluster{GPUs: "none", Alone: true}, Version: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s, b
}

func openManager(t *testing.T, folder string) *Manager {
	t.Helper()
	s, b := openServer(t, folder)
	m, err := New(Config{Folder: filepath.Join(folder, "runs"), Server: s, Bucket: b, Version: "test", Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// submit begins a run of a workflow.
func submit(t *testing.T, m *Manager, sub Submission, text string) string {
	t.Helper()
	wf, err := run.Parse(filepath.Join(m.cfg.Folder, "flow.yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if sub.Given, err = wf.Bind(sub.Given); err != nil {
		t.Fatal(err)
	}
	sub.Workflow = wf
	id, err := m.Submit(sub)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// ends waits until a run has ended and nobody works on it.
func ends(t *testing.T, m *Manager, id string) (info Info) {
	t.Helper()
	testkit.Await(t, "the end of "+id, func() bool {
		var err error
		if info, err = m.Get(id); err != nil {
			t.Fatal(err)
		}
		return info.View.State.Ended() && !info.Live
	})
	m.Settle(id)
	return info
}

// Heavy steps are sweeps of the server under the attempts' ids, with the owner and the queue of the run, and it forgets them when their
// end is durable in the run.
func TestManagerRunsStepsAsSweeps(t *testing.T) {
	m := openManager(t, t.TempDir())
	var mu sync.Mutex
	var heard []string
	m.Start(func(c Change) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, fmt.Sprint(c.Kind, " ", c.Step, " ", c.State))
	})
	id := submit(t, m, Submission{Origin: run.Origin{Owner: "ann", Labels: []string{"l"}}}, `
name: two
steps:
  a: {type: command, command: 'echo "{\"x\": 1}" > $KAON_OUTPUT; touch $KAON_ARTIFACTS/f', artifacts: ["*"]}
  b: {type: command, command: 'echo no >&2; exit 3', on_failure: continue}
graph: a -> b
`)
	info := ends(t, m, id)
	d, _, _, err := m.Step(id, "a")
	if err != nil || info.View.State != engine.Succeeded || fmt.Sprint(d.Outputs["x"]) != "1" || d.Artifacts["f"] == nil {
		t.Errorf("a is %+v, %v", d, err)
	}
	if d, _, _, err = m.Step(id, "b"); err != nil || d.State != engine.Failed || !strings.Contains(d.Reason, "no") {
		t.Errorf("b is %+v, %v", d, err)
	}
	testkit.Await(t, "that sweeps of steps are forgotten", func() bool { return len(m.cfg.Server.Sweeps()) == 0 })
	for _, want := range []string{"step a succeeded", "step b failed", "workflow  succeeded"} {
		testkit.Await(t, "that "+want+" is heard of", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return slices.Contains(heard, want)
		})
	}
}

// One id is one run, whoever asks at the same time; and a run is taken by one at a time.
func TestManagerHasEachRunOnce(t *testing.T) {
	m := openManager(t, t.TempDir())
	m.Start(nil)
	wf, err := run.Parse(filepath.Join(m.cfg.Folder, "flow.yaml"), []byte("steps: {a: {type: wait, for: 1h}}\ngraph: a"))
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	results := make([]error, 8)
	for i := range results {
		group.Go(func() { _, results[i] = m.Submit(Submission{ID: "same", Workflow: wf}) })
	}
	group.Wait()
	well := 0
	for _, err := range results {
		switch {
		case err == nil:
			well++
		case !errors.Is(err, ErrExists) && !errors.Is(err, ErrAtWork):
			t.Error(err)
		}
	}
	if well != 1 {
		t.Errorf("it was begun %d times", well)
	}
	if err := m.Delete("same"); !errors.Is(err, ErrAtWork) {
		t.Error(err)
	}
	if err := m.Ask(t.Context(), "same", run.Request{Kind: run.CancelRun, Reason: "enough"}); err != nil {
		t.Fatal(err)
	}
	if info := ends(t, m, "same"); info.View.State != engine.Canceled || info.View.Reason != "enough" {
		t.Errorf("it is %+v", info.View)
	}
	if err := m.Resume("same"); !errors.Is(err, ErrEnded) {
		t.Error(err)
	}
	if list, err := m.List(); err != nil || len(list) != 1 || list[0].View.Steps != nil {
		t.Errorf("%+v, %v", list, err)
	}
	if err := m.Delete("same"); err != nil {
		t.Error(err)
	}
	for _, id := range []string{"same", "..", "", "a/b", ".cache"} {
		if _, err := m.Get(id); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", id, err)
		}
		if err := m.Delete(id); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// Only what the engine names so is of a step of a run.
func TestIsStep(t *testing.T) {
	for name, want := range map[string]bool{
		"r-n1-a1": true, "r-n12-i0-3-a2": true, "r-n1-a1-n2-i4-a1": true,
		"r": false, "r-n": false, "r-n1": false, "r-nightly-abc": false, "r-n1-a1-mine": false, "r-n1-a1x": false, "r2-n1-a1": false, "r-n1-i-a1": false,
	} {
		if IsStep("r", name) != want {
			t.Errorf("%s is one: %v", name, !want)
		}
	}
}

// One submitter from elsewhere does not take the places of all.
func TestAttackRunsOfOne(t *testing.T) {
	m := openManager(t, t.TempDir())
	m.Start(nil)
	const text = "steps: {a: {type: wait, for: 1h}}\ngraph: a"
	origin := run.Origin{Owner: "ann", Within: m.cfg.Folder}
	for range mostLiveOfOne {
		submit(t, m, Submission{Origin: origin}, text)
	}
	wf, err := run.Parse(filepath.Join(m.cfg.Folder, "flow.yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Submit(Submission{Workflow: wf, Origin: origin}); !errors.Is(err, ErrTooMany) {
		t.Error(err)
	}
	submit(t, m, Submission{Origin: run.Origin{Owner: "bob", Within: m.cfg.Folder}}, text)
}

// A closed manager leaves what waits; the next goes on with it, and a request that came between is not lost.
func TestManagerGoesOn(t *testing.T) {
	folder := t.TempDir()
	m := openManager(t, folder)
	m.Start(nil)
	id := submit(t, m, Submission{}, "steps: {a: {type: notify, message: x}, b: {type: wait, approval: true}}\ngraph: a -> b")
	testkit.Await(t, "the wait", func() bool { d, _, _, err := m.Step(id, "b"); return err == nil && d.State == engine.Running })
	m.Close()
	if info, err := m.Get(id); err != nil || info.Live || info.View.State.Ended() {
		t.Errorf("it is %+v, %v", info, err)
	}
	if err := m.Ask(t.Context(), id, run.Request{Kind: run.ApproveStep, Step: "b", Who: "ann"}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Submit(Submission{ID: "late"}); err == nil {
		t.Error("a closed manager begins a run")
	}
	next, err := New(m.cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	next.Start(nil)
	ends(t, next, id)
	if d, _, _, err := next.Step(id, "b"); err != nil || d.Outputs["by"] != "ann" || len(d.Attempts) != 1 {
		t.Errorf("b is %+v, %v", d, err)
	}
	if d, _, _, err := next.Step(id, "a"); err != nil || len(d.Attempts) != 1 {
		t.Errorf("a is %+v, %v", d, err)
	}
}

// What a cluster answers of a sweep: its winner, what its trial left, why it failed, and that a wrong spec is the step's fault.
func TestCluster(t *testing.T) {
	s, b := openServer(t, t.TempDir())
	c := &Cluster{Server: s, Bucket: b, Origin: server.Origin{Owner: "ann"}}
	file := filepath.Join(t.TempDir(), "flow.yaml")
	job := func(id, text string, single bool) steps.Job {
		return steps.Job{ID: id, File: file, Source: []byte(text), Single: single}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done, err := c.Run(ctx, job("grid", "{method: grid, metric: {name: y}, parameters: {x: {values: [3, 1, 2]}}, command: 'echo y=${param.x}'}", false))
	if err != nil || done.Phase != sweep.PhaseSucceeded || done.Winner == nil || len(done.Trials) != 3 || float64(*done.Trials[0].Value) != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	again, err := c.Run(ctx, job("grid", "{}", false)) // it is known by its id, and not begun again
	if err != nil || again.Counts != done.Counts {
		t.Errorf("%+v, %v", again, err)
	}
	if err := errors.Join(c.Release(ctx, "grid"), c.Release(ctx, "grid"), c.Release(ctx, "never")); err != nil {
		t.Error(err)
	}
	done, err = c.Run(ctx, job("fails", "{method: grid, parameters: {x: {values: [1]}}, command: 'echo why >&2; exit 4', task: {retries: 0}}", true))
	if err != nil || done.Phase == sweep.PhaseSucceeded || !strings.Contains(done.Reason, "4") || !strings.Contains(done.Reason, "why") || done.Lost {
		t.Errorf("%+v, %v", done, err)
	}
	_, err = c.Run(ctx, job("wrong", "{method: grid, parameters: {x: {values: [1]}}, command: 'true', task: {resources: {cpu: 1}}}", true))
	var failure *steps.Failure
	if !errors.As(err, &failure) || failure.Fault != engine.Input {
		t.Errorf("%v", err)
	}
	_, err = c.Run(ctx, job("large", "{method: grid, parameters: {x: {values: [1]}}, command: 'true', task: {resources: {memory: 900TB}}}", true))
	if !errors.As(err, &failure) || failure.Fault != engine.Input {
		t.Errorf("%v", err)
	}
	stopping, stop := context.WithCancelCause(ctx)
	marks := filepath.Join(t.TempDir(), "marks")
	go func() {
		for stopping.Err() == nil {
			if _, err := os.Stat(marks); err == nil {
				stop(steps.ErrStop)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	_, err = c.Run(stopping, job("stopped", "{method: grid, parameters: {x: {values: [1]}}, command: 'touch "+marks+"; sleep 600'}", true))
	if !errors.Is(err, steps.ErrStop) {
		t.Errorf("%v", err)
	}
	stop(nil)
}

// What a trigger has taken of a workflow's runs costs no reading of their logs.
func TestKnownSuccessesAreNotRead(t *testing.T) {
	m := openManager(t, t.TempDir())
	m.Start(nil)
	id := submit(t, m, Submission{Origin: run.Origin{Owner: "ann", Registered: "nightly"}}, "name: n\nsteps: {a: {type: notify, message: x}}\ngraph: a\n")
	info := ends(t, m, id)
	testkit.Await(t, "the run to be let go of", func() bool {
		return len(m.Succeeded("nightly", 0, func(string, string, int64) bool { return false })) == 1
	})
	log := filepath.Join(run.Folder(m.cfg.Folder, id), run.LogFile)
	was, err := os.Stat(log)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(log, make([]byte, was.Size()), 0o600); err != nil { // whoever reads it sees damage
		t.Fatal(err)
	}
	if err := os.Chtimes(log, was.ModTime(), was.ModTime()); err != nil {
		t.Fatal(err)
	}
	asked := 0
	known := func(one, owner string, ended int64) bool {
		asked++
		return one == id && owner == "ann" && ended == info.View.Ended
	}
	if all := m.Succeeded("nightly", 0, known); len(all) != 0 || asked != 1 {
		t.Errorf("%+v, asked %d times", all, asked)
	}
}

// What has ended is listed after a restart without its log, which may be long, unless what is kept of it is not of that log.
func TestEndedRunsAreNotReplayed(t *testing.T) {
	folder := t.TempDir()
	m := openManager(t, folder)
	m.Start(nil)
	id := submit(t, m, Submission{Origin: run.Origin{Owner: "ann"}, Given: map[string]any{"n": int64(3)}},
		"name: n\nparameters: {n: 1, f: 1.5}\nsteps: {a: {type: notify, message: x}}\ngraph: a\n")
	ends(t, m, id)
	m.Close()
	log, short := filepath.Join(run.Folder(m.cfg.Folder, id), run.LogFile), filepath.Join(run.Folder(m.cfg.Folder, id), "ended.json")
	listed := func() []Info {
		t.Helper()
		again, err := New(m.cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		again.Start(nil)
		list, err := again.List()
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	kept, err := os.ReadFile(short)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(short); err != nil {
		t.Fatal(err)
	}
	read := listed()
	if now, err := os.ReadFile(short); err != nil || string(now) != string(kept) {
		t.Errorf("what is kept of a log that was read is %q, %v; at its end %q", now, err, kept)
	}
	was, err := os.Stat(log)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	put := func(file string, data []byte) {
		t.Helper()
		if err := errors.Join(os.WriteFile(file, data, 0o600), os.Chtimes(log, was.ModTime(), was.ModTime())); err != nil {
			t.Fatal(err)
		}
	}
	put(log, make([]byte, was.Size())) // whoever reads it sees damage
	if brief := listed(); len(read) != 1 || !reflect.DeepEqual(brief, read) || brief[0].View.State != engine.Succeeded || brief[0].Counts[engine.Succeeded] != 1 {
		t.Errorf("without its log %+v, with it %+v", brief, read)
	}
	for i := 0; i < len(kept); i += 7 { // damaged
		bad := slices.Clone(kept)
		bad[i] ^= 1
		put(short, bad)
		if list := listed(); len(list) != 0 && !reflect.DeepEqual(list, read) {
			t.Fatalf("byte %d is believed: %+v", i, list)
		}
	}
	put(log, whole)
	put(short, kept[:len(kept)/2])
	if list := listed(); !reflect.DeepEqual(list, read) {
		t.Errorf("of the log again: %+v, want %+v", list, read)
	}
	if err := os.Chtimes(log, was.ModTime().Add(1), was.ModTime().Add(1)); err != nil { // it is another
		t.Fatal(err)
	}
	if err := os.WriteFile(log, make([]byte, was.Size()), 0o600); err != nil {
		t.Fatal(err)
	}
	if list := listed(); len(list) != 0 {
		t.Errorf("of another log: %+v", list)
	}
}
