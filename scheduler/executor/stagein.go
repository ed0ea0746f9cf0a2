package executor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/kaon-sweep/kaon/scheduler/executor/mask"
	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// stageIn fetches what an attempt works with: secrets, a copy of the code, links to inputs. It may take as
// long as the network does, and ends early when the task is killed.
func (t *attempt) stageIn() error {
	if t.order.Secrets != "" {
		var err error
		if t.private, err = t.host.cache.secrets(t.ctx, t.order.Secrets); err != nil {
			return err
		}
		t.hide = mask.New(t.private)
	}
	t.work = t.dir
	if t.order.Code != nil {
		bounds := archive.Limits{Bytes: archive.MaxBytes, Files: archive.MaxFiles}
		unpacked, err := t.host.cache.get(t.ctx, *t.order.Code, bounds)
		if err != nil {
			return fmt.Errorf("bring the code: %w", err)
		}
		t.work = filepath.Join(t.dir, workName)
		if err := t.copyCode(unpacked); err != nil {
			return fmt.Errorf("bring the code: %w", err)
		}
	}
	t.inputs = t.work
	if filepath.IsAbs(t.order.Dir) {
		t.inputs = filepath.Join(t.dir, inputsName)
	}
	for _, src := range t.order.Inputs {
		if err := t.input(src); err != nil {
			return err
		}
	}
	return t.resume()
}

// copyCode copies the unpacked code into the attempt's folder. Neither is opened by a path that trials could
// have changed meanwhile.
func (t *attempt) copyCode(unpacked string) error {
	name, err := filepath.Rel(t.host.sandbox.Path(), unpacked)
	if err != nil {
		return err
	}
	shared, err := t.host.sandbox.Dir(name)
	if err != nil {
		return err
	}
	defer shared.Close()
	from, err := shared.Root()
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := t.files.Load().Root()
	if err != nil {
		return err
	}
	defer to.Close()
	return archive.Copy(t.ctx, from, to, workName)
}

// diskAsked is the bytes of disk that the attempt asked for; 0: it did not.
func (t *attempt) diskAsked() (bytes int64) {
	for i := range t.resources {
		if r := &t.resources[i]; r.Name == "disk" {
			bytes += int64(r.GetScalar().GetValue() * (1 << 20))
		}
	}
	return bytes
}

// input links one input into the attempt's folder. Links are relative: the sandbox has several names.
func (t *attempt) input(src task.Source) error {
	file, err := t.host.cache.get(t.ctx, src, archive.LimitsOf(t.diskAsked()))
	if err != nil {
		return err
	}
	if !filepath.IsLocal(src.To) {
		return fmt.Errorf("place input %s: %q leads out of the attempt's folder", src.Name, src.To)
	}
	if path.Clean(src.To) != "." {
		return t.place(file, src.To)
	}
	type key struct{ folder string }
	type listing struct {
		entries []os.DirEntry
		err     error
	}
	in, err := proc.Look(t.ctx, t.host.conf.Answer, key{file}, func(at func(string)) (l listing) {
		at(file)
		l.entries, l.err = os.ReadDir(file)
		return l
	})
	if err := errors.Join(err, in.err); err != nil {
		return fmt.Errorf("place input %s: %w", src.Name, err)
	}
	for _, e := range in.entries {
		if err := t.place(filepath.Join(file, e.Name()), e.Name()); err != nil {
			return err
		}
	}
	return nil
}

func (t *attempt) place(file, to string) error {
	at := filepath.Join(t.inputs, to)
	name, err := filepath.Rel(t.dir, at)
	if err != nil {
		return fmt.Errorf("place input %s: %w", to, err)
	}
	target := file
	if rel, err := filepath.Rel(filepath.Dir(at), file); err == nil && within(t.host.conf.Sandbox, file) {
		target = rel
	}
	// Links of the code are followed within the attempt's folder, and not out of it.
	root, err := t.files.Load().Root()
	if err != nil {
		return fmt.Errorf("place input %s: %w", to, err)
	}
	defer root.Close()
	if err = root.MkdirAll(filepath.Dir(name), 0o755); err == nil {
		err = root.Symlink(target, name)
	}
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("place input %s: there is one of that name already, of the code or another input: "+
			"choose another with `to`", to)
	}
	if err != nil {
		return fmt.Errorf("place input %s: %w", to, err)
	}
	return nil
}

func within(folder, file string) bool {
	rel, err := filepath.Rel(folder, file)
	return err == nil && filepath.IsLocal(rel)
}

// folder is where the process starts.
func (t *attempt) folder() string {
	if filepath.IsAbs(t.order.Dir) {
		return t.order.Dir
	}
	if t.order.Inside && t.order.Code == nil && t.order.Dir == "" {
		return "." // the executor's own, which is the image's
	}
	return filepath.Join(t.work, t.order.Dir)
}
