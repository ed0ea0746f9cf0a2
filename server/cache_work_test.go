package server

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results/board"
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

// The name of a work is in results that are kept: the same spec has it from one version to the next.
func TestKeysOfWorkStay(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "sweep.yaml")
	for name, text := range map[string]string{"code/train.sh": "echo loss=1\n", "code/lib/a.txt": "a\n", "data/words.txt": "words\n"} {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644), os.Chmod(path, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	const head = "method: grid\nparameters: {x: {values: [1, 2]}}\ncommand: [sh, train.sh]\n"
	won := &board.Winner{Trial: 3, Params: []byte(`{"lr":0.1}`), Seed: 7, Value: 0.25}
	for _, c := range []struct {
		name, text, want string
		at               workplace
		winner           *board.Winner
		doubts           int
	}{
		{name: "nothing but a command", text: "task: {retries: 2}", want: "2430f1a2ad2982d0067885488a4c89e21ad1d7c8"},
		{name: "code", text: "task: {code: code, dir: lib}", want: "d7fc6e98a7759580c205a9e6e3728ee87fce0d64"},
		{name: "a folder to work in", text: "task: {code: code}\nartifacts: [model.bin]", at: workplace{folder: folder, skip: []string{""}}, want: "f2a8487f30612f3898b5ce210dff83abf252475d"},
		{name: "its own folder", text: "metric: {name: loss}\nmetrics: [b, a]", at: workplace{folder: folder, skip: []string{filepath.Join(folder, "data")}}, want: "d7f2f3715750abd1e9246ce3d8c36501047e8e94"},
		{name: "an image", text: `task: {image: "registry/a@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", user: "7", network: none, volumes: ["/data:/in:ro"], wandb: off, mlflow: off}`, want: "0e5204eaa25cc85ffa1ad6cc835f3ce966699dbb", doubts: 1},
		{name: "inputs", text: "task: {fetch: [data/words.txt, {url: data, to: set}, https://example.com/a.tar.gz]}", want: "235b945e81366ea071c79219a20c00195d7baf2a", doubts: 1},
		{name: "what is read", text: "metric: {name: loss}\ntask: {secrets: [B_KEY, A_KEY], tensorboard: logs, prometheus: x.prom}", winner: won, want: "3df74aeb39473753b7a372df64a03c892c864aad"},
	} {
		spec, err := sweep.Parse(file, []byte(head+c.text+"\n"))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		work, doubts, err := workOf(t.Context(), spec, c.at, c.winner)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if key, err := work.key(); err != nil || key != c.want || len(doubts) != c.doubts {
			t.Errorf("%s: %s, %v, want %s; doubts %q", c.name, key, err, c.want, doubts)
		}
	}
}
