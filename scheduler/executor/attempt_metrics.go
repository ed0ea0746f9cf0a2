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

func newMetricsFile(t *attempt) *metricsFile {
	return &metricsFile{
		emit: t.takeFromFile, last: t.takeLastFromFile,
		follow: parse.Follower{Folder: t.files.Load(), Name: metricsName,
			Lines: parse.Lines{Max: t.host.conf.MaxLine, Long: func(begin []byte) {
				t.mu.Lock()
				defer t.mu.Unlock()
				t.lineTooLong(begin)
			}}},
	}
}

// reading is the goroutine that reads an attempt's sources: one of its own, so that one trial's files, however large or
// slow they are, hold up nobody else's.
type reading struct {
	enough context.CancelFunc // ends it at once
	rest   chan struct{}      // closed when the trial has ended: then the rest is read
	done   chan struct{}      // closed at the end
	left   string             // what was not read to its end; set before done
}

// readMetrics starts to read the sources. They are polled: inotify would tell sooner, but costs a watch per task and an
// event per line, which a flush interval away from being sent buys nothing.
func (t *attempt) readMetrics() *reading {
	ctx, enough := context.WithCancel(context.Background())
	r := &reading{enough: enough, rest: make(chan struct{}), done: make(chan struct{})}
	crash.Go(func() {
		defer close(r.done)
		defer t.closeSources()
		tick := time.NewTicker(t.host.conf.Poll)
		defer tick.Stop()
		polled := make([]time.Time, len(t.sources))
		for {
			select {
			case <-r.rest:
				r.left = t.readRest(ctx)
				return
			case <-tick.C:
			}
			for i, s := range t.sources {
				if time.Since(polled[i]) >= s.every() {
					t.pollAll(ctx, s, r.rest)
					polled[i] = time.Now()
				}
			}
		}
	})
	return r
}

// readRest reads all sources to their ends, and names the first that it did not.
func (t *attempt) readRest(ctx context.Context) (left string) {
	for _, s := range t.sources {
		t.sendGrown(func() {
			if l := s.finish(ctx, t.host.conf.ReadRest); left == "" {
				left = l
			}
		})
	}
	return left
}

// pollAll takes in what is new of a source, until ended is closed: all of the metrics file, and a part of one that is
// polled seldom.
func (t *attempt) pollAll(ctx context.Context, s metricSource, ended <-chan struct{}) {
	for more := true; more; {
		select {
		case <-ended:
			return
		default:
		}
		t.sendGrown(func() { more = s.poll(ctx, parse.MaxPoll) && s.every() == 0 })
	}
}

// sendGrown has an update sent when f has added points.
func (t *attempt) sendGrown(f func()) {
	next := func() uint64 {
		t.mu.Lock()
		defer t.mu.Unlock()
		return t.mu.out.Next()
	}
	had := next()
	if f(); next() != had {
		t.host.send(t)
	}
}

func (t *attempt) closeSources() {
	for _, s := range t.sources {
		s.close()
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
	left := metricsFileForPeople
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
