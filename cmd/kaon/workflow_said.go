package main

import (
	"fmt"
	"io"
	"maps"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
)

// printValues prints what steps have named while they ran.
func printValues(w io.Writer, messages []api.StepMessage) {
	for _, m := range messages {
		if m.Name != "" {
			fmt.Fprintf(w, "%s: %s\n", m.Step, shorten(clean(oneLineText(m.Text)), longestCell))
		}
	}
}

// talkLines are the messages that were not shown yet. Their times are of several clocks, the executors' too, and those
// that come later may be of an earlier time: as far as lookBack behind the newest they are new.
type talkLines struct {
	newest int64 // time of one that was shown, and not of the future
	shown  map[talkLine]bool
}

// talkLine is a message.
type talkLine struct {
	at       int64
	id, line string
}

const lookBack = time.Minute

// from is the time from which on messages may be new.
func (t *talkLines) from() int64 { return max(t.newest-lookBack.Milliseconds(), 0) }

// next are the lines of those messages that are new, but of how far steps are.
func (t *talkLines) next(messages []api.StepMessage) (lines []string) {
	if t.shown == nil {
		t.shown = map[talkLine]bool{}
	}
	from, now := t.from(), time.Now().UnixMilli()
	for _, m := range messages {
		x := talkLine{m.At, m.ID, m.Step + ": " + clean(oneLineText(m.Text))}
		if m.Percent != nil || m.At < from || t.shown[x] {
			continue
		}
		t.shown[x] = true
		t.newest = max(t.newest, min(m.At, now))
		lines = append(lines, x.line)
	}
	from = t.from()
	maps.DeleteFunc(t.shown, func(x talkLine, _ bool) bool { return x.at < from })
	return lines
}
