package transfer

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// writing are the calls that write to what has come in of files. They are over before another server may have the same
// folder: what an earlier one still wrote there would get between the chunks that the later one takes.
type writing struct {
	ctx context.Context // ends with the server
	end context.CancelFunc

	mu     sync.Mutex
	closed bool
	calls  sync.WaitGroup
}

func newWriting() *writing {
	r := &writing{}
	r.ctx, r.end = context.WithCancel(context.Background())
	return r
}

// close ends the calls and waits for them; no other begins.
func (r *writing) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.end()
	r.calls.Wait()
}

// begin admits a call, which ends early with the server; false: it has been answered.
func (r *writing) begin(w http.ResponseWriter, rq *http.Request) (_ *http.Request, done func(), ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		http.Error(w, "the process is about to end: ask again", http.StatusServiceUnavailable)
		return nil, nil, false
	}
	r.calls.Add(1)
	ctx, cancel := context.WithCancel(rq.Context())
	unhook := context.AfterFunc(r.ctx, crash.Func(func() {
		cancel() // before the deadline, which putChunk may be about to set
		_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0))
	}))
	return rq.WithContext(ctx), func() {
		unhook()
		cancel()
		r.calls.Done()
	}, true
}
