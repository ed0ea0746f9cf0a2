package executor

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/depot"
)

// deliver brings what an attempt left behind to the bucket: its artifacts, and its logs if they are wanted. It takes as
// long as that takes, the death and resurrection of the scheduler included, and ends early when the task is killed:
// what is stopped has nothing to bring. Files that arrived are removed from the sandbox.
func (t *task) deliver(e *ending) {
	d := t.order.Deliver
	if d == nil || t.ctx.Err() != nil {
		return
	}
	if err := t.deliverArtifacts(e); err != nil && e.state == mesosapi.TASK_FINISHED {
		e.end.Lacks = t.hide.mask(err.Error())
	}
	if d.Logs == "all" || d.Logs == "failed" && (e.state != mesosapi.TASK_FINISHED || e.end.Lacks != "") {
		for _, name := range []string{stdoutName, stderrName} {
			if err := t.deliverLog(name); err != nil {
				t.x.conf.Log.Warn("log not delivered", "task", t.id, "log", name, "error", err)
			}
		}
	}
	if t.ctx.Err() != nil && e.end.Lacks != "" {
		e.state, e.message = mesosapi.TASK_KILLED, "killed while it was delivering its files"
		e.end.Lacks, e.end.Killed = "", true
	}
	if e.end.Lacks != "" {
		e.state, e.message = mesosapi.TASK_FAILED, e.end.Lacks
	}
}

// deliverArtifacts gives an error that says what is missing.
func (t *task) deliverArtifacts(e *ending) error {
	if t.order.Deliver.NoArtifacts {
		return nil
	}
	folder := filepath.Join(t.dir, artifactsName)
	names, bytes, err := findArtifacts(folder, t.order.Deliver.Artifacts)
	if err != nil {
		return err
	}
	if most := t.order.Deliver.Bytes; most > 0 && bytes > most {
		return fmt.Errorf("its artifacts have %d MB, and at most %d MB are kept of one attempt (artifacts.size)", bytes>>20, most>>20)
	}
	for _, name := range names {
		artifact, err := t.x.store.client.Upload(t.ctx, t.order.Deliver.URL, depot.Artifacts, name, filepath.Join(folder, filepath.FromSlash(name)))
		if err != nil {
			return fmt.Errorf("artifact %w", err)
		}
		e.end.Artifacts = append(e.end.Artifacts, artifact)
		deliveredBytesTotal.Add(int(artifact.Size))
	}
	for _, name := range names {
		_ = os.Remove(filepath.Join(folder, filepath.FromSlash(name)))
	}
	return nil
}

// findArtifacts lists the files of a folder that the patterns choose, all without patterns. A pattern that names a file
// or folder must find it.
func findArtifacts(folder string, patterns []string) (names []string, bytes int64, err error) {
	found := make([]bool, len(patterns))
	err = filepath.WalkDir(folder, func(file string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile, the folder itself perhaps
		}
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(folder, file)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		chosen := len(patterns) == 0
		for i, p := range patterns {
			if matches(p, name) {
				chosen, found[i] = true, true
			}
		}
		if !chosen {
			return nil
		}
		info, ok := content(folder, file, e)
		if !ok {
			return nil
		}
		if err := depot.CheckName(name); err != nil {
			return err
		}
		names, bytes = append(names, name), bytes+info.Size()
		if len(names) > depot.MaxFiles {
			return fmt.Errorf("it left more than %d artifacts: pack them, or name with `artifacts` those that are wanted", depot.MaxFiles)
		}
		return nil
	})
	for i, p := range patterns {
		if err == nil && !found[i] && !strings.ContainsAny(p, `*?[\`) {
			err = fmt.Errorf("ended with exit code 0 but left no artifact %q: write it to $KAON_ARTIFACTS/%s", p, p)
		}
	}
	return names, bytes, err
}

// content describes a file that may be delivered: a regular one, or a link to one in the attempt's own folder. A pipe has
// no end, a broken link no content; a link further away could lead to what the executor may read and the trial may not.
func content(folder, file string, e fs.DirEntry) (fs.FileInfo, bool) {
	if e.Type()&fs.ModeSymlink != 0 {
		target, err := filepath.EvalSymlinks(file)
		own, err2 := filepath.EvalSymlinks(filepath.Dir(folder))
		if err != nil || err2 != nil || !within(own, target) {
			return nil, false
		}
	}
	info, err := os.Stat(file)
	return info, err == nil && info.Mode().IsRegular()
}

// matches says whether a pattern means a file, or a folder that it lies in.
func matches(pattern, name string) bool {
	for pattern = strings.TrimSuffix(pattern, "/"); ; {
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
		if name = path.Dir(name); name == "." {
			return false
		}
	}
}

// deliverLog brings one stream, as far as it was kept, under zstd.
func (t *task) deliverLog(name string) error {
	packed := filepath.Join(t.dir, "."+name+".zst")
	written, err := packLog(packed, filepath.Join(t.dir, name))
	defer os.Remove(packed)
	if err != nil || !written {
		return err
	}
	_, err = t.x.store.client.Upload(t.ctx, t.order.Deliver.URL, depot.Logs, name+".zst", packed)
	return err
}

// packLog joins a stream's pieces; not written when the trial said nothing.
func packLog(to, stream string) (written bool, err error) {
	if _, err := os.Stat(stream); err != nil {
		return false, nil
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return false, err
	}
	z, err := zstd.NewWriter(f, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<20))
	if err != nil {
		f.Close()
		return false, err
	}
	err = copyLog(z, stream)
	return true, errors.Join(err, z.Close(), f.Close())
}

// copyLog writes what headTail kept of a stream.
func copyLog(w io.Writer, stream string) error {
	for _, piece := range []string{"", ".tail.1", ".tail"} {
		f, err := os.Open(stream + piece)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if piece == ".tail.1" {
			_, err = io.WriteString(w, "\n[kaon: some of the output may be missing here]\n")
		}
		if err == nil {
			_, err = io.Copy(w, f)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}
