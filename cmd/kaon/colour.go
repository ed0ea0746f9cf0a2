package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// painter writes texts in the colours of states, where they can be seen.
type painter struct {
	w  io.Writer // what is written here must be clean
	on bool
}

// painterFor paints on a terminal that shows colours, unless NO_COLOR is set.
func painterFor(w io.Writer) painter {
	kind := os.Getenv("TERM")
	return painter{w: trusted(w), on: onTerminal(w) && os.Getenv("NO_COLOR") == "" && kind != "" && kind != "dumb"}
}

// stateColours are what states look like: by number in the palette of 256 colours, and in that of 16 for terminals that
// have no more. Those of the larger are as far from black as from white, so that they can be read on either.
var stateColours = map[string][2]string{
	sweep.Succeeded.String(): {"38;5;28", "32"}, sweep.Cached.String(): {"38;5;28", "32"}, // green
	sweep.Failed.String():  {"38;5;160", "31"},                                            // red
	sweep.Running.String(): {"38;5;31", "36"}, sweep.Launched.String(): {"38;5;31", "36"}, // blue
	// brown
	sweep.Stopped.String(): {"38;5;130", "35"}, "interrupted": {"38;5;130", "35"}, "paused": {"38;5;130", "35"},
	string(sweep.AttemptLost): {"38;5;130", "35"}, string(sweep.AttemptPreempted): {"38;5;130", "35"},
	sweep.Waiting.String(): {"38;5;243", "39"}, // grey
}

// state is a text in the colour of a state.
func (p painter) state(state, text string) string {
	code := stateCode(state)
	if !p.on || code == "" || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// stateCode is the colour of a state on this terminal; empty: it has none.
func stateCode(state string) string {
	many := 1
	if strings.Contains(os.Getenv("TERM"), "256color") || os.Getenv("COLORTERM") != "" {
		many = 0
	}
	return stateColours[state][many]
}

// line writes a line whose beginning or middle is a state: what it says besides is made clean.
func (p painter) line(before, state, after string) {
	fmt.Fprintln(p.w, clean(before)+p.state(state, clean(state))+clean(after))
}
