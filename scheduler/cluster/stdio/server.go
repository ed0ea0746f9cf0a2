package stdio

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// Serve opens a session with the process whose output is out and whose input is in, and gives its requests to a handler
// until out ends, in cannot be written, or ctx ends. All handlers have returned when it does. Neither is closed.
func Serve(ctx context.Context, session string, out io.Reader, in io.Writer, h http.Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	s := &server{ctx: ctx, session: session, in: writer{out: in}, handler: h, cancel: cancel}
	s.mu.streams = map[uint64]*served{}
	defer s.close()
	if err := s.in.write(frame{session: session, kind: hello}); err != nil {
		return err
	}
	s.calls.Go(crash.Func(s.ping))
	for frames := newReader(out); ; {
		f, err := frames.next()
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		switch {
		case f.kind == ready: // it had not begun to read when the session was opened, or a shell took the line
			err = s.in.write(frame{session: session, kind: hello})
		case f.session == session:
			err = s.take(f)
		}
		if err != nil {
			return err
		}
	}
}

// server is one session of Serve.
type server struct {
	ctx     context.Context
	cancel  context.CancelFunc
	session string
	in      writer
	handler http.Handler
	calls   sync.WaitGroup
	mu      struct {
		sync.Mutex
		streams map[uint64]*served
	}
}

// served is a request that is being answered.
type served struct {
	server  *server
	id      uint64
	request *http.Request
	cancel  context.CancelFunc
	in      *inbox
	out     *outbox

	header http.Header
	status int
	buf    []byte
}

// ping tells the process now and then that the session stands.
func (s *server) ping() {
	t := time.NewTicker(pingEvery)
	defer t.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-t.C:
			if s.in.write(frame{session: s.session, kind: ping}) != nil {
				return // the session's end is seen by who reads
			}
		}
	}
}

func (s *server) close() {
	s.cancel()
	s.mu.Lock()
	for _, r := range s.mu.streams {
		r.end(ErrBroken)
	}
	s.mu.Unlock()
	s.calls.Wait()
}

// take takes a frame of the session. The error is that of the input.
func (s *server) take(f frame) error {
	s.mu.Lock()
	r, count := s.mu.streams[f.stream], len(s.mu.streams)
	s.mu.Unlock()
	if f.kind == open {
		if r != nil {
			return nil
		}
		if count >= maxStreams {
			return s.in.write(frame{s.session, f.stream, drop, []byte("too many requests are under way")})
		}
		return s.begin(f)
	}
	if r == nil {
		return nil
	}
	switch f.kind {
	case data:
		if !r.in.put(f.body) {
			r.end(errors.New("more of a request came than there was room for"))
		}
	case end:
		r.in.end(io.EOF)
	case drop:
		r.end(ErrBroken)
	case got:
		r.out.give(number(f.body))
	}
	return nil
}

// begin gives a new request to the handler.
func (s *server) begin(f frame) error {
	req, err := parseHead(f.body)
	if err != nil {
		return s.in.write(frame{s.session, f.stream, drop, []byte(err.Error())})
	}
	ctx, cancel := context.WithCancel(s.ctx)
	r := &served{server: s, id: f.stream, cancel: cancel, out: newOutbox(), header: http.Header{}}
	r.in = newInbox(func(n int) { _ = r.write(got, strconv.AppendInt(nil, int64(n), 10)) })
	r.request = req.WithContext(ctx)
	r.request.Body = io.NopCloser(r.in)
	s.mu.Lock()
	s.mu.streams[r.id] = r
	s.mu.Unlock()
	s.calls.Go(crash.Func(r.serve))
	return nil
}

// parseHead reads a request without its body.
func parseHead(text []byte) (*http.Request, error) {
	if len(text) > maxHead+4 {
		return nil, errors.New("the header of the request is too long")
	}
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	return req, nil
}

// serve answers a request.
func (r *served) serve() {
	defer func() {
		p := recover()
		if p == nil {
			r.finish()
		} else if _, ours := p.(error); ours && p == http.ErrAbortHandler {
			_ = r.write(drop, []byte("the connection was broken"))
		}
		r.end(ErrBroken)
		r.server.mu.Lock()
		delete(r.server.mu.streams, r.id)
		r.server.mu.Unlock()
		if p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
	}()
	r.server.handler.ServeHTTP(r, r.request)
}

// end breaks a request.
func (r *served) end(err error) {
	r.cancel()
	r.in.end(err)
	r.out.end(err)
}

func (r *served) write(k kind, body []byte) error {
	return r.server.in.write(frame{r.server.session, r.id, k, body})
}

// Header implements http.ResponseWriter.
func (r *served) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *served) WriteHeader(status int) {
	if r.status != 0 {
		return
	}
	r.status = status
	resp := http.Response{StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: r.header.Clone(), ContentLength: -1}
	if n, err := strconv.ParseInt(r.header.Get("Content-Length"), 10, 64); err == nil {
		resp.ContentLength = n
	}
	resp.Header.Del("Content-Length")
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %03d %s\r\n", status, http.StatusText(status))
	_ = resp.Header.Write(&b) // to memory
	if resp.ContentLength >= 0 {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", resp.ContentLength)
	}
	b.WriteString("\r\n")
	if b.Len() > maxHead {
		panic(http.ErrAbortHandler)
	}
	_ = r.write(head, b.Bytes()) // a session that is broken ends by itself
}

// Write implements http.ResponseWriter.
func (r *served) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	r.buf = append(r.buf, p...)
	if len(r.buf) < chunk {
		return len(p), nil
	}
	return len(p), r.FlushError()
}

// FlushError implements what http.ResponseController looks for.
func (r *served) FlushError() error {
	r.WriteHeader(http.StatusOK)
	_, err := r.out.send(r.buf, func(p []byte) error { return r.write(data, p) })
	r.buf = r.buf[:0]
	return err
}

// Flush implements http.Flusher.
func (r *served) Flush() { _ = r.FlushError() }

func (r *served) finish() {
	if r.FlushError() == nil && r.server.ctx.Err() == nil {
		_ = r.write(end, nil)
	}
}
