package executor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/executor/shortage"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// What an attempt may leave when its sweep does not say (artifacts.size), and how slow its delivery may be at
// the most: so much longer than Config.Patience as its bytes take at leastRate.
const (
	defaultArtifacts = 10 << 30  // bytes
	leastRate        = 256 << 10 // bytes a second
)

// lateDelivery is for how long the files of an attempt are delivered that has no time left.
const lateDelivery = time.Minute

// delivered is what came of a delivery.
type delivered struct {
	artifacts []results.Artifact
	lacks     error // why some are missing
}

// stageOut uploads what an attempt left behind to the bucket: its artifacts, and its logs if they are wanted.
// The death and resurrection of the scheduler included, it takes as long as the attempt's timeout allows, or
// without one as Config.Patience and the size do; it ends early when the task is killed: what is stopped has
// nothing to upload. Files that arrived are removed from the sandbox.
func (t *attempt) stageOut(e *outbox.Ending) {
	d := t.order.Deliver
	if d == nil {
		return
	}
	if t.ctx.Err() != nil {
		if e.State == mesosapi.TASK_FINISHED && !d.NoArtifacts {
			t.cutShort(e, "its files were delivered")
		}
		return
	}
	ctx, end := t.deliveryTime(e)
	defer end()
	out := make(chan delivered, 1)
	state, lacks := e.State, e.End.Lacks
	crash.Go(func() { out <- t.deliverAll(ctx, state, lacks) })
	var got delivered
	select {
	case got = <-out:
	case <-ctx.Done():
		select {
		case got = <-out:
		case <-time.After(time.Second): // it hangs in the file system, and is left to it
			got.lacks = ctx.Err()
		}
	}
	e.End.Artifacts = got.artifacts
	switch {
	case e.State != mesosapi.TASK_FINISHED:
		if got.lacks != nil {
			t.x.conf.Log.Warn("artifacts not delivered", "task", t.id, "error", got.lacks)
		}
	case got.lacks != nil && ctx.Err() != nil:
		t.cutShort(e, "its files were delivered")
	case got.lacks != nil:
		e.End.Lacks = t.hide.Mask(got.lacks.Error())
		e.State, e.Message, e.End.Starved = mesosapi.TASK_FAILED, e.End.Lacks, shortage.Of(got.lacks)
	}
}

// shortagePatience is how long what this process has none left of is waited for at the end of an attempt.
const shortagePatience = 20 * time.Second

// sleep waits, and reports whether ctx still lives.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// cutShort ends an attempt whose program had ended well as stopped, timed out or failed, while something was
// done.
func (t *attempt) cutShort(e *outbox.Ending, doing string) {
	t.mu.Lock()
	killed := t.mu.killed
	t.mu.Unlock()
	switch {
	case killed:
		e.State, e.Message = mesosapi.TASK_KILLED, "killed while "+doing
		e.End.Lacks, e.End.Killed = "", true
	case t.order.Timeout > 0 && time.Since(t.begin) >= t.order.Timeout:
		e.State, e.Message = mesosapi.TASK_FAILED, fmt.Sprintf("timed out after %v, while %s", t.order.Timeout, doing)
		e.End.Lacks, e.End.TimedOut = e.Message, true
	default:
		e.End.Lacks = fmt.Sprintf("ended with exit code 0, but gave up after %v while %s", time.Since(t.begin).Round(time.Second), doing)
		e.State, e.Message = mesosapi.TASK_FAILED, e.End.Lacks
	}
}

// deliveryTime is the context in which an attempt's files are delivered.
func (t *attempt) deliveryTime(e *outbox.Ending) (context.Context, context.CancelFunc) {
	most := t.order.Deliver.Bytes
	if most <= 0 {
		most = defaultArtifacts
	}
	left := t.x.conf.Patience + time.Duration(most/leastRate)*time.Second
	switch {
	case e.End.TimedOut:
		left = lateDelivery
	case t.order.Timeout > 0:
		left = min(left, t.order.Timeout-time.Since(t.begin))
		if e.State != mesosapi.TASK_FINISHED {
			left = max(left, lateDelivery) // of a failure its reason stays, and its logs are wanted
		}
	}
	return context.WithTimeout(t.ctx, left)
}

