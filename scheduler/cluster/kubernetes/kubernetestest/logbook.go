package kubernetestest

import (
	"bytes"
	"sync"
	"time"
)

// lineLimit is where a container runtime cuts a line into parts.
const lineLimit = 16 << 10

// logbook is a container's log: parts of lines with their time, as the CRI writes them.
type logbook struct {
	mu      sync.Mutex
	entries []logEntry
	dropped int // entries that a rotation took away, before the first
	closed  bool
	changed chan struct{}
}

type logEntry struct {
	at     time.Time
	stream string
	data   []byte // with its line end, where it has one
}

func newLogbook() *logbook { return &logbook{changed: make(chan struct{})} }

func (l *logbook) signal() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// add keeps a line, or a part of one.
func (l *logbook) add(stream string, data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, logEntry{time.Now(), stream, bytes.Clone(data)})
	l.signal()
}

// close says that nothing more comes.
func (l *logbook) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.closed = true
		l.signal()
	}
}

// rotate takes away all that there is, as a kubelet does with old files of a log that grew too long.
func (l *logbook) rotate() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropped += len(l.entries)
	l.entries = nil
	l.signal()
}

// from is the entries from a position on, the position after them, whether the log is closed, and what is closed when
// there are more.
func (l *logbook) from(position int) (entries []logEntry, next int, closed bool, changed chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := min(max(0, position-l.dropped), len(l.entries))
	return l.entries[i:len(l.entries):len(l.entries)], l.dropped + len(l.entries), l.closed, l.changed
}

// tail is the last lines of the log, at most so many bytes.
func (l *logbook) tail(lines, limit int) string {
	entries, _, _, _ := l.from(0)
	var text []byte
	for _, e := range lastLines(entries, lines) {
		text = append(text, e.data...)
	}
	return string(text[max(0, len(text)-limit):])
}

// lastLines are the entries of the last lines.
func lastLines(entries []logEntry, lines int) []logEntry {
	for i := len(entries) - 1; i >= 0; i-- {
		if bytes.HasSuffix(entries[i].data, []byte("\n")) || i == len(entries)-1 {
			if lines--; lines < 0 {
				return entries[i+1:]
			}
		}
	}
	return entries
}
