package sampler

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/proc"
)

// maxLine bounds one answer in bytes: a thousand points of a kilobyte.
const maxLine = 1 << 20

// passedOn are the variables that the program gets of ours: what it takes to find an interpreter and its libraries.
// Credentials are none of its business.
var passedOn = []string{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR",
	"VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH"}

// mostTail is how many bytes of the end of what it writes on standard error are kept.
const mostTail = 2000

// process is the program while it runs.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	lines  chan line // capacity 1: one answer to one request
	stderr proc.Said
	over   sync.Once
	gone   chan struct{} // closed when it has ended, and what it wrote was read
}

type line struct {
	text []byte
	err  error
}

// answersIn is how long the program and its folder may take to answer, as on a network's file system.
const answersIn = 30 * time.Second

func start(command []string, folder string) (*process, error) {
	p := &process{cmd: exec.Command(command[0], command[1:]...), lines: make(chan line, 1),
		stderr: proc.Said{Most: mostTail},
		gone:   make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = folder, environment()
	p.cmd.Stderr = &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = time.Second // a child of it may hold standard error
	if err := proc.Answers(context.Background(), answersIn, folder, p.cmd.Path); err != nil {
		return nil, err
	}
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	crash.Go(func() { p.read(out) })
	return p, nil
}

// environment is what the program sees of ours, and that nothing it prints waits in a buffer.
func environment() []string {
	env := []string{"PYTHONUNBUFFERED=1"}
	for _, name := range passedOn {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// read hands on what the program says, until it says no more.
func (p *process) read(out io.Reader) {
	defer close(p.gone)
	r := bufio.NewReaderSize(out, maxLine+1)
	for {
		text, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			p.lines <- line{err: fmt.Errorf("it answered with more than %d bytes in one line", maxLine)}
			_, _ = io.Copy(io.Discard, r) // or it would wait for us for ever
			break
		}
		if err != nil {
			break
		}
		if len(bytes.TrimSpace(text)) > 0 {
			p.lines <- line{text: bytes.Clone(text)}
		}
	}
	_ = p.cmd.Wait() // its code is read from ProcessState
	close(p.lines)
}

// exchange sends one line and waits for the answer.
func (p *process) exchange(message any, patience time.Duration) ([]byte, error) {
	text, err := json.Marshal(message)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	sent := make(chan error, 1)
	crash.Go(func() { // ends with the pipe: Close breaks it
		_, err := p.in.Write(append(text, '\n'))
		sent <- err
	})
	select {
	case l, ok := <-p.lines:
		if !ok {
			return nil, p.ended()
		}
		return l.text, l.err
	case <-timer.C:
		return nil, fmt.Errorf("it has not answered within %v (method.timeout)", patience)
	}
}

// ended is how the program ended.
func (p *process) ended() error {
	<-p.gone
	return fmt.Errorf("it ended: %v", p.cmd.ProcessState)
}

// close ends the program: it sees the end of its input, and has a moment.
func (p *process) close() { p.over.Do(p.kill) }

func (p *process) kill() {
	const grace = 500 * time.Millisecond
	_ = p.in.Close()
	crash.Go(func() { // what it still says
		for range p.lines {
		}
	})
	select {
	case <-p.gone:
	case <-time.After(grace):
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // and what it left
	<-p.gone
}
