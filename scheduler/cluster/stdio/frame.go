package stdio

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

// kind says what a frame carries.
type kind string

const (
	hello kind = "hello" // to the process: a session begins
	ready kind = "ready" // from the process: it listens, and has no session yet
	open  kind = "open"  // a request's line and header
	head  kind = "head"  // an answer's line and header
	data  kind = "data"  // a part of a body
	end   kind = "end"   // a body is complete
	drop  kind = "drop"  // a stream is broken; with the reason
	got   kind = "got"   // so many bytes of a body were read
	ping  kind = "ping"  // to the process: the session stands
)

// frame is one line: kaon SESSION STREAM KIND [BASE64].
type frame struct {
	session string
	stream  uint64
	kind    kind
	body    []byte
}

const (
	mark = "kaon"
	// chunk is how much of a body a frame carries: a line of a container's log is kept in pieces of 16 KiB anyway.
	chunk = 24 << 10
	// maxLine bounds a line that is read: of a frame none is longer.
	maxLine = 128 << 10
	// window is the credit of one body.
	window = 256 << 10
	// maxHead bounds the header of a request or an answer.
	maxHead = 64 << 10
	// maxStreams bounds the requests of one session that are under way.
	maxStreams = 64

	pingEvery = 10 * time.Second
	// silence is how long a process hears nothing before it takes whoever was attached for gone: an attachment that is
	// cut leaves its standard input open.
	silence = time.Minute
	// patience is how long a request waits for somebody to attach.
	patience = 15 * time.Second
)

// append writes the frame as a line. It begins with a line's end when something else may have been written before it
// without one.
func (f *frame) append(b []byte) []byte {
	session := f.session
	if session == "" {
		session = "-"
	}
	b = fmt.Appendf(b, "%s %s %d %s", mark, session, f.stream, f.kind)
	if len(f.body) > 0 {
		b = append(b, ' ')
		b = base64.StdEncoding.AppendEncode(b, f.body)
	}
	return append(b, '\n')
}

// parse reads a line; ok is false for what is no frame.
func parse(line []byte) (f frame, ok bool) {
	parts := bytes.Split(bytes.TrimRight(line, "\r\n"), []byte(" "))
	if len(parts) < 4 || len(parts) > 5 || string(parts[0]) != mark {
		return f, false
	}
	f.session, f.kind = string(parts[1]), kind(parts[3])
	var err error
	if f.stream, err = strconv.ParseUint(string(parts[2]), 10, 64); err != nil {
		return f, false
	}
	switch f.kind {
	case hello, ready, open, head, data, end, drop, got, ping:
	default:
		return f, false
	}
	if len(parts) == 5 {
		if f.body, err = base64.StdEncoding.AppendDecode(nil, parts[4]); err != nil {
			return f, false
		}
	}
	return f, true
}

// reader reads frames, and passes over everything else.
type reader struct{ in *bufio.Reader }

func newReader(r io.Reader) *reader { return &reader{bufio.NewReaderSize(r, maxLine)} }

// next is the next frame. A line that was cut is none, as is one that is too long.
func (r *reader) next() (frame, error) {
	for long := false; ; {
		line, err := r.in.ReadSlice('\n')
		switch {
		case err == bufio.ErrBufferFull:
			long = true
			continue
		case err != nil:
			return frame{}, err
		case long:
			long = false
			continue
		}
		if at := bytes.Index(line, []byte(mark+" ")); at > 0 { // behind half a line of another
			line = line[at:]
		}
		if f, ok := parse(line); ok {
			return f, nil
		}
	}
}

// writer writes frames, each at once and as a whole.
type writer struct {
	mu  sync.Mutex
	out io.Writer
	buf []byte
}

func (w *writer) write(f frame) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf = f.append(w.buf[:0])
	_, err := w.out.Write(w.buf)
	return err
}

// Listening reports whether a log shows that its process has begun to listen, and so has all that it was given before.
func Listening(log io.Reader) bool {
	for r := newReader(log); ; {
		f, err := r.next()
		if err != nil {
			return false
		}
		// those are of the other end; and a log that was rotated may begin with any other
		if f.kind != hello && f.kind != ping {
			return true
		}
	}
}

func number(b []byte) int {
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || n < 0 || n > window {
		return 0
	}
	return n
}
