package executor

import (
	"context"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/executor/disk"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/proc"
)

// judgeDisk notes in the end of an attempt that has not succeeded whether the file system of the sandbox was full
// meanwhile, and whether the attempt itself filled it. Without its objective an attempt that ended well has not
// succeeded.
func (t *attempt) judgeDisk(e *outbox.Ending) {
	failed := e.State == mesosapi.TASK_FAILED
	ownFault := e.End.Limit != 0 || e.End.TimedOut || t.endedForProcesses()
	if ownFault || e.End.Killed || !failed && (e.State != mesosapi.TASK_FINISHED || t.order.Objective == "" ||
		t.reported()) {
		return
	}
	type key struct{ t *attempt }
	v, err := proc.Look(context.Background(), t.host.conf.Answer, key{t}, func(at func(string)) disk.Verdict {
		at(t.dir)
		return t.disk.Judge(t.files.Load(), t.diskAsked(), failed)
	})
	if err != nil {
		t.host.conf.Log.Warn("it is not known whether the disk was full", "task", t.id, "err", err)
	}
	e.End.Full, e.End.Filled = v.Lacked, v.Filled
}

func (t *attempt) reported() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mu.reported
}

func (t *attempt) endedForProcesses() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mu.tooMany != ""
}

// removeFiles removes what is in the folder of an attempt that filled the disk but its output, or its neighbours could
// not go on. What cannot be removed stays.
func (t *attempt) removeFiles() {
	output := func(name string) bool {
		_, is := cluster.OutputFile(name)
		return is
	}
	if err := t.files.Load().Clear(output); err != nil {
		t.host.conf.Log.Warn("a disk that an attempt filled stays full", "task", t.id, "err", err)
	}
}

// lackedDisk names what the file system of the sandbox lacked for an attempt that could not be started; empty: nothing.
// That a disk is closed or broken may be said of others than the sandbox's, as where an input lies, so that is looked
// at, once for all that fail at that moment. No lock may be held.
func (t *attempt) lackedDisk(err error) string {
	switch lacked := disk.Fault(err); lacked {
	case "", disk.Space, disk.Quota:
		return lacked
	}
	type key struct{ disk *disk.Watch }
	patience, of := t.host.conf.Answer, key{t.host.disk}
	lacked, err := proc.Look(context.Background(), patience, of, func(at func(string)) string {
		at(t.host.conf.Sandbox)
		return t.host.disk.Probe(nil)
	})
	if err != nil {
		t.host.conf.Log.Warn("it is not known whether the disk was full", "task", t.id, "err", err)
	}
	return lacked
}
