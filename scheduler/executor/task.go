package executor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/executor/mask"
	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/executor/parse"
	"github.com/kaon-sweep/kaon/scheduler/executor/shortage"
	"github.com/kaon-sweep/kaon/scheduler/proc"
	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// defaultGrace is what an order without a grace gives a trial between SIGTERM and SIGKILL.
const defaultGrace = 5 * time.Second

// attempt is one attempt: its order, its process, and what it has said. Its run method has a goroutine of its
// own, and one each for the two pipes while the process runs.
type attempt struct {
	id        string
	dir       string                       // its folder in the sandbox
	files     atomic.Pointer[safefile.Dir] // the same, opened; all that is read and written there goes by it; nil before it is made
	tag       proc.Tag                     // of its processes
	order     task.Order
	resources []mesosapi.Resource
	ctx       context.Context // ends when the task is killed
	stop      context.CancelFunc

	work    string            // folder of its own copy of the code, else dir
	inputs  string            // $KAON_INPUTS
	private map[string]string // secrets, and what hides them
	hide    *mask.Secrets
	x       *executor
	begin   time.Time
	limits  *limit // nil before it starts

	mu struct {
		sync.Mutex
		info     *mesosapi.TaskInfo // until an update was acknowledged; the agent wants it on resubscription
		out      *outbox.Outbox
		collect  *parse.Collector
		process  *process // nil before the start and after the end
		killed   bool     // by KILL or shutdown
		timedOut bool
		grace    *time.Timer  // until SIGKILL
		limit    *time.Timer  // until the order's timeout
		send     *time.Timer  // until the next update is due
		percent  float64      // progress, as last reported
		untold   bool         // percent was not told yet
		progress time.Time    // when it was told last
		tooLong  uint64       // metric lines beyond the bounds of a line, and notes beyond those of an attempt
		unread   parse.Unread // lines that were passed over
		reported bool         // the objective was
		cutShort bool         // it was ended, so that its last line may be a part of one
		notes    int          // notes reported
		tooMany  string       // that it had too many processes, and was ended for it
		closed   bool         // its end is written; nothing can be added
	}
	follow parse.Follower // belongs to the goroutine of readMetrics
	stdout parse.Lines    // belongs to the goroutine of readStdout; afterwards to run
	spill  outbox.FileSpill
}

// newTask reads the order of a LAUNCH; an order that cannot be run gives a task that fails at once.
func (x *executor) newTask(info *mesosapi.TaskInfo) (*attempt, error) {
	t := &attempt{id: info.TaskID.Value, x: x, resources: info.Resources, tag: proc.TagOf(x.conf.HostSandbox, x.serial.Add(1)), begin: time.Now()}
	t.ctx, t.stop = context.WithCancel(context.Background())
	t.mu.info = info
	t.mu.out = outbox.New(x.conf.bounds(), &t.spill, t.begin)
	t.mu.collect = &parse.Collector{}
	if t.id == "" || t.id == "." || t.id == ".." || strings.ContainsAny(t.id, "/\x00") {
		return t, fmt.Errorf("task id %q cannot name a folder", t.id)
	}
	t.dir = filepath.Join(x.conf.Sandbox, t.id)
	t.follow = parse.Follower{Name: metricsName, Lines: parse.Lines{Max: x.conf.MaxLine, Long: func(begin []byte) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.mu.unread.Add(parse.ReasonLong(x.conf.MaxLine), begin, t.hide)
	}}}
	t.stdout = parse.Lines{Max: x.conf.MaxLine, Long: func(begin []byte) { t.mu.unread.Add(parse.ReasonLong(x.conf.MaxLine), begin, t.hide) }}
	var err error
	if t.order, err = task.Decode[task.Order](info.Data); err != nil {
		return t, err
	}
	if (len(t.order.Argv) == 0) == (t.order.Shell == "") {
		return t, fmt.Errorf("order of %s: want exactly one of argv and shell", t.id)
	}
	collect, err := parse.NewCollector(&t.order)
	if err != nil {
		return t, err
	}
	t.mu.collect = collect
	return t, nil
}