// deliverAll delivers all that is wanted of an attempt that ended in a state.
func (t *attempt) deliverAll(ctx context.Context, state mesosapi.TaskState, lacks string) (got delivered) {
	d := t.order.Deliver
	if !d.NoArtifacts {
		got.artifacts, got.lacks = t.deliverArtifacts(ctx)
		for end := time.Now().Add(shortagePatience); shortage.Of(got.lacks) != "" && time.Now().Before(end) && sleep(ctx, shortagePatience/100); {
			got.artifacts, got.lacks = t.deliverArtifacts(ctx) // others give back what there was none of
		}
	}
	if d.Logs == "all" || d.Logs == "failed" && (state != mesosapi.TASK_FINISHED || got.lacks != nil || lacks != "") {
		for _, name := range []string{stdoutName, stderrName} {
			if err := t.deliverLog(ctx, name); err != nil {
				t.x.conf.Log.Warn("log not delivered", "task", t.id, "log", name, "error", err)
			}
		}
	}
	return got
}

// deliverArtifacts gives an error that says what is missing.
func (t *attempt) deliverArtifacts(ctx context.Context) (out []results.Artifact, err error) {
	found, err := t.findArtifacts(ctx)
	if err != nil {
		return nil, err
	}
	most, says := t.order.Deliver.Bytes, "artifacts.size"
	if most <= 0 {
		most, says = defaultArtifacts, "set artifacts.size for more"
	}
	var bytes int64
	for _, a := range found {
		bytes += a.size
	}
	if bytes > most {
		has, bound := archive.Sizes(bytes, most)
		return nil, fmt.Errorf("its artifacts have %s, and at most %s are kept of one attempt (%s)", has, bound, says)
	}
	files := t.files.Load()
	taken := map[string]bool{}
	for _, a := range found {
		name := t.hide.Mask(a.name) // it goes into the record and the bucket, as the rest does
		if taken[name] {
			return out, fmt.Errorf("artifact %q: another has this name once secrets are masked", name)
		}
		taken[name] = true
		var artifact results.Artifact
		err := shortage.Retry(ctx, t.x.conf.Scarce, func() (err error) {
			artifact, err = t.upload(ctx, transfer.Artifacts, name, a.file)
			return err
		})
		if err != nil {
			return out, fmt.Errorf("artifact %w", err)
		}
		out = append(out, artifact)
		deliveredBytesTotal.Add(int(artifact.Size))
	}
	for _, a := range found {
		_ = files.Remove(path.Join(artifactsName, a.name))
	}
	return out, nil
}

// upload delivers one file of the attempt's folder.
func (t *attempt) upload(ctx context.Context, kind transfer.Kind, name, file string) (results.Artifact, error) {
	f, err := t.files.Load().Open(file)
	if err != nil {
		return results.Artifact{}, fmt.Errorf("deliver %s: %w", name, err)
	}
	defer f.Close()
	return t.x.cache.client.Upload(ctx, t.order.Deliver.URL, kind, name, f)
}

// found is an artifact.
type found struct {
	name string // below the folder of artifacts
	file string // below the attempt's folder, without links
	size int64
}

// maxEntries bounds how many files and folders are looked at to find artifacts.
const maxEntries = 1_000_000

