package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/term"
)

// output is where commands print: results to stdout, everything about the work to stderr. In the program both are printable.
type output struct{ stdout, stderr io.Writer }

// checked remembers the first error of a file, so that output which nobody got is not taken for success. Any goroutine
// may write.
type checked struct {
	file *os.File

	mu struct {
		sync.Mutex
		err    error
		unread func() // called when nobody reads any more; nil: nobody wants to know
	}
}

func (c *checked) Write(p []byte) (int, error) {
	n, err := c.file.Write(p)
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.mu.err == nil {
			c.mu.err = err
		}
		if errors.Is(err, syscall.EPIPE) && c.mu.unread != nil {
			c.mu.unread()
		}
	}
	return n, err
}

// failed is the first error. That nobody reads any more is none for a command that wants to know of it: what it did is not its
// output, and its exit code tells how that went.
func (c *checked) failed() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.unread != nil && errors.Is(c.mu.err, syscall.EPIPE) {
		return nil
	}
	return c.mu.err
}

// whileRead is for commands that do more than print: its context ends when nobody reads their output any more, as in
// `kaon run … | head`, instead of the process as it stands. The caller must call stop.
func (o *output) whileRead(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	unread := make(chan os.Signal, 1) // nobody receives: that it is delivered is enough for the write to fail
	signal.Notify(unread, syscall.SIGPIPE)
	for _, w := range []io.Writer{o.stdout, o.stderr} {
		if c := checkedOf(w); c != nil {
			c.mu.Lock()
			c.mu.unread = cancel
			c.mu.Unlock()
		}
	}
	return ctx, func() { signal.Stop(unread); cancel() }
}

// checkedOf is the file behind a writer, nil when it is none.
func checkedOf(w io.Writer) *checked {
	switch w := w.(type) {
	case *checked:
		return w
	case *printable:
		return w.to
	}
	return nil
}

// fileOf is the file that a writer writes to; nil when it is none.
func fileOf(w io.Writer) *os.File {
	if c := checkedOf(w); c != nil {
		return c.file
	}
	file, _ := w.(*os.File)
	return file
}

func onTerminal(w io.Writer) bool {
	file := fileOf(w)
	return file != nil && term.IsTerminal(int(file.Fd()))
}
