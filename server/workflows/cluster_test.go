package workflows

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/bucket/dir"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// cuttingJournal calls cut when a sweep is being taken.
type cuttingJournal struct {
	journal.Journal
	cut func()
}

func (j cuttingJournal) Append(entries []journal.Entry) error {
	for _, e := range entries {
		if e, ok := e.(journal.SweepEntry); ok && !e.Phase.Ended() {
			j.cut()
		}
	}
	return j.Journal.Append(entries)
}

// A step that is ended at the moment in which its sweep is taken leaves none behind that runs.
func TestStepEndedWhileItsSweepIsTaken(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	b, err := dir.Open(filepath.Join(folder, "results"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cut := context.WithCancelCause(t.Context())
	s, err := server.Open(t.Context(), server.Config{
		Folder: filepath.Join(folder, "state"), Bucket: b, Cluster: server.Cluster{GPUs: "none", Alone: true}, Version: "test",
		WrapJournal: func(j journal.Journal) journal.Journal { return cuttingJournal{j, func() { cut(steps.ErrStop) }} },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(context.Background()) }()
	c := Cluster{Server: s, Bucket: b}
	_, err = c.Run(ctx, steps.Job{ID: "run-n0-a1", File: filepath.Join(folder, "s.yaml"), Single: true, Source: []byte("command: sleep 600\nmethod: grid\nparameters: {run: {value: 1}}\n" +
		"task: {grace: 1ms, resources: {cpus: 0.1, memory: 16MB}}\n")})
	if !errors.Is(err, steps.ErrStop) {
		t.Errorf("it is %v, want %v", err, steps.ErrStop)
	}
	testkit.Await(t, "the end of the step's sweep", func() bool {
		snap, err := s.Snapshot(t.Context())
		return err == nil && (len(snap.Sweeps) == 0 || snap.Sweeps[0].Phase.Ended())
	})
	if sw, known := s.Sweep("run-n0-a1"); known {
		if out, err := sw.Wait(t.Context()); err != nil || out.Phase != sweep.PhaseStopped {
			t.Errorf("it has %s, %v", out.Phase, err)
		}
	}
}

// A step whose sweep has ended and was forgotten has what the results say, in a process that goes on with its run; nobody else's sweep of that id
// is it.
func TestStepOfAForgottenSweep(t *testing.T) {
	folder := t.TempDir()
	s, b := openServer(t, folder)
	c := Cluster{Server: s, Bucket: b, Origin: server.Origin{Owner: "ann", Labels: []string{ofRun + "run", "l"}}}
	const common = "method: grid\nparameters: {x: {values: [1, 2]}}\ntask: {resources: {cpus: 0.1, memory: 16MB}}\n"
	jobs := []steps.Job{
		{ID: "run-n0-a1", Single: true, Source: []byte("command: 'echo \"{\\\"x\\\": 1}\" > $KAON_OUTPUT; echo a > $KAON_ARTIFACTS/f'\nmethod: grid\nparameters: {run: {value: 1}}\nartifacts: {}\n" +
			"task: {resources: {cpus: 0.1, memory: 16MB}}\n")},
		{ID: "run-n1-a1", Single: true, Source: []byte("command: 'echo no >&2; exit 3'\nmethod: grid\nparameters: {run: {value: 1}}\ntask: {resources: {cpus: 0.1, memory: 16MB}}\n")},
		{ID: "run-n2-a1", Source: []byte("command: 'echo y=${param.x}'\nmetric: {name: y, goal: maximize}\n" + common)},
	}
	for _, job := range jobs {
		job.File = filepath.Join(folder, "s.yaml")
		first, err := c.Run(t.Context(), job)
		if err != nil {
			t.Fatalf("%s: %v", job.ID, err)
		}
		if err := c.Release(t.Context(), job.ID); err != nil {
			t.Fatal(err)
		}
		job.Told = func(steps.Progress) { t.Errorf("%s runs again", job.ID) }
		again, err := c.Run(t.Context(), job)
		was, _ := json.Marshal(first)
		is, _ := json.Marshal(again)
		if err != nil || string(is) != string(was) {
			t.Errorf("%s has\n%s, %v; had\n%s", job.ID, is, err, was)
		}
		later := job
		later.Began = time.Now().Add(time.Second)
		if done, err := c.Run(t.Context(), later); err == nil || !strings.Contains(err.Error(), "already") {
			t.Errorf("a run of the same id that began after the sweep has %+v, %v", done, err)
		}
		for _, other := range []server.Origin{{Owner: "bob", Labels: c.Origin.Labels}, {Owner: "ann", Labels: []string{ofRun + "other"}}, {Owner: "ann"}} {
			foreign := Cluster{Server: s, Bucket: b, Origin: other}
			if done, err := foreign.Run(t.Context(), job); err == nil || !strings.Contains(err.Error(), "already") {
				t.Errorf("%+v has %+v, %v", other, done, err)
			}
		}
	}
	if len(s.Sweeps()) != 0 {
		t.Errorf("%d sweeps are there", len(s.Sweeps()))
	}
}

// What earlier attempts have left counts as long as all its files are there.
func TestStoredFiles(t *testing.T) {
	b := new(bucket.Memory)
	c := Cluster{Bucket: b}
	files := []string{"sweeps/a/artifacts/0/1/f", "sweeps/a/artifacts/0/1/sub/g", "sweeps/b/artifacts/3/2/f"}
	for i, name := range files {
		if all, err := c.Stored(t.Context(), files[i:i+1]); all || err != nil {
			t.Error(all, err)
		}
		if all, err := c.Stored(t.Context(), files); all || err != nil {
			t.Error(all, err)
		}
		if err := b.Put(t.Context(), name, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
		if all, err := c.Stored(t.Context(), files[:i+1]); !all || err != nil {
			t.Error(all, err)
		}
	}
}
