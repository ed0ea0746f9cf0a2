package executor

import (
	"io"
	"os"
	"sync/atomic"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/executor/mask"
	"github.com/kaon-sweep/kaon/scheduler/executor/parse"
)

// readPipes starts the two readers; the channel closes when both pipes have ended.
func (t *attempt) readPipes(p *process, last *lastLines) <-chan struct{} {
	done := make(chan struct{})
	var left atomic.Int32
	left.Store(2)
	read := func(f func()) {
		crash.Go(func() {
			f()
			if left.Add(-1) == 0 {
				close(done)
			}
		})
	}
	read(func() { t.readStdout(p.stdout) })
	read(func() { t.readStderr(p.stderr, last) })
	return done
}

// output is where a stream of the attempt is kept.
func (t *attempt) output(name string) headTail {
	conf := t.host.conf
	return headTail{folder: t.files.Load(), name: name, head: conf.HeadBytes, tail: conf.TailBytes, failed: t.disk.Saw}
}

// readStderr keeps standard error, and its last lines. Metrics there are not read, but hinted at.
func (t *attempt) readStderr(pipe *os.File, last *lastLines) {
	file := t.output(stderrName)
	defer file.close()
	both := io.MultiWriter(&file, last)
	cut, collect := parse.Lines{Max: t.host.conf.MaxLine}, t.collector()
	hint := func(line []byte) { t.hintAt(collect, line) }
	m := mask.Stream{Secrets: t.hide, Use: func(chunk []byte) {
		_, _ = both.Write(chunk)
		head, tail := collect.TrimChunk(chunk)
		cut.Feed(head, hint)
		cut.Feed(tail, hint)
	}}
	drain(pipe, m.Feed)
	m.Flush()
	cut.Flush(hint)
}

// readStdout keeps standard output, and reads it for metrics.
func (t *attempt) readStdout(pipe *os.File) {
	file := t.output(stdoutName)
	defer file.close()
	locked := func(f func(func([]byte))) {
		t.mu.Lock()
		had := t.mu.out.Next()
		f(t.take)
		more := t.mu.out.Next() != had
		t.mu.Unlock()
		if more {
			t.host.send(t)
		}
	}
	m := mask.Stream{Secrets: t.hide, Use: func(chunk []byte) {
		_, _ = file.Write(chunk)
		locked(func(emit func([]byte)) {
			head, tail := t.mu.collect.TrimChunk(chunk)
			t.stdout.Feed(head, emit)
			t.stdout.Feed(tail, emit)
		})
	}}
	drain(pipe, m.Feed)
	m.Flush()
}
