package executor

import (
	"bytes"
	"fmt"

	"github.com/kaon-sweep/kaon/results"
)

// Why a line was not read for metrics, as results.Unread says it.
const (
	missNone   = ""
	missShape  = "looked like metrics and were not read"
	missUTF16  = "looked like UTF-16 and were not read (write UTF-8)"
	missStderr = "on standard error looked like metrics and were not read (standard output and $KAON_METRICS are)"
	missCut    = "were cut by the end of the attempt and not read"
)

var missNotes = fmt.Sprintf("had milestones or artifacts beyond the %d that are kept of an attempt", results.MaxNotes)

var missBounds = fmt.Sprintf("had more than %d metrics, a name of more than %d bytes, objects within more than %d others, or a note beyond its bounds,"+
	" and were not read", maxMetrics, maxName, maxDepth)

func missLong(most int) string {
	return fmt.Sprintf("were longer than %d bytes and not read for metrics", most)
}

const (
	unreadFirst = 200 // bytes of a line that are told
	unreadKept  = 4 << 10
)

// unread counts the lines of an attempt that were passed over, by why, in the order they came up.
type unread []results.Unread

// add counts a line. It is masked already, but for secrets that are cut by its end; hide is for those.
func (u *unread) add(why string, line []byte, hide *secrets) {
	for i := range *u {
		if (*u)[i].Why == why {
			(*u)[i].Lines++
			return
		}
	}
	line = unescaped(bytes.TrimSpace(line[:min(len(line), unreadKept)]))
	if hide != nil {
		line, _ = hide.scan(nil, line, len(line) < unreadKept)
	}
	*u = append(*u, results.Unread{Lines: 1, Why: why, First: clip(hide.maskEscaped(readable(string(line))), unreadFirst)})
}

// stray tells why a line of the metrics file, where all is meant to be metrics, says nothing.
func stray(line []byte) string {
	switch line = bytes.TrimSpace(line); {
	case len(line) == 0:
		return missNone
	case wide(line):
		return missUTF16
	}
	if _, err := flatten(line); err == nil {
		return missNone
	}
	return missShape
}

// collector is the task's, which never changes.
func (t *attempt) collector() *collector {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.mu.collect
}

// hintAt looks at a line of standard error, which is not read for metrics, for what would have been one on standard output.
func (t *attempt) hintAt(c *collector, line []byte) {
	line = unescaped(line)
	m, ok, missed := c.line(line, t.hide)
	if missed == missNone && (!ok || !c.watches(m.metrics)) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.unread.add(missStderr, line, t.hide)
}

// whole tells whether a line without an end is all that was to be in it.
func whole(line []byte) bool {
	_, err := flatten(bytes.TrimSpace(unescaped(line)))
	return err == nil
}

// wide tells text of two bytes a character from bytes: every other one is NUL.
func wide(line []byte) bool {
	return len(line) >= 4 && bytes.Count(line, []byte{0}) >= len(line)/2-1
}
