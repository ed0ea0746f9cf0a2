package inprocess

import (
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// stream has the handler answer on a goroutine of its own, and returns when the answer has begun.
func (t Transport) stream(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	out, in := io.Pipe()
	w := &streamed{in: in, begun: make(chan struct{})}
	w.header = http.Header{}
	var failed error
	ended := make(chan struct{})
	crash.Go(func() {
		defer close(ended)
		defer cancel()
		if failed = t.serve(w, arriving(req, ctx)); failed != nil {
			_ = in.CloseWithError(failed)
			return
		}
		w.begin()
		_ = in.CloseWithError(ctx.Err()) // nil: EOF
	})
	select {
	case <-w.begun:
		// Who waits for the next event must hear that the context has ended
		stop := context.AfterFunc(ctx, crash.Func(func() { _ = in.CloseWithError(context.Cause(ctx)) }))
		return response(req, w.status, w.final, &body{out, func() { stop(); cancel() }}), nil
	case <-ended:
		if failed == nil {
			return response(req, w.status, w.final, &body{out, cancel}), nil
		}
		return nil, failed
	case <-req.Context().Done(): // which ends the handler
		_ = out.Close()
		return nil, req.Context().Err()
	}
}

// streamed is the answer that is read while it is written.
type streamed struct {
	answer
	in    *io.PipeWriter
	final http.Header
	begun chan struct{} // closed when its status and header are final
	once  sync.Once
}

func (w *streamed) begin() {
	w.once.Do(func() {
		w.answer.WriteHeader(http.StatusOK)
		w.final = w.header.Clone() // the handler goes on, and the header is still its own
		close(w.begun)
	})
}

func (w *streamed) WriteHeader(status int) {
	select {
	case <-w.begun:
	default:
		w.answer.WriteHeader(status)
	}
}

func (w *streamed) Write(b []byte) (int, error) {
	w.begin()
	return w.in.Write(b)
}

// Flush implements http.Flusher.
func (w *streamed) Flush() { w.begin() }

// body ends the handler when nobody reads it any more.
type body struct {
	*io.PipeReader
	end func()
}

func (b *body) Close() error {
	b.end()
	return b.PipeReader.Close()
}
