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
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/proc"
)

// custom is a type of the user's own: a program that speaks JSON, a line each way.
type custom struct{ grace time.Duration }

func (custom) About() Description {
	return Description{Name: "custom", Light: true, Puts: customPuts,
		Text: "A type of your own: a program that speaks JSON lines (docs/workflows.md).", Keys: []Key{
			{Name: "program", Kind: "words", Needed: true, Text: "the program and its words"},
			{Name: "with", Kind: "value", Text: "what it is given"},
		}}
}

const customPuts = `have its program print {"type": "outputs", "outputs": {"NAME": …}}`

// Message is a line either way.
type Message struct {
	// to the program: describe, start, message, cancel; from it: description, progress, milestone, value, outputs,
	// failed
	Type string `json:"type"`

	// of start
	// the same when the step is begun again after a crash; of message that of the message
	ID      string         `json:"id,omitempty"`
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

	Value json.RawMessage `json:"value,omitempty"` // of value, whose name is Name
	Who   string          `json:"who,omitempty"`   // of message: who has sent it
	Body  json.RawMessage `json:"body,omitempty"`  // of message

	// of description
	Name string `json:"name,omitempty"`
	Keys []Key  `json:"keys,omitempty"`
}

const (
	maxLine     = 2 << 20
	customGrace = 10 * time.Second // between cancel and the program's end by force
)