// run runs the attempt from its folder to its last update.
func (t *attempt) run() {
	leave, err := t.x.admit(t.ctx)
	if err != nil {
		t.fail(fmt.Errorf("killed before it started"))
		return
	}
	defer leave()
	p, err := t.start()
	if err != nil {
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
	case <-time.After(t.x.conf.Linger):
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
	status, err := p.reap()
	end := t.ending(status, err, ended, &last)
	t.mu.cutShort = t.mu.cutShort || end.End.Signal != 0
	t.stdout.Flush(t.takeLast)
	t.mu.Unlock()
	metrics.finish(t, &end)
	t.stageOut(&end)
	if t.work != t.dir && end.State == mesosapi.TASK_FINISHED {
		_ = t.files.Load().RemoveAll(workName) // a copy; a failed attempt's is there to be looked at
	}
	t.mu.Lock()
	t.close(end)
	t.mu.Unlock()
	t.x.flushHere(t)
	t.limits.release()
	t.x.reapSoon()
}

// start makes the attempt's folder and starts its process, unless it was killed before.
func (t *attempt) start() (*process, error) {
	if err := shortage.Retry(t.ctx, t.x.conf.Scarce, t.prepare); err != nil {
		return nil, err
	}
	t.mu.Lock()
	t.mu.send = time.AfterFunc(t.x.conf.Settle, crash.Func(func() { t.x.flush(t) }))
	t.mu.Unlock()
	if err := t.stageIn(); err != nil {
		return nil, err
	}
	id, err := identify(t.order.User)
	if err != nil {
		return nil, err
	}
	if id != nil {
		if err := id.chown(t.x.sandbox, t.x.conf.Sandbox, t.id); err != nil {
			return nil, err
		}
	}
	env, err := t.environment(id)
	if err != nil {
		return nil, err
	}
	var p *process
	err = shortage.Retry(t.ctx, t.x.conf.Scarce, func() (err error) {
		p, err = t.launch(env, id)
		return err
	})
	return p, err
}

// launch starts the process.
func (t *attempt) launch(env []string, id *identity) (*process, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mu.killed {
		return nil, fmt.Errorf("killed before it started")
	}
	t.limits = t.x.limiter.apply(t.order.Limits)
	if err := t.limits.scarce; err != nil {
		t.limits.release()
		return nil, err
	}
	p, err := t.x.startProcess(&t.order, t.folder(), t.dir, env, id, t.limits, t.tag)
	if err != nil {
		t.limits.release()
		return nil, err
	}
	t.mu.process = p
	t.begin = time.Now()
	if t.order.Timeout > 0 {
		due := t.begin.Add(t.order.Timeout)
		t.mu.limit = time.AfterFunc(t.order.Timeout, crash.Func(func() { t.timeout(time.Since(due)) }))
	}
	return p, nil
}

// prepare makes the folder with what the trial finds in it.
func (t *attempt) prepare() error {
	if err := t.x.sandbox.Mkdir(t.id, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the attempt's folder: %w", err)
	}
	files := t.files.Load()
	if files == nil { // else a part of this was done before
		var err error
		if files, err = t.x.sandbox.Dir(t.id); err != nil {
			return fmt.Errorf("open the attempt's folder: %w", err)
		}
	}
	t.files.Store(files)
	t.follow.Folder = files
	t.mu.Lock()
	t.spill.Folder = files
	t.mu.Unlock()
	if err := files.Mkdir(artifactsName, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the attempt's folder: %w", err)
	}
	if err := files.WriteFile(controlName, nil, 0o644); err != nil {
		return fmt.Errorf("make the control file: %w", err)
	}
	for _, f := range t.order.Files {
		if !filepath.IsLocal(f.Name) {
			return fmt.Errorf("write file %q: its name leads out of the attempt's folder", f.Name)
		}
		err := files.MkdirAll(path.Dir(f.Name), 0o755)
		if err == nil {
			err = files.WriteFile(f.Name, f.Data, 0o644)
		}
		if err != nil {
			return fmt.Errorf("write file %q: %w", f.Name, err)
		}
	}
	return nil
}

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
	read(func() {
		file := headTail{folder: t.files.Load(), name: stderrName, head: t.x.conf.HeadBytes, tail: t.x.conf.TailBytes}
		defer file.close()
		both := io.MultiWriter(&file, last)
		cut, collect := parse.Lines{Max: t.x.conf.MaxLine}, t.collector()
		hint := func(line []byte) { t.hintAt(collect, line) }
		m := mask.Stream{Secrets: t.hide, Use: func(chunk []byte) {
			_, _ = both.Write(chunk)
			head, tail := collect.TrimChunk(chunk)
			cut.Feed(head, hint)
			cut.Feed(tail, hint)
		}}
		drain(p.stderr, m.Feed)
		m.Flush()
		cut.Flush(hint)
	})
	return done
}

