package executor

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// kill asks the trial to end: SIGTERM now, SIGKILL after grace, or after the order's grace when it is
// negative. A later kill may shorten or lengthen the grace.
func (t *attempt) kill(grace time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.killed = true
	t.stop()
	t.terminate(grace)
}

// A timer that is late by lateTimer means that this process did not run meanwhile: it was stopped, or its
// machine was. The attempt, which may have been stopped with it, then has latePatience to end by itself.
const (
	lateTimer    = time.Second
	latePatience = 500 * time.Millisecond
)

// timeout ends an attempt whose time is over, which was late ago. One that has ended meanwhile ended by
// itself: when it did is not known, and a program that is done is not undone by a clock that was looked at
// afterwards.
func (t *attempt) timeout(late time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.mu.process == nil || t.mu.killed || t.mu.process.ended(unix.WNOHANG):
	case late >= lateTimer:
		t.mu.limit = time.AfterFunc(latePatience, crash.Func(func() { t.timeout(0) }))
	default:
		t.mu.timedOut = true
		t.terminate(-1)
	}
}

// stopLine is what a trial finds in its control file before SIGTERM asks it to end. A message of somebody's may ask for
// that too, without a signal.
var stopLine = []byte(`{"stop": true, "signal": "SIGTERM"}`)

// terminate is kill with the lock held, for whatever reason.
func (t *attempt) terminate(grace time.Duration) {
	if grace < 0 {
		grace = t.gracePeriod()
	}
	p := t.mu.process
	switch {
	case p == nil:
	case grace == 0:
		p.signal(unix.SIGKILL)
	case t.mu.grace != nil:
		t.mu.grace.Reset(grace)
	default:
		t.mu.grace = time.AfterFunc(grace, crash.Func(t.destroy))
		t.askToEnd(p)
	}
}

// askToEnd writes the stop line and then signals the process, so that who is woken by the signal finds the line. A
// trial that cannot be told, or not within controlPatience, is signalled all the same. The lock may be held.
func (t *attempt) askToEnd(p *process) {
	signal := sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.mu.process == p {
			p.signal(unix.SIGTERM)
			p.signal(unix.SIGCONT) // one that is stopped must wake up to end
		}
	})
	if err := t.sendControl(message{body: stopLine, then: signal}); err != nil {
		t.host.conf.Log.Warn("message lost", "error", err)
		crash.Go(signal)
		return
	}
	time.AfterFunc(controlPatience, crash.Func(signal))
}

// destroy kills what did not end within its grace.
func (t *attempt) destroy() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mu.process != nil {
		t.mu.process.signal(unix.SIGKILL)
	}
}
