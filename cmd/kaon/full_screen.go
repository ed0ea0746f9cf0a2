package main

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// fullScreen is a terminal that is drawn on as a whole and sends keys one by one. But for leave, one goroutine uses it.
type fullScreen struct {
	in, out *os.File
	colours bool
	sent    chan []byte    // what keys sent; closed when no more comes
	resized chan os.Signal // the window's size has changed
	shown   []string       // lines as they stand on it
	width   int
	height  int
	leave   func() // gives the terminal back as it was
}

// canFill tells whether a program may take the whole screen and its keys: a job in the background would be stopped for
// it.
func canFill(out *output) bool {
	kind, keys := os.Getenv("TERM"), int(os.Stdin.Fd())
	if !onTerminal(out.stdout) || !term.IsTerminal(keys) || kind == "" || kind == "dumb" {
		return false
	}
	front, err := unix.IoctlGetInt(keys, unix.TIOCGPGRP)
	return err == nil && front == unix.Getpgrp()
}

const (
	takeScreen = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J" // another screen, no cursor, and lines that do not wrap
	giveScreen = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
)

// takeFullScreen takes the terminal.
func takeFullScreen(out *output) (*fullScreen, error) {
	s := &fullScreen{
		in: os.Stdin, out: fileOf(out.stdout), colours: painterFor(out.stdout).on,
		sent: make(chan []byte), resized: make(chan os.Signal, 1),
	}
	before, err := term.MakeRaw(int(s.in.Fd()))
	if err != nil {
		return nil, err
	}
	s.leave = sync.OnceFunc(func() {
		signal.Stop(s.resized)
		taken.Store(nil)
		_, _ = s.out.WriteString(giveScreen) // a terminal that is gone has no reader to tell
		_ = term.Restore(int(s.in.Fd()), before)
	})
	taken.Store(&s.leave)
	signal.Notify(s.resized, syscall.SIGWINCH)
	_, _ = s.out.WriteString(takeScreen)
	s.measure()
	crash.Go(s.read)
	return s, nil
}

// read hands on what keys send. It ends with the process, or the terminal.
func (s *fullScreen) read() {
	defer close(s.sent)
	for {
		chunk := make([]byte, 256)
		n, err := s.in.Read(chunk)
		if n > 0 {
			s.sent <- chunk[:n]
		}
		if err != nil {
			return
		}
	}
}

// escapeWait is how long the rest of a key's sequence may take; an escape alone is the key.
const escapeWait = 50 * time.Millisecond

// measure takes the window as it is now, and has all of it drawn anew.
func (s *fullScreen) measure() {
	width, height, err := term.GetSize(int(s.out.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		width, height = usualWidth, 24
	}
	s.width, s.height, s.shown = width, height, nil
}

// moveTo has what follows stand at the start of a row.
func moveTo(row int) string { return fmt.Sprintf("\x1b[%d;1H", row+1) }

// draw shows lines: those that are not as they were are written, in one write.
func (s *fullScreen) draw(lines []textLine) {
	var b strings.Builder
	if s.shown == nil {
		b.WriteString("\x1b[0m\x1b[2J")
		s.shown = make([]string, s.height)
	}
	for row := range s.height {
		text := ""
		if row < len(lines) {
			text = lines[row].painted(s.width, s.colours)
		}
		if text != s.shown[row] {
			s.shown[row] = text
			// erased behind it, a line that fills the row would lose its end
			b.WriteString(moveTo(row) + "\x1b[K" + text)
		}
	}
	if b.Len() > 0 {
		_, _ = s.out.WriteString(b.String()) // a terminal that is gone closes sent
	}
}