func (t *attempt) readStdout(pipe *os.File) {
	file := headTail{folder: t.files.Load(), name: stdoutName, head: t.x.conf.HeadBytes, tail: t.x.conf.TailBytes}
	defer file.close()
	locked := func(f func(func([]byte))) {
		t.mu.Lock()
		had := t.mu.out.Next()
		f(t.take)
		more := t.mu.out.Next() != had
		t.mu.Unlock()
		if more {
			t.x.flush(t)
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

// takeLast takes the last line of a stream, which has no end: of a program that was ended it may be a part of
// one, and the beginning of a number is another number. JSON that closes is whole.
func (t *attempt) takeLast(line []byte) {
	if t.mu.cutShort && !parse.Whole(line) {
		if t.mu.collect.LooksLikeMetrics(line) {
			t.mu.unread.Add(parse.ReasonCut, line, t.hide)
		}
		return
	}
	t.take(line)
}

// take reads one line for metrics; it tells whether that was all right. The lock is held.
func (t *attempt) take(line []byte) { t.takeLine(line, false) }

func (t *attempt) takeLine(line []byte, meant bool) {
	line = parse.Unescaped(line)
	if t.hide != nil { // what comes by the metrics file has not been masked yet
		line, _ = t.hide.Scan(nil, line, true)
	}
	m, ok, missed := t.mu.collect.Read(line, t.hide)
	if meant && !ok && missed == parse.ReasonNone {
		missed = parse.WhyUnread(line)
	}
	if missed != parse.ReasonNone {
		t.mu.unread.Add(missed, line, t.hide)
	}
	if missed == parse.ReasonBounds {
		t.mu.tooLong++
	}
	if !ok {
		return
	}
	if _, reported := m.Metrics[t.order.Objective]; reported {
		t.mu.reported = true
	}
	if m.Note != nil {
		if t.mu.notes++; t.mu.notes > results.MaxNotes {
			t.mu.tooLong++
			t.mu.unread.Add(parse.ReasonNotes, line, t.hide)
			if m.Note = nil; len(m.Metrics) == 0 {
				return
			}
		}
	}
	now := time.Now()
	t.mu.out.Add(results.Point{Step: m.Step, Millis: now.UnixMilli(), Metrics: m.Metrics, Note: m.Note}, m.HasStep)
	pointsTotal.Inc()
	if percent, ok := m.Metrics["progress"]; ok {
		t.mu.percent, t.mu.untold = percent, true
		t.reportProgress(now)
	}
}

// progressEvery bounds how often an attempt's progress is told.
const progressEvery = time.Second

// reportProgress says how far the attempt is, unless it did so just now: then the next look does. The lock is
// held.
func (t *attempt) reportProgress(now time.Time) {
	if t.mu.untold && now.Sub(t.mu.progress) >= progressEvery {
		t.mu.progress, t.mu.untold = now, false
		t.x.sendMessage(task.Encode(task.Control{Task: t.id, Progress: t.mu.percent}))
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
		e.State, e.End.Exit, e.End.Error = mesosapi.TASK_FAILED, -1, fmt.Sprintf("wait for the process: %v", err)
		e.Message = e.End.Error
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
			e.State, e.Message = mesosapi.TASK_FAILED, "a process of it was killed, though it ended with exit code 0"
		}
		e.Message = fmt.Sprintf("out of memory at the limit of %d MB: %s", e.End.Limit/mb, e.Message)
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
	t.mu.Lock()
	e := outbox.Ending{State: mesosapi.TASK_FAILED, Message: text, End: task.End{
		Exit: -1, Error: text, StartMs: t.begin.UnixMilli(), EndMs: now.UnixMilli(), Killed: t.mu.killed}}
	e.End.Starved = shortage.Of(err)
	if t.mu.killed {
		e.State = mesosapi.TASK_KILLED
	}
	t.close(e)
	t.mu.Unlock()
	t.x.flush(t)
}

// close seals the outbox and stops the timers. The lock is held.
func (t *attempt) close(e outbox.Ending) {
	t.stop()
	for _, timer := range []*time.Timer{t.mu.grace, t.mu.limit, t.mu.send} {
		if timer != nil {
			timer.Stop()
		}
	}
	if t.dir != "" {
		e.End.Sandbox = filepath.Join(t.x.conf.HostSandbox, t.id)
	}
	t.mu.closed = true
	t.mu.out.Drop(t.mu.tooLong)
	if e.End.Unread = t.mu.unread; t.mu.reported { // who prints to both, as progress bars do, has missed nothing
		e.End.Unread = slices.DeleteFunc(e.End.Unread, func(u results.Unread) bool { return u.Why == parse.ReasonStderr })
	}
	t.mu.out.Finish(e)
	tasksTotal(e.State.String()).Inc()
}

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

// stopLine is what a trial finds in its control file when it is asked to end.
var stopLine = []byte(`{"stop": true}`)

func (t *attempt) terminate(grace time.Duration) {
	if grace < 0 {
		if grace = t.order.Grace; grace <= 0 {
			grace = defaultGrace
		}
	}
	p := t.mu.process
	switch {
	case p == nil:
	case grace == 0:
		p.signal(unix.SIGKILL)
	case t.mu.grace != nil:
		t.mu.grace.Reset(grace)
	default:
		// Before the signal, so that who is woken by it finds the line. A trial that cannot be told is
		// signalled all the same.
		if err := t.control(stopLine); err != nil {
			t.x.conf.Log.Warn("message lost", "error", err)
		}
		p.signal(unix.SIGTERM)
		p.signal(unix.SIGCONT) // one that is stopped must wake up to end
		t.mu.grace = time.AfterFunc(grace, crash.Func(t.destroy))
	}
}

func (t *attempt) destroy() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mu.process != nil {
		t.mu.process.signal(unix.SIGKILL)
	}
}

// control appends one message to the trial's control file, as one line.
func (t *attempt) control(body []byte) error {
	var line bytes.Buffer
	if err := json.Compact(&line, body); err != nil {
		return fmt.Errorf("append to control file of %s: not JSON: %w", t.id, err)
	}
	line.WriteByte('\n')
	files := t.files.Load()
	if files == nil {
		return fmt.Errorf("append to control file of %s: it has not begun", t.id)
	}
	f, err := files.Append(controlName, 0o644)
	if err != nil {
		return fmt.Errorf("append to control file of %s: %w", t.id, err)
	}
	defer f.Close()
	if _, err := f.Write(line.Bytes()); err != nil {
		return fmt.Errorf("append to control file of %s: %w", t.id, err)
	}
	return nil
}

// next returns the update to send now, if any, and sets the timer for a later one.
func (t *attempt) next() *outbox.Update {
	t.mu.Lock()
	defer t.mu.Unlock()
	u, wait := t.mu.out.Take(time.Now(), uuid.New)
	if wait > 0 && !t.mu.out.Ended() {
		if t.mu.send == nil {
			t.mu.send = time.AfterFunc(wait, crash.Func(func() { t.x.flush(t) }))
		} else {
			t.mu.send.Reset(wait)
		}
	}
	return u
}
