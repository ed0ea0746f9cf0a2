package stdio

import (
	"bufio"
	"bytes"
	"cmp"
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

// ErrBroken is of a request whose session ended before it was answered, or was answered in full.
var ErrBroken = errors.New("whoever was attached to this process is gone")

// Client is the process's end: an http.RoundTripper whose requests leave by its output. It may be used by several
// goroutines.
type Client struct {
	out writer

	mu struct {
		sync.Mutex
		session string
		begun   chan struct{} // closed when there is a session
		streams map[uint64]*asked
		next    uint64
		err     error // of the input, which has ended
	}
}

// asked is a request under way.
type asked struct {
	client  *Client
	session string
	id      uint64
	answer  chan *http.Response // capacity 1
	request *http.Request
	in      *inbox
	out     *outbox
	broken  chan struct{} // closed with err
	once    sync.Once
	err     error
}

// NewClient says on out that the process listens, and reads what comes by in until it ends.
func NewClient(in io.Reader, out io.Writer) *Client {
	c := &Client{out: writer{out: out}}
	c.mu.begun, c.mu.streams = make(chan struct{}), map[uint64]*asked{}
	_ = c.out.write(frame{kind: ready}) // a process whose output is closed learns it by its first request
	crash.Go(func() { c.read(newReader(in)) })
	return c
}

// RoundTrip implements http.RoundTripper. It waits a while until somebody is attached.
func (c *Client) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := c.begin(r)
	if err != nil {
		closeBody(r)
		return nil, err
	}
	head, err := requestHead(r)
	if err == nil {
		err = a.write(frame{kind: open, body: head})
	}
	if err != nil {
		a.end(err)
		closeBody(r)
		return nil, err
	}
	crash.Go(a.send)
	answered := func(resp *http.Response) (*http.Response, error) {
		stop := context.AfterFunc(r.Context(), crash.Func(func() { a.cancel(context.Cause(r.Context())) }))
		resp.Body = &answerBody{a, stop}
		return resp, nil
	}
	select {
	case resp := <-a.answer:
		return answered(resp)
	case <-a.broken:
		select {
		case resp := <-a.answer: // a short one is complete at once
			return answered(resp)
		default:
		}
		if a.err == io.EOF {
			return nil, errors.New("the request was answered by nothing")
		}
		return nil, a.err
	case <-r.Context().Done():
		a.cancel(context.Cause(r.Context()))
		return nil, r.Context().Err()
	}
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}

