package kubernetestest

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/proc"
)

// markName is the variable by which all processes of a container are found.
const markName = "KUBERNETESTEST_CONTAINER"

// process is a container that was started: a process of this machine, with its output.
type process struct {
	cmd     *exec.Cmd
	mark    string
	book    *logbook
	stdin   io.WriteCloser // nil where the container has none
	ended   chan struct{}  // closed when it and its output have ended
	started time.Time

	mu struct {
		sync.Mutex
		finished time.Time
		exit     int
		reason   string // set by the test or kubelet: OOMKilled
		inputs   int    // attached streams that feed stdin
		viewers  map[*viewer]bool
		done     bool
	}
}

// viewer is an attached stream: what the process writes from now on is kept for it until it is sent.
type viewer struct {
	mu      sync.Mutex
	frames  []frame
	closed  bool
	changed chan struct{}
}

type frame struct {
	stderr bool
	data   []byte
}

func newViewer() *viewer { return &viewer{changed: make(chan struct{})} }

func (v *viewer) put(f frame) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.frames = append(v.frames, f)
	close(v.changed)
	v.changed = make(chan struct{})
}

func (v *viewer) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	close(v.changed)
	v.changed = make(chan struct{})
}

func (v *viewer) take() (frames []frame, closed bool, changed chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	frames, v.frames = v.frames, nil
	return frames, v.closed, v.changed
}

// start begins a process, which viewers see from its first byte on; tell is called when it has ended.
func start(argv, env []string, folder string, stdin bool, tell func(), viewers ...*viewer) (*process, error) {
	if len(argv) == 0 {
		return nil, errors.New("no command specified")
	}
	p := &process{cmd: exec.Command(argv[0], argv[1:]...), mark: randomHex(12), book: newLogbook(),
		ended: make(chan struct{})}
	p.mu.viewers = map[*viewer]bool{}
	for _, v := range viewers {
		p.mu.viewers[v] = true
	}
	p.cmd.Dir, p.cmd.Env = folder, append(slices.Clone(env), markName+"="+p.mark)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var open, ours []*os.File
	fail := func(err error) (*process, error) {
		for _, f := range append(open, ours...) {
			_ = f.Close()
		}
		return nil, err
	}
	var readers []*os.File
	for range 2 {
		r, w, err := os.Pipe()
		if err != nil {
			return fail(err)
		}
		readers, ours, open = append(readers, r), append(ours, r), append(open, w)
	}
	p.cmd.Stdout, p.cmd.Stderr = open[0], open[1]
	if stdin {
		r, w, err := os.Pipe()
		if err != nil {
			return fail(err)
		}
		open, ours = append(open, r), append(ours, w)
		p.cmd.Stdin, p.stdin = r, w
	}
	p.started = time.Now()
	if err := proc.Start(p.cmd.Start); err != nil {
		return fail(err)
	}
	for _, f := range open {
		_ = f.Close()
	}
	var copying sync.WaitGroup
	for i, r := range readers {
		copying.Add(1)
		crash.Go(func() {
			defer copying.Done()
			defer func() { _ = r.Close() }()
			p.copy(r, i == 1)
		})
	}
	crash.Go(func() { p.wait(&copying, tell) })
	return p, nil
}

func (p *process) copy(r io.Reader, stderr bool) {
	stream := "stdout"
	if stderr {
		stream = "stderr"
	}
	lines := bufio.NewReaderSize(r, lineLimit)
	for {
		line, err := lines.ReadSlice('\n')
		if len(line) > 0 {
			p.book.add(stream, line)
			p.mu.Lock()
			for v := range p.mu.viewers {
				v.put(frame{stderr, slices.Clone(line)})
			}
			p.mu.Unlock()
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

func (p *process) wait(copying *sync.WaitGroup, tell func()) {
	_ = p.cmd.Wait()
	proc.KillAll(proc.KillPatience, p.others)
	copying.Wait()
	p.mu.Lock()
	p.mu.done, p.mu.finished = true, time.Now()
	p.mu.exit = p.cmd.ProcessState.ExitCode()
	if ws, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		p.mu.exit = 128 + int(ws.Signal())
	}
	for v := range p.mu.viewers {
		v.close()
	}
	p.mu.Unlock()
	p.book.close()
	if p.stdin != nil {
		_ = p.stdin.Close()
	}
	close(p.ended)
	tell()
}

// others are all living processes of the container.
func (p *process) others() (all []proc.Stat) {
	for _, s := range proc.All(0) {
		if slices.Contains(proc.Environ(s.PID), markName+"="+p.mark) {
			all = append(all, s)
		}
	}
	return all
}

// signal sends a signal to the first process, as a container runtime does; reason, where there is one, is what its end
// is called.
func (p *process) signal(s syscall.Signal, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mu.done {
		return
	}
	if reason != "" {
		p.mu.reason = reason
	}
	_ = p.cmd.Process.Signal(s)
}

// outcome is how it ended; ok is false while it runs.
func (p *process) outcome() (exit int, reason string, finished time.Time, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	reason = p.mu.reason
	if reason == "" {
		if reason = "Completed"; p.mu.exit != 0 {
			reason = "Error"
		}
	}
	return p.mu.exit, reason, p.mu.finished, p.mu.done
}

// attach begins a view of the output; ok is false when the process has ended.
func (p *process) attach() (v *viewer, detach func(), ok bool) {
	v = newViewer()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mu.done {
		return nil, nil, false
	}
	p.mu.viewers[v] = true
	return v, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.mu.viewers, v)
	}, true
}
