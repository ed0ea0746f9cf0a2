package stdio

import (
	"bytes"
	"io"
	"net/http"
)

// maxReplayed bounds the bodies of a log that are put together at a time, and one of them.
const maxReplayed = 64 << 20

// Replay reads a process's log and gives every request that is complete in it to each, in the order in which they
// ended. A body of more than 64 MiB is left out, as are requests whose beginning the log no longer has. It ends with
// the log, or with the error of reading it.
func Replay(log io.Reader, each func(*http.Request)) error {
	type key struct {
		session string
		stream  uint64
	}
	type partial struct{ head, body []byte }
	open_, size := map[key]*partial{}, 0
	forget := func(k key) {
		if p := open_[k]; p != nil {
			size -= len(p.head) + len(p.body)
			delete(open_, k)
		}
	}
	for frames := newReader(log); ; {
		f, err := frames.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		k := key{f.session, f.stream}
		p := open_[k]
		switch {
		case f.kind == open && p == nil && len(open_) < maxStreams*maxStreams:
			open_[k] = &partial{head: f.body}
			size += len(f.body)
		case f.kind == data && p != nil && size+len(f.body) <= maxReplayed:
			p.body = append(p.body, f.body...)
			size += len(f.body)
		case f.kind == data, f.kind == drop:
			forget(k)
		case f.kind == end && p != nil:
			forget(k)
			if req, err := parseHead(p.head); err == nil {
				req.Body = io.NopCloser(bytes.NewReader(p.body))
				req.ContentLength = int64(len(p.body))
				each(req)
			}
		}
	}
}