// begin waits for a session and notes the request in it.
func (c *Client) begin(r *http.Request) (*asked, error) {
	tired := time.NewTimer(patience)
	defer tired.Stop()
	for {
		c.mu.Lock()
		if c.mu.err != nil {
			defer c.mu.Unlock()
			return nil, c.mu.err
		}
		if c.mu.session != "" && len(c.mu.streams) < maxStreams {
			c.mu.next++
			a := &asked{client: c, session: c.mu.session, id: c.mu.next,
				answer: make(chan *http.Response, 1), request: r,
				out: newOutbox(), broken: make(chan struct{})}
			a.in = newInbox(func(n int) { _ = a.write(frame{kind: got, body: strconv.AppendInt(nil, int64(n), 10)}) })
			c.mu.streams[a.id] = a
			c.mu.Unlock()
			return a, nil
		}
		if c.mu.session != "" {
			c.mu.Unlock()
			return nil, fmt.Errorf("more than %d requests are under way", maxStreams)
		}
		begun := c.mu.begun
		c.mu.Unlock()
		select {
		case <-begun:
		case <-tired.C:
			return nil, fmt.Errorf("%w, or has not come yet", ErrBroken)
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

// requestHead is a request without its body as HTTP writes it.
func requestHead(r *http.Request) ([]byte, error) {
	bare := r.Clone(r.Context())
	bare.Body, bare.GetBody, bare.ContentLength, bare.TransferEncoding = nil, nil, 0, nil
	bare.Header.Del("Content-Length")
	var b bytes.Buffer
	if err := bare.WriteProxy(&b); err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\r\n\r\n"))
	if r.ContentLength > 0 {
		text = bytes.ReplaceAll(text, []byte("\r\nContent-Length: 0"), nil)
		text = fmt.Appendf(text, "\r\nContent-Length: %d", r.ContentLength)
	} else if r.Body != nil && r.Body != http.NoBody {
		text = bytes.ReplaceAll(text, []byte("\r\nContent-Length: 0"), nil)
		text = append(text, "\r\nTransfer-Encoding: chunked"...)
	}
	if len(text) > maxHead {
		return nil, fmt.Errorf("the header of the request has %d bytes, more than %d", len(text), maxHead)
	}
	return append(text, "\r\n\r\n"...), nil
}

// send sends a request's body.
func (a *asked) send() {
	body := a.request.Body
	if body == nil {
		_ = a.write(frame{kind: end})
		return
	}
	defer body.Close()
	buf := make([]byte, chunk)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if _, failed := a.out.send(buf[:n], func(p []byte) error {
				return a.write(frame{kind: data, body: p})
			}); failed != nil {
				a.end(failed)
				return
			}
		}
		switch {
		case err == io.EOF:
			_ = a.write(frame{kind: end})
			return
		case err != nil:
			a.cancel(err)
			return
		}
	}
}

func (a *asked) write(f frame) error {
	f.session, f.stream = a.session, a.id
	return a.client.out.write(f)
}

// cancel breaks a request from this end.
func (a *asked) cancel(err error) {
	select {
	case <-a.broken:
	default:
		_ = a.write(frame{kind: drop})
		a.end(err)
	}
}

// end ends a request; io.EOF: it was answered in full.
func (a *asked) end(err error) {
	a.once.Do(func() {
		a.err = err
		a.in.end(err)
		a.out.end(ErrBroken)
		close(a.broken)
		a.client.mu.Lock()
		delete(a.client.mu.streams, a.id)
		a.client.mu.Unlock()
	})
}

// answerBody is the body of an answer.
type answerBody struct {
	*asked
	stop func() bool
}

func (b *answerBody) Read(p []byte) (int, error) { return b.in.Read(p) }

// Close implements io.Closer. It breaks a request whose answer was not read to its end.
func (b *answerBody) Close() error {
	b.stop()
	b.cancel(ErrBroken)
	return nil
}

// read takes what comes by the input.
func (c *Client) read(in *reader) {
	silent := time.AfterFunc(silence, crash.Func(func() { c.detach(nil) }))
	defer silent.Stop()
	for {
		f, err := in.next()
		if err != nil {
			c.detach(fmt.Errorf("%w: standard input has ended: %w", ErrBroken, err))
			return
		}
		silent.Reset(silence)
		if f.kind == hello {
			c.attach(f.session)
			continue
		}
		c.mu.Lock()
		a := c.mu.streams[f.stream]
		c.mu.Unlock()
		if a != nil && a.session == f.session {
			a.take(f)
		}
	}
}

// attach begins a session, and ends what is of another.
func (c *Client) attach(session string) {
	c.mu.Lock()
	if c.mu.session == session {
		c.mu.Unlock()
		return
	}
	if c.mu.session == "" {
		close(c.mu.begun)
	}
	c.mu.session = session
	old := c.mu.streams
	c.mu.streams = map[uint64]*asked{}
	c.mu.Unlock()
	for _, a := range old {
		a.end(ErrBroken)
	}
}

// detach ends a session, or with an error all that will ever be.
func (c *Client) detach(err error) {
	c.mu.Lock()
	c.mu.err = err
	switch {
	case err != nil && c.mu.session == "":
		close(c.mu.begun)
		c.mu.session = "-"
	case err == nil && c.mu.session != "":
		c.mu.begun, c.mu.session = make(chan struct{}), ""
	}
	old := c.mu.streams
	c.mu.streams = map[uint64]*asked{}
	c.mu.Unlock()
	for _, a := range old {
		a.end(cmp.Or(err, ErrBroken))
	}
}

// take takes a frame of the request's.
func (a *asked) take(f frame) {
	switch f.kind {
	case head:
		resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(f.body)), a.request)
		if err != nil {
			a.cancel(fmt.Errorf("read the answer: %w", err))
			return
		}
		select {
		case a.answer <- resp:
		default: // a second one
		}
	case data:
		if !a.in.put(f.body) {
			a.cancel(errors.New("more of an answer came than there was room for"))
		}
	case end:
		a.end(io.EOF)
	case drop:
		a.end(fmt.Errorf("%w: %s", ErrBroken, f.body))
	case got:
		a.out.give(number(f.body))
	}
}
