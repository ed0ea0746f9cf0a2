package executor

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/executor/parse"
	"github.com/kaon-sweep/kaon/scheduler/executor/shortage"
	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

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
		e.State = mesosapi.TASK_FAILED
		e.Message = fmt.Sprintf("timed out after %v, while %s", t.order.Timeout, doing)
		e.End.Lacks, e.End.TimedOut = e.Message, true
	default:
		took := time.Since(t.begin).Round(time.Second)
		e.End.Lacks = fmt.Sprintf("ended with exit code 0, but gave up after %v while %s", took, doing)
		e.State, e.Message = mesosapi.TASK_FAILED, e.End.Lacks
	}
}

// ending says how a process ended. The lock is held.
func (t *attempt) ending(status unix.WaitStatus, err error, at time.Time, last *lastLines) outbox.Ending {
	e := outbox.Ending{State: mesosapi.TASK_FINISHED, End: task.End{
		StartMs: t.begin.UnixMilli(), EndMs: at.UnixMilli(),
		Killed: t.mu.killed, TimedOut: t.mu.timedOut,
	}}
	switch {
	case err != nil:
		e.State, e.Message = mesosapi.TASK_FAILED, fmt.Sprintf("wait for the process: %v", err)
		e.End.Exit, e.End.Error = -1, e.Message
	case status.Signaled():
		sig := status.Signal()
		e.State, e.End.Exit, e.End.Signal = mesosapi.TASK_FAILED, -1, int(sig)
		e.Message = fmt.Sprintf("ended by signal %d (%s, %s)", sig, unix.SignalName(sig), sig)
		if status.CoreDump() {
			e.Message += ", core dumped"
		}
	case status.ExitStatus() != 0:
		e.State, e.End.Exit = mesosapi.TASK_FAILED, status.ExitStatus()
		e.Message = fmt.Sprintf("exit code %d", status.ExitStatus())
	}
	if e.End.Limit, e.End.Own = t.limits.outOfMemory(e.State == mesosapi.TASK_FAILED); e.End.Limit > 0 {
		const mb = 1 << 20
		if e.State == mesosapi.TASK_FINISHED { // a shell may end well though what it started was killed
			e.State = mesosapi.TASK_FAILED
			e.Message = "a process of it was killed, though it ended with exit code 0"
		}
		e.Message = fmt.Sprintf("out of memory at the limit of %d MB: %s", e.End.Limit/mb, e.Message)
	}
	if e.State == mesosapi.TASK_FAILED && e.End.Limit == 0 && t.limits.squeezed() {
		e.End.Squeezed, e.Message = true, "killed below its own limit of memory, as the machine or the container "+
			"had none left: "+e.Message
	}
	if t.mu.tooMany != "" {
		e.State, e.End.Lacks, e.Message = mesosapi.TASK_FAILED, t.mu.tooMany, t.mu.tooMany
	}
	switch {
	case t.mu.timedOut:
		e.State = mesosapi.TASK_FAILED
		e.Message = fmt.Sprintf("timed out after %v", t.order.Timeout)
	case t.mu.killed:
		e.State = mesosapi.TASK_KILLED
		e.Message = "killed"
	}
	if e.State != mesosapi.TASK_FINISHED {
		e.End.Stderr = last.lines(t.hide)
	}
	if n := len(e.End.Stderr); n > 0 && e.State == mesosapi.TASK_FAILED {
		e.Message += ": " + e.End.Stderr[n-1]
	}
	return e
}

// fail ends a task that never ran.
func (t *attempt) fail(err error) {
	now, text := time.Now(), t.hide.Mask(err.Error())
	lacked := t.lackedDisk(err)
	t.mu.Lock()
	e := outbox.Ending{State: mesosapi.TASK_FAILED, Message: text, End: task.End{
		Exit: -1, Error: text, StartMs: t.begin.UnixMilli(), EndMs: now.UnixMilli(), Killed: t.mu.killed}}
	if e.End.Full = lacked; lacked == "" {
		e.End.Starved = shortage.Of(err)
	}
	var unanswered *proc.UnansweredError
	e.End.Unanswered = errors.As(err, &unanswered)
	if t.mu.killed {
		e.State = mesosapi.TASK_KILLED
	}
	t.close(e)
	t.mu.Unlock()
	t.host.send(t)
}

// close seals the outbox and stops the timers. The lock is held.
func (t *attempt) close(e outbox.Ending) {
	t.stop()
	for _, timer := range []*time.Timer{t.mu.grace, t.mu.limit, t.mu.send} {
		if timer != nil {
			timer.Stop()
		}
	}
	if t.dir != "" && !e.Empty {
		e.End.Sandbox = filepath.Join(t.host.conf.HostSandbox, t.id)
	}
	t.mu.closed = true
	t.mu.out.Drop(t.mu.tooLong)
	if e.End.Unread = t.mu.unread; t.mu.reported {
		// Who prints to both, as progress bars do, has missed nothing.
		onStderr := func(u results.Unread) bool { return u.Why == parse.ReasonStderr }
		e.End.Unread = slices.DeleteFunc(e.End.Unread, onStderr)
	}
	t.mu.out.Finish(e)
	tasksTotal(e.State.String()).Inc()
}
