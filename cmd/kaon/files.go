package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/study"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
	"github.com/kaon-sweep/kaon/sweep"
)

// depotFolder, in a sweep's state folder, is the depot's.
const depotFolder = "depot"

// openDepot starts serving files to executors, at the address of the last time when there was one.
func (s *session) openDepot() (err error) {
	where, err := s.cfg.depotAddress()
	if err != nil {
		return err
	}
	s.depot, err = transfer.Open(transfer.Config{
		Folder: filepath.Join(s.cfg.state, depotFolder), Sweep: s.cfg.id, Bucket: s.cfg.bucket,
		Bind: where.bind, Host: where.host, Port: where.port,
		AttemptBytes: s.cfg.spec.Artifacts.Bytes, Log: s.cfg.log,
	})
	if err != nil {
		return unreachable(err)
	}
	return nil
}

// provide makes ready what attempts are given: packed code, inputs, secrets.
func (s *session) provide(ctx context.Context) (study.Files, error) {
	spec := s.cfg.spec
	files := study.Files{Attempt: s.depot.Attempt}
	if err := s.checkProgram(); err != nil {
		return files, usage(err)
	}
	if why := s.apart(); why != "" {
		if err := needsNothing(spec, why); err != nil {
			return files, usage(err)
		}
		files.Attempt = nil // what attempts leave behind stays in the sandbox
		return files, nil
	}
	if spec.Task.Code != "" {
		code, err := s.code()
		if err != nil {
			return files, usage(err)
		}
		files.Code = &code
		s.bring(code, code.URL)
	}
	if err := s.inputs(ctx, &files); err != nil {
		return files, err
	}
	if len(spec.Task.Secrets) > 0 {
		values, err := readSecrets(spec)
		if err != nil {
			return files, usage(err)
		}
		files.Secrets = s.depot.Secrets(values)
	}
	return files, nil
}

// code is the packed folder. It is packed once: a sweep that is resumed goes on with what it began with.
func (s *session) code() (task.Source, error) {
	packed := filepath.Join(s.cfg.state, depotFolder, "code"+archive.Suffix)
	if _, err := os.Stat(packed); errors.Is(err, fs.ErrNotExist) {
		if err := s.pack(packed); err != nil {
			return task.Source{}, fmt.Errorf("%s: task.code: %w", s.cfg.spec.File, err)
		}
	}
	address, sum, err := s.depot.Serve(packed, filepath.Base(packed))
	return task.Source{URL: address, SHA256: sum, Name: filepath.Base(packed), Unpack: true}, err
}

func (s *session) pack(to string) error {
	folder := filepath.Join(specFolder(s.cfg.spec), filepath.FromSlash(s.cfg.spec.Task.Code))
	skip, err := filepath.Abs(s.cfg.state)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(to), "code-*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	err = archive.Pack(temp, folder, filepath.Dir(skip), skip, s.cfg.results, filepath.Join(folder, "kaon-results"), filepath.Join(folder, "kaon-state"))
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), to)
}

// shortestSecret is the least that is masked: a shorter text would be found everywhere.
const shortestSecret = 4

// readSecrets takes a spec's secrets, and those of the specs that follow it, from the environment. Only the spec's
// own are returned; that one is missing must not come out hours later.
func readSecrets(spec *sweep.Spec) (map[string]string, error) {
	values := map[string]string{}
	for _, name := range spec.Task.Secrets {
		value, ok := os.LookupEnv(name)
		switch {
		case !ok:
			return nil, fmt.Errorf("%s: task.secrets: %s is not set in this environment: set it and run again", spec.File, name)
		case len(value) < shortestSecret:
			return nil, fmt.Errorf("%s: task.secrets: the value of %s has fewer than %d characters and could not be masked: give what is no secret in task.env", spec.File, name, shortestSecret)
		}
		values[name] = value
	}
	if spec.Then != nil && spec.Then.Next != nil {
		if _, err := readSecrets(spec.Then.Next); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// checkProgram refuses a command that names a file beside the spec when trials start where that file is not.
func (s *session) checkProgram() error {
	spec := s.cfg.spec
	if err := s.missingProgram(spec); err != nil {
		return err
	}
	if spec.Task.Code != "" || spec.Task.Container != nil || s.cluster.workDir(spec) != "" {
		return nil
	}
	for _, word := range programs(spec.Command) {
		info, err := os.Stat(filepath.Join(specFolder(spec), word))
		if err == nil && info.Mode().IsRegular() {
			return fmt.Errorf("%s: the command names %s, which is on this machine and not on the agents: add `task: {code: .}` to send this folder along, or `task: {image: …}` with the program in it", spec.File, word)
		}
	}
	return nil
}

// programs are the words of a command that look like files relative to the spec.
func programs(c sweep.Command) []string {
	words := slices.Clone(c.Argv)
	if c.Shell != "" {
		words = strings.Fields(c.Shell)
	}
	words = append(words, c.Program)
	var out []string
	for i, w := range words {
		w = strings.Trim(w, `"';&|()`)
		bare := !strings.Contains(w, "/") && (i == 0 || !strings.Contains(w, "."))
		if w == "" || filepath.IsAbs(w) || strings.ContainsAny(w, "$*{") || bare && w != c.Program {
			continue
		}
		out = append(out, w)
	}
	return out
}

// tidy removes what the sweep does not keep: half-received files, and the artifacts that its policy lets go.
func (s *session) tidy(ctx context.Context, summary board.Summary) error {
	err := s.depot.Remove(ctx)
	keep := s.watcher.kept(s.cfg.spec.Artifacts.Top, summary)
	if keep == nil {
		return err
	}
	_, _, pruned := store.Prune(ctx, s.cfg.bucket, s.cfg.id, keep)
	return errors.Join(err, pruned)
}

// kept says whose artifacts stay; nil: everybody's.
func (w *watcher) kept(top int, summary board.Summary) func(trial, attempt int) bool {
	if top == 0 {
		return nil
	}
	type attempt struct{ trial, number int }
	keep := map[attempt]bool{}
	w.mu.Lock()
	defer w.mu.Unlock()
	if best, ok := w.mu.board.Best(); ok {
		keep[attempt{best.Trial, best.Attempt}] = true
	}
	if top == sweep.KeepWinners {
		for _, c := range summary.Pareto {
			if t, ok := w.mu.board.Trial(c.Trial); ok {
				keep[attempt{c.Trial, t.Attempt}] = true
			}
		}
	} else {
		for t := range w.mu.board.Trials(board.Query{States: []string{results.Succeeded, results.Cached}, Sort: "value", Limit: top}) {
			keep[attempt{t.Trial, t.Attempt}] = true
		}
	}
	return func(trial, number int) bool { return keep[attempt{trial, number}] }
}
