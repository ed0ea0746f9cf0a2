package main

import "github.com/kaon-sweep/kaon/server"

// linesKept is how many lines wait for whoever shows them; a line that finds so many is dropped, counts
// stay true.
const linesKept = 256

// notices keeps what a server tells until a display shows it. What must be known before there is a display
// is shown at once.
type notices struct {
	lines chan string // capacity linesKept
	now   func(line string)
}

func newNotices(now func(line string)) *notices {
	return &notices{lines: make(chan string, linesKept), now: now}
}

// hear takes a notice of the server; it never blocks.
func (n *notices) hear(notice server.Notice) {
	if notice.Kind == server.Connecting {
		n.now(notice.Text)
		return
	}
	n.add(notice.Text)
}

func (n *notices) add(line string) {
	select {
	case n.lines <- line:
	default:
	}
}

// drain shows what waits.
func (n *notices) drain(say func(string)) {
	for {
		select {
		case line := <-n.lines:
			say(line)
		default:
			return
		}
	}
}
