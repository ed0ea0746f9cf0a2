package server

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
	"github.com/kaon-sweep/kaon/sweep"
)

// What a trial sees of its agent, and what reads its metrics, is part of what it does: results of other work never stand for it.
func TestWorkIsOfWhatTrialsSee(t *testing.T) {
	key := func(change func(*sweep.Task)) (string, []string) {
		spec := &sweep.Spec{File: filepath.Join(t.TempDir(), "sweep.yaml")}
		spec.Task.Container = &sweep.Container{Image: "registry/a@sha256:1"}
		change(&spec.Task)
		work, doubts, err := workOf(t.Context(), spec, workplace{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		name, err := work.key()
		if err != nil {
			t.Fatal(err)
		}
		return name, doubts
	}
	plain, _ := key(func(*sweep.Task) {})
	var all []string
	for what, change := range map[string]func(*sweep.Task){
		"a volume":       func(t *sweep.Task) { t.Container.Volumes = []sweep.Volume{{Host: "/my/fake", Path: "/data"}} },
		"another volume": func(t *sweep.Task) { t.Container.Volumes = []sweep.Volume{{Host: "/real", Path: "/data"}} },
		"a read-only volume": func(t *sweep.Task) {
			t.Container.Volumes = []sweep.Volume{{Host: "/real", Path: "/data", ReadOnly: true}}
		},
		"a network":             func(t *sweep.Task) { t.Container.Network = sweep.NetworkNone },
		"no MLflow":             func(t *sweep.Task) { t.NoMlflow = true },
		"a file for Prometheus": func(t *sweep.Task) { t.Prometheus = "x.prom" },
	} {
		name, doubts := key(change)
		if name == plain || slices.Contains(all, name) {
			t.Errorf("with %s it is the same work", what)
		}
		if strings.Contains(what, "volume") != (len(doubts) == 1) {
			t.Errorf("with %s the doubts are %q", what, doubts)
		}
		all = append(all, name)
	}
}

// A command that names a file again and again has it read once, and none together more than an upload may have.
func TestAttackCommandOfManyFiles(t *testing.T) {
	small, large := filepath.Join(t.TempDir(), "small"), filepath.Join(t.TempDir(), "large")
	for name, size := range map[string]int64{small: 3, large: archive.MaxBytes} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(name, size); err != nil {
			t.Fatal(err)
		}
	}
	known := contents{}
	all, doubts, err := known.named(t.Context(), sweep.Command{Argv: slices.Repeat([]string{small, large}, 50_000)})
	if err != nil || len(all) != 50_000 || len(known) != 1 || len(doubts) != 1 || !strings.Contains(doubts[0], large) {
		t.Errorf("%d of %v, doubts %q, %v", len(all), known, doubts, err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, _, err := (contents{}).named(gone, sweep.Command{Program: small}); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits, and it is read: %v", err)
	}
	if _, err := sumOf(gone, small, 3); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits, and it is read: %v", err)
	}
	const zeros = "709e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c" // of three bytes
	if sum, err := sumOf(t.Context(), small, 2); err != nil || sum == zeros {
		t.Errorf("what was added counts: %s %v", sum, err)
	}
	if sum, err := known.of(t.Context(), small); err != nil || sum != zeros {
		t.Errorf("%s %v", sum, err)
	}
}
