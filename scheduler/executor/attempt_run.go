package executor

import (
	"fmt"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"golang.org/x/sys/unix"
)

// run runs the attempt from its folder to its last update: it waits for descriptors, starts the process,
// reads what it writes until it has ended and the pipes are closed, uploads what it left, and seals the
// outbox.
func (t *attempt) run() {
	leave, err := t.host.slots.admit(t.ctx)
	if err != nil {
		t.fail(fmt.Errorf("killed before it started"))
		return
	}
	defer leave()
	t.disk = t.host.disk.Begin()
	defer t.disk.End()
	p, err := t.start()
	if err != nil {
		t.closeSources()
		t.closeMlflow()
		t.fail(err)
		return
	}
	var last lastLines
	readers := t.readPipes(p, &last)
	metrics := t.readMetrics()
	p.awaitExit()
	ended := time.Now()
	// Children that still hold the pipes may finish a sentence; then they go.
	select {
	case <-readers:
	case <-time.After(t.host.conf.Linger):
	}
	p.signal(unix.SIGKILL)
	t.limits.end()
	select {
	case <-readers:
	case <-time.After(100 * time.Millisecond): // a child that left the group holds the pipe
		_ = p.stdout.SetReadDeadline(ended)
		_ = p.stderr.SetReadDeadline(ended)
		<-readers
		t.mu.Lock()
		t.mu.cutShort = true
		t.mu.Unlock()
	}
	t.mu.Lock()
	t.mu.process = nil
	t.host.leftovers.follow(p.pid) // before another process can have its id
	status, err := p.reap()
	end := t.ending(status, err, ended, &last)
	t.mu.cutShort = t.mu.cutShort || end.End.Signal != 0
	t.stdout.Flush(t.takeLast)
	t.mu.Unlock()
	t.host.reapSoon() // what it left behind has no limits any more, and what follows may take hours
	t.closeMlflow()
	metrics.finish(t, &end)
	t.judgeDisk(&end)
	before := end.State
	if t.stageOut(&end); end.State != before && end.End.Full == "" {
		t.judgeDisk(&end)
	}
	if end.End.Filled != "" {
		t.removeFiles()
	}
	if t.work != t.dir && end.State == mesosapi.TASK_FINISHED {
		_ = t.files.Load().RemoveAll(workName) // a copy; a failed attempt's is there to be looked at
	}
	t.looks.await()
	end.Empty = end.State == mesosapi.TASK_FINISHED && end.End.Filled == "" && t.giveBack()
	t.mu.Lock()
	t.close(end)
	t.mu.Unlock()
	t.host.sendHere(t)
	t.limits.release()
	t.host.reapSoon()
}
