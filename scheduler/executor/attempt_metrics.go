package executor

import (
	"context"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/executor/parse"
)

// readGrace is for how long the rest of a metrics file is read of an attempt that is stopped or has no time
// left.
const readGrace = 10 * time.Second

// metricsFile is the metrics file, for people.
const metricsFile = "its metrics file"

// reading is the goroutine that reads an attempt's metrics file: one of its own, so that one trial's file,
// however large or slow it is, holds up nobody else's.
type reading struct {
	enough context.CancelFunc // ends it at once
	rest   chan struct{}      // closed when the trial has ended: then the rest is read
	done   chan struct{}      // closed at the end
	left   string             // what was not read to its end; set before done
}

// readMetrics starts to follow the metrics file. It is polled: inotify would tell sooner, but
// costs a watch per task and an event per line, which a flush interval away from being sent buys nothing.
func (t *attempt) readMetrics() *reading {
	ctx, enough := context.WithCancel(context.Background())
	if t.textFile != nil {
		t.textFile.follow.Emit = t.takeFromFile
	}
	r := &reading{enough: enough, rest: make(chan struct{}), done: make(chan struct{})}
	crash.Go(func() {
		defer close(r.done)
		defer t.events.close()
		defer t.textFile.close()
		tick := time.NewTicker(t.host.conf.Poll)
		defer tick.Stop()
		var events time.Time // when they were looked at
		for {
			select {
			case <-r.rest:
				t.follow.Finish(ctx, t.host.conf.ReadRest, t.takeFromFile, t.takeLastFromFile)
				more := t.readEvents(ctx, t.host.conf.ReadRest, true)
				t.readTextFile(true)
				switch {
				case ctx.Err() != nil:
					r.left = metricsFile
				case more:
					r.left = "the rest of its event files"
				}
				return
			case <-tick.C:
			}
			if time.Since(events) >= eventsInterval {
				t.readEvents(ctx, parse.MaxPoll, false)
				events = time.Now()
			}
			t.readTextFile(false)
			for more := true; more; {
				select {
				case <-r.rest:
					more = false
				default:
					more = t.pollMetrics(ctx)
				}
			}
		}
	})
	return r
}

// pollMetrics reads what is new in the metrics file; it tells whether there is more.
func (t *attempt) pollMetrics(ctx context.Context) bool {
	t.mu.Lock()
	had := t.mu.out.Next()
	t.mu.Unlock()
	more := t.follow.Poll(ctx, parse.MaxPoll, t.takeFromFile)
	t.mu.Lock()
	grown := t.mu.out.Next() != had
	t.mu.Unlock()
	if grown {
		t.host.send(t)
	}
	return more
}

// takeFromFile takes one line. The lock is held for no longer than that.
func (t *attempt) takeFromFile(line []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.mu.closed {
		t.takeLine(line, true)
	}
}

// takeLastFromFile takes the last one, which has no end.
func (t *attempt) takeLastFromFile(line []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.mu.closed:
	case t.mu.cutShort && !parse.Whole(line):
		t.mu.unread.Add(parse.ReasonCut, line, t.hide)
	default:
		t.takeLine(line, true)
	}
}

// finish has the rest read, for as long as the attempt may take: until its timeout, at most Config.ReadWait,
// and for readGrace when it was stopped. What is not read by then is not reported; the end says so.
func (r *reading) finish(t *attempt, e *outbox.Ending) {
	close(r.rest)
	wait := t.host.conf.ReadWait
	if t.order.Timeout > 0 {
		wait = min(wait, max(t.order.Timeout-time.Since(t.begin), readGrace))
	}
	if e.End.Killed || e.End.TimedOut {
		wait = min(wait, readGrace)
	}
	limit := time.NewTimer(wait)
	defer limit.Stop()
	stopped := t.ctx.Done()
	for waiting := true; waiting; {
		select {
		case <-r.done:
			waiting = false
		case <-limit.C:
			waiting = false
		case <-stopped:
			stopped = nil
			limit.Reset(min(wait, readGrace))
		}
	}
	r.enough()
	left := metricsFile
	select {
	case <-r.done:
		if left = r.left; left == "" {
			return
		}
	case <-time.After(time.Second): // it hangs in the file system, and is left to it
	}
	t.mu.Lock()
	t.mu.tooLong++
	t.mu.closed = true
	t.mu.Unlock()
	t.host.conf.Log.Warn(left+" was not read to its end", "task", t.id, "waited", wait)
	if e.State == mesosapi.TASK_FINISHED {
		t.cutShort(e, left+" was read")
	}
}
