package parse

import (
	"bytes"
	"fmt"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/executor/mask"
)

// Why a line was not read for metrics, as results.Unread says it.
const (
	ReasonNone   = ""
	ReasonShape  = "looked like metrics and were not read"
	ReasonUTF16  = "looked like UTF-16 and were not read (write UTF-8)"
	ReasonStderr = "on standard error looked like metrics and were not read" +
		" (standard output and $KAON_METRICS are)"
	ReasonEvents = "were event files of TensorBoard that are damaged, and read up to there"
	ReasonNested = "were metrics of further nested runs of MLflow, and not read"
	ReasonCut    = "were cut by the end of the attempt and not read"
)

// ReasonNotes is the reason of notes beyond the bound of an attempt.
var ReasonNotes = fmt.Sprintf("had milestones or artifacts beyond the %d that are kept of an attempt",
	results.MaxNotes)

// ReasonBounds is the reason of a line beyond the bounds of a line.
var ReasonBounds = fmt.Sprintf("had more than %d metrics, a name of more than %d bytes,"+
	" objects within more than %d others, or a note beyond its bounds, and were not read",
	maxMetrics, maxName, maxDepth)

// ReasonLong is the reason of a line that was longer than most bytes.
func ReasonLong(most int) string {
	return fmt.Sprintf("were longer than %d bytes and not read for metrics", most)
}

const (
	unreadFirst = 200     // bytes of a line that are told
	unreadKept  = 4 << 10 // bytes of it that are looked at for that
)

// Unread counts the lines of an attempt that were passed over, by why, in the order they came up.
type Unread []results.Unread

// Add counts a line. It is masked already, but for secrets that are cut by its end; hide is for those.
func (u *Unread) Add(why string, line []byte, hide *mask.Secrets) {
	for i := range *u {
		if (*u)[i].Why == why {
			(*u)[i].Lines++
			return
		}
	}
	line = Unescaped(bytes.TrimSpace(line[:min(len(line), unreadKept)]))
	if hide != nil {
		line, _ = hide.Scan(nil, line, len(line) < unreadKept)
	}
	first := Clip(hide.MaskEscaped(mask.Readable(string(line))), unreadFirst)
	*u = append(*u, results.Unread{Lines: 1, Why: why, First: first})
}

// WhyUnread tells why a line of the metrics file, where all is meant to be metrics, says nothing.
func WhyUnread(line []byte) string {
	switch line = bytes.TrimSpace(line); {
	case len(line) == 0:
		return ReasonNone
	case wide(line):
		return ReasonUTF16
	}
	if _, err := flatten(line); err == nil {
		return ReasonNone
	}
	return ReasonShape
}

// Whole tells whether a line without an end is all that was to be in it.
func Whole(line []byte) bool {
	_, err := flatten(bytes.TrimSpace(Unescaped(line)))
	return err == nil
}

// wide tells text of two bytes a character from bytes: every other one is NUL.
func wide(line []byte) bool {
	return len(line) >= 4 && bytes.Count(line, []byte{0}) >= len(line)/2-1
}
