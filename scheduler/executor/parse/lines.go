package parse

import (
	"bytes"
	"unicode/utf8"
)

// Lines cuts a stream into lines. A carriage return ends a line too: progress bars end theirs by it. Lines
// longer than Max are passed over, so memory stays bounded whatever comes.
type Lines struct {
	Max      int
	Long     func(begin []byte) // is told of each that was too long; nil: nobody
	rest     []byte             // begun, not ended
	skipping bool               // inside a line that was too long
	begin    []byte             // of that line
}

// Feed gives every line that ends in chunk to emit, without its end. The line is valid during the call.
func (l *Lines) Feed(chunk []byte, emit func([]byte)) {
	newline := -1 // where the next '\n' is; looked for once per '\n', however many '\r' come before it
	for at := 0; at < len(chunk); {
		if newline < at {
			if newline = bytes.IndexByte(chunk[at:], '\n'); newline < 0 {
				newline = len(chunk)
			} else {
				newline += at
			}
		}
		end := newline
		if i := bytes.IndexByte(chunk[at:newline], '\r'); i >= 0 {
			end = at + i
		}
		if end == len(chunk) {
			l.keep(chunk[at:])
			return
		}
		l.line(chunk[at:end], emit)
		at = end + 1
	}
}

func (l *Lines) line(part []byte, emit func([]byte)) {
	switch {
	case l.skipping:
		l.tell()
	case len(l.rest)+len(part) > l.Max:
		l.start(part)
		l.tell()
	case len(l.rest) > 0:
		l.rest = append(l.rest, part...)
		emit(l.rest)
	case len(part) > 0:
		emit(part)
	}
	l.rest = l.rest[:0]
}

func (l *Lines) keep(part []byte) {
	switch {
	case l.skipping:
		return
	case len(l.rest)+len(part) > l.Max:
		l.start(part)
		return
	}
	l.rest = append(l.rest, part...)
}

// start begins to pass over a line that has become too long by part.
func (l *Lines) start(part []byte) {
	if l.skipping = true; l.Long != nil {
		l.begin = append(l.begin, l.rest[:min(len(l.rest), unreadKept)]...)
		l.begin = append(l.begin, part[:min(len(part), unreadKept-len(l.begin))]...)
	}
	l.rest = nil
}

// tell ends a line that was too long.
func (l *Lines) tell() {
	if l.Long != nil {
		l.Long(l.begin)
	}
	l.skipping, l.begin = false, nil
}

// drop forgets a line that was begun.
func (l *Lines) drop() { l.rest, l.begin, l.skipping = nil, nil, false }

// Flush gives the last line when the stream ended without ending it.
func (l *Lines) Flush(emit func([]byte)) {
	if len(l.rest) > 0 && !l.skipping {
		emit(l.rest)
	}
	if l.skipping {
		l.tell()
	}
	l.drop()
}

// Clip cuts s to at most n bytes between runes.
func Clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
