package api

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// bodyWait is how long a part of a request's body may take to arrive.
const bodyWait = 30 * time.Second

// bodies bounds how long each part of a body may take, however many there are, and ends that bound with the body: what
// is done with it may take its time.
func bodies(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			b := &timedBody{r.Body, http.NewResponseController(w)}
			b.wait() // also for one that nobody reads: the server does before it goes on
			r.Body = b
		}
		h.ServeHTTP(w, r)
	})
}

// Bodies has requests to a handler beside the API bounded as those to it.
func Bodies(h http.Handler) http.Handler { return bodies(h) }

type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
}

// connections of servers have deadlines
func (b *timedBody) wait() { _ = b.control.SetReadDeadline(time.Now().Add(bodyWait)) }

func (b *timedBody) Read(p []byte) (int, error) {
	b.wait()
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		_ = b.control.SetReadDeadline(time.Time{}) // or the request would be cancelled at that time
	}
	return n, err
}
