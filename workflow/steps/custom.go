package steps

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/proc"
)

// custom is a type of the user's own: a program that speaks JSON, a line each way.
type custom struct{}

func (custom) About() Description {
	return Description{Name: "custom", Text: "A type of your own: a program that speaks JSON lines (docs/workflows.md).", Light: true, Keys: []Key{
		{Name: "program", Kind: "words", Needed: true, Text: "the program and its words"},
		{Name: "with", Kind: "value", Text: "what it is given"},
	}}
}

// Message is a line either way.
type Message struct {
	Type string `json:"type"` // to the program: describe, start, cancel; from it: description, progress, outputs, failed

	// of start
	ID      string         `json:"id,omitempty"` // the same when the step is begun again after a crash
	Run     string         `json:"run,omitempty"`
	Step    string         `json:"step,omitempty"`
	Attempt int            `json:"attempt,omitempty"`
	With    any            `json:"with,omitempty"`
	Inputs  map[string]any `json:"inputs,omitempty"`

	Reason  string         `json:"reason,omitempty"` // of cancel and failed
	Retry   *bool          `json:"retry,omitempty"`  // of failed: false when trying again is in vain
	Percent *float64       `json:"percent,omitempty"`
	Text    string         `json:"text,omitempty"`
	Outputs map[string]any `json:"outputs,omitempty"`

	// of description
	Name string `json:"name,omitempty"`
	Keys []Key  `json:"keys,omitempty"`
}

const (
	maxLine     = 2 << 20
	customGrace = 10 * time.Second // between cancel and the program's end by force
)

func (custom) Run(ctx context.Context, c *Call) (Result, error) {
	program, err := c.texts("program")
	if err != nil {
		return Result{}, err
	}
	if len(program) == 0 {
		return Result{}, wrong("program: it is empty, and must not be")
	}
	p, err := startCustom(filepath.Dir(c.File), program, c.environ())
	if err != nil {
		return Result{}, wrong("program: %w", err)
	}
	defer p.end()
	p.send(Message{Type: "start", ID: c.ID, Run: c.Run, Step: c.Key, Attempt: c.Attempt, With: c.Keys["with"], Inputs: c.Inputs})
	var out Result
	var why error
	for {
		select {
		case m, ok := <-p.lines:
			switch {
			case !ok:
				return out, p.verdict(why)
			case m.Type == "progress":
				c.Progress(Progress{Percent: m.Percent, Text: m.Text})
			case m.Type == "outputs":
				out.Outputs, _ = Numbers(any(m.Outputs)).(map[string]any)
			case m.Type == "failed":
				why = failed("%w", errorText(m.Reason))
				if m.Retry != nil && !*m.Retry {
					why = wrong("%w", errorText(m.Reason))
				}
			}
		case <-ctx.Done():
			if !errors.Is(context.Cause(ctx), ErrStop) {
				return Result{}, context.Cause(ctx)
			}
			p.cancel("the step is to end")
			return Result{}, ErrStop
		}
	}
}

// environ is what the program sees.
func (c *Call) environ() []string {
	env := os.Environ()
	for name, value := range c.Env {
		env = append(env, name+"="+value)
	}
	return env
}

// program is one that runs.
type program struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  chan Message // capacity 16; the program waits when nobody reads. Closed when it says no more
	done   chan struct{}
	quit   chan struct{} // nobody reads any more
	err    error         // when done is closed
	stderr *lastBytes
}

// startCustom starts a program in a process group of its own, which ends when kaon does.
func startCustom(dir string, words, env []string) (*program, error) {
	if name := words[0]; strings.ContainsRune(name, '/') && !filepath.IsAbs(name) {
		words = append([]string{filepath.Join(dir, name)}, words[1:]...)
	}
	p := &program{
		cmd: exec.Command(words[0], words[1:]...), lines: make(chan Message, 16), done: make(chan struct{}), quit: make(chan struct{}), stderr: &lastBytes{},
	}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stderr = dir, env, p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.cmd.WaitDelay = time.Second
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.stdin = stdin
	if err := proc.Start(p.cmd.Start); err != nil {
		return nil, err
	}
	crash.Go(func() { p.read(stdout) })
	return p, nil
}

// read takes the program's lines until it says no more.
func (p *program) read(stdout io.Reader) {
	defer close(p.done)
	defer close(p.lines)
	in := bufio.NewScanner(stdout)
	in.Buffer(nil, maxLine)
	for in.Scan() {
		var m Message
		dec := json.NewDecoder(strings.NewReader(in.Text()))
		dec.UseNumber()
		if dec.Decode(&m) != nil || m.Type == "" {
			m = Message{Type: "progress", Text: in.Text()}
		}
		select {
		case p.lines <- m:
		case <-p.quit:
		}
	}
	if in.Err() != nil {
		_, _ = io.Copy(io.Discard, stdout) // it must not wait for a reader
	}
	p.err = errors.Join(in.Err(), p.cmd.Wait())
}

func (p *program) send(m Message) {
	data, err := json.Marshal(m)
	if err == nil {
		_, _ = p.stdin.Write(append(data, '\n')) // a program that has ended tells by its code
	}
}

// verdict is how the program ended, of which a reason may be known.
func (p *program) verdict(why error) error {
	<-p.done
	if why != nil || p.err == nil {
		return why
	}
	return failed("the program failed: %w%s", p.err, p.stderr)
}

// cancel asks the program to end, and makes it when it does not.
func (p *program) cancel(reason string) {
	p.send(Message{Type: "cancel", Reason: reason})
	_ = p.stdin.Close()
	timer := time.NewTimer(customGrace)
	defer timer.Stop()
	close(p.quit)
	select {
	case <-p.done:
	case <-timer.C:
	}
	p.quit = nil
}

// end leaves nothing of the program behind.
func (p *program) end() {
	_ = p.stdin.Close()
	select {
	case <-p.done:
		return
	default:
	}
	if p.quit != nil {
		close(p.quit)
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// lastBytes keeps the end of what is written to it.
type lastBytes struct{ b []byte }

func (l *lastBytes) Write(data []byte) (int, error) {
	const most = 500
	l.b = append(l.b, data...)
	if over := len(l.b) - most; over > 0 {
		l.b = slices.Delete(l.b, 0, over)
	}
	return len(data), nil
}

func (l *lastBytes) String() string {
	if text := strings.TrimSpace(string(l.b)); text != "" {
		return ": " + text
	}
	return ""
}

// Describe asks a program for the keys of its type.
func Describe(ctx context.Context, dir string, words []string) (Description, error) {
	p, err := startCustom(dir, words, os.Environ())
	if err != nil {
		return Description{}, err
	}
	defer p.end()
	p.send(Message{Type: "describe"})
	_ = p.stdin.Close()
	for {
		select {
		case m, ok := <-p.lines:
			if !ok {
				return Description{}, fmt.Errorf("%s did not answer {\"type\":\"describe\"} with a line {\"type\":\"description\", …}%s", words[0], p.stderr)
			}
			if m.Type == "description" {
				return Description{Name: m.Name, Text: m.Text, Light: true, Keys: m.Keys}, nil
			}
		case <-ctx.Done():
			return Description{}, ctx.Err()
		}
	}
}
