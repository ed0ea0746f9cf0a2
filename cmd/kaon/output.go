package main

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/term"
)

// output is where commands print: results to stdout, everything about the work to stderr. In the program both are
// printable.
type output struct{ stdout, stderr io.Writer }

// checked remembers the first error of a file, so that output which nobody got is not taken for success. Any goroutine
// may write.
type checked struct {
	file *os.File

	mu struct {
		sync.Mutex
		err    error
		unread bool // that nobody reads any more is no error
	}
}

func (c *checked) Write(p []byte) (int, error) {
	n, err := c.file.Write(p)
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.mu.unread && errors.Is(err, syscall.EPIPE) {
			return len(p), nil
		}
		if c.mu.err == nil {
			c.mu.err = err
		}
	}
	return n, err
}

// failed is the first error.
func (c *checked) failed() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.err
}

// evenUnread is for commands whose work is not their output: they go on when nobody reads it any more, as in
// `kaon run … | head`, and their exit code tells how that went.
func (o *output) evenUnread() {
	unread := make(chan os.Signal, 1) // nobody receives: that it is delivered is enough for the write to fail
	signal.Notify(unread, syscall.SIGPIPE)
	for _, w := range []io.Writer{o.stdout, o.stderr} {
		if c := checkedOf(w); c != nil {
			c.mu.Lock()
			c.mu.unread = true
			c.mu.Unlock()
		}
	}
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
