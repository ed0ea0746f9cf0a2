package inprocess

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Transport is a client's way to a handler of this process.
type Transport struct {
	Handler http.Handler
	// Streams tells whether the answer to a request may be a stream, which is read while it is written; others are
	// answered by the caller's own goroutine. nil: none is.
	Streams func(*http.Request) bool
}

var _ http.RoundTripper = Transport{}

// ErrBroken is of a connection that the handler broke.
var ErrBroken = errors.New("the connection was broken")

// RoundTrip implements http.RoundTripper.
func (t Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if t.Streams != nil && t.Streams(req) {
		return t.stream(req)
	}
	w := &answer{header: http.Header{}}
	if err := t.serve(w, arriving(req, req.Context())); err != nil {
		return nil, err
	}
	w.WriteHeader(http.StatusOK)
	return response(req, w.status, w.header, io.NopCloser(&w.body)), nil
}

// arriving is a request as a server has it.
func arriving(req *http.Request, ctx context.Context) *http.Request {
	r := req.WithContext(ctx)
	r.RequestURI = req.URL.RequestURI()
	if r.Host == "" {
		r.Host = req.URL.Host
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	return r
}

// serve calls the handler; one that breaks the connection gives an error.
func (t Transport) serve(w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		_ = r.Body.Close()
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			err = ErrBroken
		default:
			panic(p)
		}
	}()
	t.Handler.ServeHTTP(w, r)
	return nil
}

// answer gathers what a handler says.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *answer) Header() http.Header { return w.header }

func (w *answer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *answer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

func response(req *http.Request, status int, header http.Header, body io.ReadCloser) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status, Proto: "HTTP/1.1",
		ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: body, ContentLength: -1, Request: req,
	}
}
