package executor

import (
	"context"
	"fmt"
	"path"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/executor/shortage"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/scheduler/transfer/archive"
)

// leastRate is how slow a delivery may be at the most, in bytes a second: so much longer than Config.Patience as its
// bytes take.
const leastRate = 256 << 10

// lateDelivery is for how long the files of an attempt are delivered that has no time left.
const lateDelivery = time.Minute

// delivered is what came of a delivery.
type delivered struct {
	artifacts []results.Artifact
	not       []string // what is no artifact though it was chosen, and why
	lacks     error    // why some are missing
}

// stageOut uploads what an attempt left behind to the bucket: its artifacts, and its logs if they are wanted.
// The death and resurrection of the scheduler included, it takes as long as the attempt's timeout allows, or
// without one as Config.Patience and the size do; it ends early when the task is killed meanwhile. What a trial
// leaves that is stopped, as a checkpoint saved in its grace, has lateDelivery. Files that arrived are removed from
// the sandbox.
func (t *attempt) stageOut(e *outbox.Ending) {
	d := t.order.Deliver
	if d == nil {
		return
	}
	if t.ctx.Err() != nil && e.State == mesosapi.TASK_FINISHED {
		if !d.NoArtifacts {
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
	e.End.Artifacts, e.End.Undelivered = got.artifacts, got.not
	switch {
	case e.State != mesosapi.TASK_FINISHED:
		if got.lacks != nil {
			t.host.conf.Log.Warn("artifacts not delivered", "task", t.id,
				"error", t.hide.MaskEscaped(got.lacks.Error()))
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

// deliveryTime is the context in which an attempt's files are delivered.
func (t *attempt) deliveryTime(e *outbox.Ending) (context.Context, context.CancelFunc) {
	most := t.order.Deliver.Bytes
	if most <= 0 {
		most = defaultArtifacts
	}
	if e.State == mesosapi.TASK_KILLED {
		return context.WithTimeout(context.WithoutCancel(t.ctx), lateDelivery)
	}
	left := t.host.conf.Patience + time.Duration(most/leastRate)*time.Second
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
		got.lacks = shortage.Retry(ctx, shortagePatience, func() (err error) {
			got.artifacts, got.not, err = t.deliverArtifacts(ctx)
			return err
		})
	}
	// Also of an attempt that ended well another may go on: it did not report the objective, or its end is never told.
	resumable := t.order.Trial != results.ThenTrial
	if resumable && got.lacks == nil && len(got.artifacts) > 0 {
		if err := t.host.cache.client.Whole(ctx, d.URL); err != nil {
			t.host.conf.Log.Warn("not said that all artifacts are delivered", "task", t.id,
				"error", t.hide.MaskEscaped(err.Error()))
		}
	}
	failed := state != mesosapi.TASK_FINISHED && state != mesosapi.TASK_KILLED || got.lacks != nil || lacks != ""
	if d.Logs == "all" || d.Logs == "failed" && failed {
		for _, name := range []string{stdoutName, stderrName} {
			if err := t.deliverLog(ctx, name); err != nil {
				t.host.conf.Log.Warn("log not delivered", "task", t.id, "log", name,
					"error", t.hide.MaskEscaped(err.Error()))
			}
		}
	}
	return got
}

// deliverArtifacts gives an error that says what is missing.
func (t *attempt) deliverArtifacts(
	ctx context.Context,
) (out []results.Artifact, not []string, err error) {
	found, not, err := t.findArtifacts(ctx)
	if err != nil {
		return nil, not, err
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
		const too = "its artifacts have %s, and at most %s are kept of one attempt (%s)"
		return nil, not, fmt.Errorf(too, has, bound, says)
	}
	files := t.files.Load()
	taken := map[string]bool{}
	for _, a := range found {
		name := t.hide.Mask(a.name) // it goes into the record and the bucket, as the rest does
		if taken[name] {
			return out, not, fmt.Errorf("artifact %q: another has this name once secrets are masked", name)
		}
		taken[name] = true
		var artifact results.Artifact
		err := shortage.Retry(ctx, t.host.conf.Scarce, func() (err error) {
			artifact, err = t.upload(ctx, transfer.Artifacts, name, a.file)
			return err
		})
		if err != nil {
			return out, not, fmt.Errorf("artifact %w", err)
		}
		out = append(out, artifact)
		deliveredBytesTotal.Add(int(artifact.Size))
	}
	for _, a := range found {
		_ = files.Remove(path.Join(artifactsName, a.name))
	}
	return out, not, nil
}