// findArtifacts lists the files that the sweep's patterns choose, all without patterns. A pattern that names
// a file or folder must find it.
func (t *attempt) findArtifacts(ctx context.Context) (all []found, err error) {
	patterns := t.order.Deliver.Artifacts
	there, why, folder := make([]bool, len(patterns)), make([]string, len(patterns)), make([]bool, len(patterns))
	files, entries := t.files.Load(), 0
	err = files.Walk(artifactsName, func(file string, st *unix.Stat_t) error {
		if entries++; entries > maxEntries {
			return fmt.Errorf("there are more than %d files and folders in $KAON_ARTIFACTS", maxEntries)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		name := strings.TrimPrefix(file, artifactsName+"/")
		if st.Mode&unix.S_IFMT == unix.S_IFDIR {
			for i, p := range patterns {
				folder[i] = folder[i] || matches(p, name)
			}
			return nil
		}
		chosen := len(patterns) == 0
		a, refused := content(files, file, st)
		for i, p := range patterns {
			switch {
			case !matches(p, name):
			case refused == "":
				chosen, there[i] = true, true
			default:
				why[i] = fmt.Sprintf("%s %s", name, refused)
			}
		}
		if !chosen || refused != "" {
			return nil
		}
		if err := transfer.CheckName(name); err != nil {
			return err
		}
		a.name = name
		if all = append(all, a); len(all) > transfer.MaxFiles {
			return fmt.Errorf("it left more than %d artifacts: pack them, or name with `artifacts` those that are wanted", transfer.MaxFiles)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) { // the folder itself was removed
		err = nil
	}
	for i, p := range patterns {
		if err == nil && !there[i] && !strings.ContainsAny(p, `*?[\`) {
			err = fmt.Errorf("ended with exit code 0 but left no artifact %q: write it to $KAON_ARTIFACTS/%s", p, p)
			switch {
			case why[i] == "" && folder[i]:
				err = fmt.Errorf("ended with exit code 0, but $KAON_ARTIFACTS/%s is a folder without a file: write the artifact %q as a file, or files into it", p, p)
			case why[i] != "":
				err = fmt.Errorf("ended with exit code 0 but left no artifact %q: %s", p, why[i])
			}
		}
	}
	return all, err
}

// content describes a file that may be delivered: a regular one, or a link to one in the attempt's own
// folder. A pipe has no end, a broken link no content; a link further away could lead to what the executor
// may read and the trial may not.
func content(files *safefile.Dir, file string, st *unix.Stat_t) (a found, refused string) {
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		target, err := files.Resolve(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return a, "is a link to what is not there"
		case err != nil:
			return a, "is a link that leads out of the attempt's folder"
		}
		if st, err = files.Stat(target); err != nil {
			return a, "is a link to what is not there"
		}
		file = target
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return a, "is no regular file"
	}
	return found{file: file, size: st.Size}, ""
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

// deliverLog uploads one stream, as far as it was kept, under zstd.
func (t *attempt) deliverLog(ctx context.Context, name string) error {
	packed := "." + name + ".zst"
	written, err := t.packLog(ctx, packed, name)
	if written {
		defer func() { _ = t.files.Load().Remove(packed) }()
	}
	if err != nil || !written {
		return err
	}
	_, err = t.upload(ctx, transfer.Logs, name+".zst", packed)
	return err
}

// packLog joins a stream's pieces; not written when the trial said nothing.
func (t *attempt) packLog(ctx context.Context, to, stream string) (written bool, err error) {
	files := t.files.Load()
	if _, err := files.Stat(stream); err != nil {
		return false, nil
	}
	f, err := files.Create(to, 0o600)
	if err != nil {
		return false, err
	}
	z, err := zstd.NewWriter(f, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<20))
	if err != nil {
		f.Close()
		return true, err
	}
	err = t.copyLog(ctx, z, stream)
	return true, errors.Join(err, z.Close(), f.Close())
}

// copyLog writes what headTail kept of a stream; if the trial put something else there, no more than that
// would have.
func (t *attempt) copyLog(ctx context.Context, w io.Writer, stream string) error {
	for _, piece := range []string{"", ".tail.1", ".tail"} {
		f, err := t.files.Load().Open(stream + piece)
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
			_, err = io.Copy(w, io.LimitReader(transfer.Reader(ctx, f), max(t.x.conf.HeadBytes, t.x.conf.TailBytes)))
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}