func (t custom) Run(ctx context.Context, c *Call) (Result, error) {
	program, err := c.texts("program")
	if err != nil {
		return Result{}, err
	}
	if len(program) == 0 {
		return Result{}, wrong("program: it is empty, and must not be")
	}
	p, err := startCustom(ctx, filepath.Dir(c.File), program, c.environ())
	var unanswered *proc.UnansweredError
	switch {
	case errors.As(err, &unanswered):
		return Result{}, lost(fmt.Errorf("program: %w", err))
	case err != nil && ctx.Err() != nil:
		return Result{}, context.Cause(ctx)
	case err != nil:
		return Result{}, wrong("program: %w", err)
	}
	defer p.end()
	p.send(Message{Type: "start", ID: c.ID, Run: c.Run, Step: c.Key, Attempt: c.Attempt, With: c.Keys["with"],
		Inputs: c.Inputs})
	var out Result
	var why error
	for {
		messages := c.Messages
		if len(p.said) > 0 { // it has not read what was said before
			messages = nil
		}
		select {
		case m := <-messages:
			p.send(Message{Type: "message", ID: m.ID, Who: m.Who, Body: m.Body})
		case <-p.wrote:
		case m, ok := <-p.lines:
			switch {
			case !ok:
				return out, p.verdict(why)
			case m.Type == "progress":
				c.Progress(Progress{Percent: m.Percent, Text: m.Text})
			case m.Type == "milestone":
				c.Progress(Progress{Text: m.Text, Milestone: true})
			case m.Type == "value" && m.Name != "":
				c.Progress(ValueNamed(m.Name, m.Value))
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
			p.cancel("the step is to end", t.grace)
			return Result{}, ErrStop
		}
	}
}

// Hear implements Hearer: it is a line of the program's input.
func (custom) Hear(ctx context.Context, c *Call, m Sent) error {
	select {
	case c.Messages <- m:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Within implements Hearer.
func (custom) Within() Within { return Whole }

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
	said   chan []byte  // to the program; capacity maxSaid, so that nobody waits for one that does not read
	wrote  chan empty   // told when a line of said is in the program's input; capacity 1
	silent func()       // closes said: the program's input ends behind what was said
	lines  chan Message // capacity 16; the program waits when nobody reads. Closed when it says no more
	done   chan struct{}
	quit   chan struct{} // closed when nobody reads lines any more
	leave  func()        // closes quit
	stdout io.Closer
	err    error // when done is closed
	stderr proc.Said
}

// maxSaid is how many lines wait for a program at most: start, describe or a message, and cancel.
const maxSaid = 2

type empty = struct{}

// customAnswer is how long a program and its folder may take to answer, as on a network's file system.
const customAnswer = 30 * time.Second

// startCustom starts a program in a process group of its own, which ends when kaon does.
func startCustom(ctx context.Context, dir string, words, env []string) (*program, error) {
	if name := words[0]; strings.ContainsRune(name, '/') && !filepath.IsAbs(name) {
		words = append([]string{filepath.Join(dir, name)}, words[1:]...)
	}
	p := &program{
		cmd: exec.Command(words[0], words[1:]...), said: make(chan []byte, maxSaid), wrote: make(chan empty, 1),
		lines: make(chan Message, 16),
		done:  make(chan struct{}), quit: make(chan struct{}), stderr: proc.Said{Most: mostSaidWrong},
	}
	p.silent = sync.OnceFunc(func() { close(p.said) })
	p.leave = sync.OnceFunc(func() { close(p.quit) })
	p.cmd.Dir, p.cmd.Env, p.cmd.Stderr = dir, env, &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.cmd.WaitDelay = time.Second
	if err := proc.Answers(ctx, customAnswer, dir, p.cmd.Path); err != nil {
		return nil, err
	}
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.stdout = stdout
	if err := proc.Start(p.cmd.Start); err != nil {
		return nil, err
	}
	crash.Go(func() { p.read(stdout) })
	crash.Go(func() { p.write(stdin) })
	return p, nil
}

// write hands on what is said. It ends when nothing more is, or with the program.
func (p *program) write(stdin io.WriteCloser) {
	for line := range p.said {
		_, _ = stdin.Write(line) // a program that has ended tells by its code
		select {
		case p.wrote <- empty{}:
		default:
		}
	}
	_ = stdin.Close()
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

// send must not be called after silent, nor when there may be maxSaid lines that were not read.
func (p *program) send(m Message) {
	if data, err := json.Marshal(m); err == nil {
		p.said <- append(data, '\n')
	}
}

// verdict is how the program ended, of which a reason may be known.
func (p *program) verdict(why error) error {
	<-p.done
	if why != nil || p.err == nil {
		return why
	}
	return failed("the program failed: %w%s", p.err, p.told())
}

// cancel asks the program to end, and waits for so long that it does.
func (p *program) cancel(reason string, grace time.Duration) {
	p.send(Message{Type: "cancel", Reason: reason})
	p.silent()
	p.leave()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
	}
}

// end leaves nothing of the program behind.
func (p *program) end() {
	p.silent()
	p.leave()
	select {
	case <-p.done:
		return
	default:
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	timer := time.NewTimer(p.cmd.WaitDelay)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		_ = p.stdout.Close() // a process that has left the group holds it
		<-p.done
	}
}

// mostSaidWrong is how many bytes of the end of what a program writes on standard error are told of.
const mostSaidWrong = 500

// told is what a program has written on standard error, behind a message.
func (p *program) told() string {
	if text := p.stderr.String(); text != "" {
		return ": " + text
	}
	return ""
}

// Describe asks a program for the keys of its type.
func Describe(ctx context.Context, dir string, words []string) (Description, error) {
	p, err := startCustom(ctx, dir, words, os.Environ())
	if err != nil {
		return Description{}, err
	}
	defer p.end()
	p.send(Message{Type: "describe"})
	p.silent()
	for {
		select {
		case m, ok := <-p.lines:
			if !ok {
				return Description{}, fmt.Errorf("%s did not answer {\"type\":\"describe\"} with a line "+
					"{\"type\":\"description\", …}%s", words[0], p.told())
			}
			if m.Type == "description" {
				return Description{Name: m.Name, Text: m.Text, Light: true, Keys: m.Keys}, nil
			}
		case <-ctx.Done():
			return Description{}, ctx.Err()
		}
	}
}
