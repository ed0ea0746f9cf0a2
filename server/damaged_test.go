package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/sweep"
)

// damages are what happens to files, or to folders.
var damages = map[string]func(path string) error{
	"truncated": func(path string) error { return os.Truncate(path, 3) },
	"empty":     func(path string) error { return os.Truncate(path, 0) },
	"garbage": func(path string) error {
		return os.WriteFile(path, []byte("\x00\xffgarbage that is longer than what was there is likely to be\n{"), 0o600)
	},
	"folder": func(path string) error {
		return errors.Join(os.RemoveAll(path), os.MkdirAll(filepath.Join(path, "in"), 0o700))
	},
	"file":       func(path string) error { return errors.Join(os.RemoveAll(path), os.WriteFile(path, nil, 0o600)) },
	"unreadable": func(path string) error { return errors.Join(os.RemoveAll(path), os.Symlink(path, path)) }, // also by root
	"missing":    os.RemoveAll,
}

// everything is the names and the sizes of all that lies in a folder, but for what each start writes anew.
func everything(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			all.WriteString(strings.TrimPrefix(path, folder) + " " + e.Type().String() + "\n")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// Whatever happens to one file of a sweep that has ended, of its state or of its results: the server starts, runs the others and what is new, says of
// those that cannot go on why, and deletes nothing; they can be deleted.
func TestFilesOfEndedSweepsAreDamaged(t *testing.T) {
	w := newWorld(t)
	if err := os.Mkdir(filepath.Join(w.dir, "code"), 0o700); err != nil {
		t.Fatal(err)
	}
	cfg := w.config()
	cfg.KeptSweeps = 1000
	s := w.open(cfg)
	w.ends(w.submit(s, "first", w.spec("first.yaml", three)), sweep.PhaseSucceeded)
	learning := strings.Replace(three, "method: grid", "method: tpe\nrun_cap: 2\nfrom: first\ncache: true", 1) + "  code: code\n"
	out := w.ends(w.submit(s, "whole", w.spec("whole.yaml", learning)), sweep.PhaseSucceeded)
	following := func(id string) *Sweep {
		file := filepath.Join(w.dir, id+".yaml")
		text := strings.Replace(learning, "${param.x}", "${param.x} ${winner.trial}", 1)
		spec, err := sweep.Parse(file, []byte(text), sweep.WithWinner())
		if err != nil {
			t.Fatal(err)
		}
		sw, err := s.Submit(t.Context(), Submission{ID: id, Spec: spec, Winner: out.Winner})
		if err != nil {
			t.Fatal(err)
		}
		return sw
	}
	type damaged struct{ id, path, how string }
	var all []damaged
	state, in := filepath.Join(w.dir, "state", "sweeps"), filepath.Join(w.dir, "results", "sweeps")
	for _, path := range []string{
		state + "/ID", state + "/ID/winner.json", state + "/ID/prior.json", state + "/ID/cache.json", state + "/ID/depot", state + "/ID/depot/key",
		state + "/ID/depot/code.tar.zst", in + "/ID", in + "/ID/records", in + "/ID/records/*", in + "/ID/" + results.SweepFile,
		in + "/ID/" + results.SpecFile, in + "/ID/" + results.BoardFile, in + "/ID/" + results.WinnerFile,
	} {
		for _, how := range []string{"truncated", "empty", "garbage", "folder", "file", "unreadable", "missing"} {
			if how == "unreadable" && strings.HasPrefix(path, in) { // links that lead nowhere are followed by no bucket
				continue
			}
			id := strings.NewReplacer("*", "batch", ".", "-", "/", "-").Replace(strings.TrimPrefix(strings.TrimPrefix(path, w.dir), "/") + "-" + how)
			sw := following(id)
			w.ends(sw, sweep.PhaseSucceeded)
			found, err := filepath.Glob(strings.ReplaceAll(path, "ID", id))
			if err != nil || len(found) == 0 {
				t.Fatalf("%s: %v, %v", path, found, err)
			}
			if info, err := os.Stat(found[0]); err != nil || info.IsDir() && (how == "truncated" || how == "empty" || how == "garbage") || !info.IsDir() && how == "file" {
				continue
			}
			all = append(all, damaged{id, found[0], how})
		}
	}
	w.closed(s)
	for _, d := range all {
		if err := damages[d.how](d.path); err != nil {
			t.Fatalf("%+v: %v", d, err)
		}
	}
	before := everything(t, w.dir)
	s = w.open(cfg)
	for _, d := range all {
		sw, known := s.Sweep(d.id)
		if !known {
			t.Errorf("%s is not known", d.id)
			continue
		}
		damage := sw.Damage()
		if needed := strings.Contains(d.path, "records") || strings.HasSuffix(d.path, "winner.json") && strings.HasPrefix(d.path, state); needed && damage == nil {
			t.Errorf("%s %s: nobody hears of it", d.path, d.how)
		}
		if damage == nil {
			continue
		}
		if !w.heard(d.id+": ") || !strings.Contains(damage.Error(), "kaon repair "+d.id) && !strings.Contains(damage.Error(), "kaon rm "+d.id) {
			t.Errorf("%s %s: nobody hears what to do: %v", d.path, d.how, damage)
		}
		if _, err := s.Extend(t.Context(), d.id, []string{"run_cap=5"}); err == nil || !strings.Contains(err.Error(), d.id) {
			t.Errorf("%s %s goes on: %v", d.path, d.how, err)
		}
	}
	whole, _ := s.Sweep("whole")
	w.ends(whole, sweep.PhaseSucceeded)
	w.ends(w.submit(s, "new", w.spec("new.yaml", three)), sweep.PhaseSucceeded)
	if _, err := s.Delete(t.Context(), "new"); err != nil {
		t.Error(err)
	}
	after := everything(t, w.dir)
	for line := range strings.Lines(before) {
		if !strings.Contains(after, line) {
			t.Errorf("was deleted: %s", line)
		}
	}
	for _, d := range all {
		if _, err := s.Delete(t.Context(), d.id); err != nil && !errors.Is(err, bucket.ErrNotExist) {
			t.Errorf("delete %s: %v", d.id, err)
		}
		if _, known := s.Sweep(d.id); known {
			t.Errorf("%s is there after it was deleted", d.id)
		}
		if _, err := store.ReadSweep(t.Context(), w.results, d.id); !errors.Is(err, bucket.ErrNotExist) {
			t.Errorf("%s in the results: %v", d.id, err)
		}
	}
}

// What a sweep that has not ended goes on from is needed: the server does not start without, names the file and what to
// do, changes nothing, and goes on when the file is back.
func TestFilesOfRunningSweepsAreDamaged(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	out := w.ends(w.submit(s, "first", w.spec("first.yaml", three)), sweep.PhaseSucceeded)
	waits := "while [ ! -e " + w.dir + "/go ]; do sleep 0.02; done; echo loss=${param.x} ${winner.trial}"
	text := strings.Replace(three, "method: grid", "method: tpe\nrun_cap: 2\nfrom: first\ncache: true", 1)
	text = strings.Replace(text, "command: echo loss=${param.x}", "command: \""+waits+"\"", 1)
	spec, err := sweep.Parse(filepath.Join(w.dir, "runs.yaml"), []byte(text), sweep.WithWinner())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Submit(t.Context(), Submission{ID: "runs", Spec: spec, Winner: out.Winner}); err != nil {
		t.Fatal(err)
	}
	w.closed(s)
	for _, name := range []string{"winner.json", "prior.json", "cache.json"} {
		path := filepath.Join(w.dir, "state", "sweeps", "runs", name)
		was, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, how := range []string{"truncated", "empty", "garbage", "folder", "unreadable"} {
			if err := damages[how](path); err != nil {
				t.Fatal(err)
			}
			before := everything(t, w.dir)
			broken, err := Open(t.Context(), w.config())
			if err == nil {
				_ = broken.Close(t.Context())
				t.Fatalf("%s %s: it starts", name, how)
			}
			if says := err.Error(); !strings.Contains(says, path) || !strings.Contains(says, "remove it") && !strings.Contains(says, "put ") {
				t.Errorf("%s %s: %v", name, how, err)
			}
			if after := everything(t, w.dir); after != before {
				t.Errorf("%s %s: there was\n%s, there is\n%s", name, how, before, after)
			}
			if err := errors.Join(os.RemoveAll(path), os.WriteFile(path, was, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(w.dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s = w.open(w.config())
	sw, _ := s.Sweep("runs")
	w.ends(sw, sweep.PhaseSucceeded)
}

// A sweep that has ended and whose spec cannot be read back keeps the results it has: nothing is written by what stands
// in for its spec, also where its end was not stored.
func TestResultsStayOfSweepsWhoseSpecIsDamaged(t *testing.T) {
	w := newWorld(t)
	s := w.open(w.config())
	first := w.ends(w.submit(s, "first", w.spec("first.yaml", three)), sweep.PhaseSucceeded)
	text := strings.NewReplacer("x: {values: [3, 1, 2]}", "x: {values: [1, 2]}", "command: echo loss=${param.x}",
		"command: 'echo ${winner.trial} > $KAON_ARTIFACTS/out; set -- 5 5 5 0 9 9; shift $KAON_TRIAL; echo loss=$1'").
		Replace(three) + "repeat: {trials: 3}\nartifacts: {files: [out], keep: top 1}\n"
	spec, err := sweep.Parse(filepath.Join(w.dir, "next.yaml"), []byte(text), sweep.WithWinner())
	if err != nil {
		t.Fatal(err)
	}
	var out Outcome
	for _, id := range []string{"stored", "cut"} {
		sw, err := s.Submit(t.Context(), Submission{ID: id, Spec: spec, Winner: first.Winner})
		if err != nil {
			t.Fatal(err)
		}
		if out = w.ends(sw, sweep.PhaseSucceeded); out.Winner == nil || out.Winner.Value != 5 {
			t.Fatalf("%+v", out.Winner)
		}
	}
	w.closed(s)
	cut, err := store.ReadSweep(t.Context(), w.results, "cut")
	if err != nil {
		t.Fatal(err)
	}
	cut.State, cut.Finished, cut.Pruned = string(sweep.PhaseActive), "", "" // as by a kill at its end
	gone := w.results.Delete(t.Context(), results.ObjectName("cut", results.WinnerFile),
		results.ObjectName("cut", results.BoardFile))
	if err := errors.Join(store.WriteSweep(t.Context(), w.results, cut), gone); err != nil {
		t.Fatal(err)
	}
	kept := map[string][]byte{}
	for _, id := range []string{"stored", "cut"} {
		path := filepath.Join(w.dir, "state", "sweeps", id, "winner.json")
		if kept[path], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		if err := damages["garbage"](path); err != nil {
			t.Fatal(err)
		}
	}
	before := w.contents("stored") + w.contents("cut")
	s = w.open(w.config())
	sw, _ := s.Sweep("stored")
	if again := w.ends(sw, sweep.PhaseSucceeded); again.Winner == nil || again.Winner.Value != 5 {
		t.Errorf("winner %+v", again.Winner)
	}
	sw.View(func(b *board.Board) {
		if shown, ok := b.Winner(); !ok || shown.Value != 5 {
			t.Errorf("winner that is shown %+v", shown)
		}
	})
	sw, _ = s.Sweep("cut")
	if out, err := sw.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "kaon rm cut") {
		t.Errorf("%+v, %v", out, err)
	}
	w.closed(s)
	if after := w.contents("stored") + w.contents("cut"); after != before {
		t.Errorf("results before:\n%s\nafter:\n%s", before, after)
	}
	for path, data := range kept {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = w.open(w.config())
	sw, _ = s.Sweep("cut")
	if again := w.ends(sw, sweep.PhaseSucceeded); again.Winner == nil || again.Winner.Value != 5 {
		t.Errorf("winner of what is mended %+v", again.Winner)
	}
	w.closed(s)
	now, err := store.ReadSweep(t.Context(), w.results, "cut")
	if err != nil || now.Finished == "" || now.Pruned == "" {
		t.Errorf("%+v, %v", now, err)
	}
}

// contents are what is in the files of a sweep in the results.
func (w *world) contents(id string) string {
	w.t.Helper()
	var all strings.Builder
	folder := filepath.Join(w.dir, "results", "sweeps", id)
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(&all, "%s\n%q\n", path, data)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all.String()
}
