package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// outputPoll is how long an executor waits to be asked, before it asks again.
const outputPoll = 50 * time.Second

// outputs is what somebody wants to read of what the attempts of one executor write. The executor fetches what is
// wanted, and brings it: it can ask by its pod's output, and cannot be asked.
type outputs struct {
	mu     sync.Mutex
	fetch  chan *wanted // to the request that waits
	given  map[string]*wanted
	serial int
}

type wanted struct {
	cluster.OutputWanted
	got chan []byte // capacity 1; closed: there is no such file
}

func (o *outputs) queue() chan *wanted {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fetch == nil {
		o.fetch, o.given = make(chan *wanted), map[string]*wanted{}
	}
	return o.fetch
}

// read has the executor read a piece.
func (o *outputs) read(ctx context.Context, of cluster.OutputWanted) ([]byte, error) {
	queue := o.queue()
	q := &wanted{OutputWanted: of, got: make(chan []byte, 1)}
	o.mu.Lock()
	o.serial++
	q.Answer = "/answer/" + strconv.Itoa(o.serial)
	o.given[q.Answer] = q
	o.mu.Unlock()
	defer o.take(q.Answer)
	select {
	case queue <- q:
	case <-ctx.Done():
		return nil, fmt.Errorf("its executor does not ask what is wanted: %w", ctx.Err())
	}
	select {
	case data, ok := <-q.got:
		if !ok {
			return nil, fmt.Errorf("%s: %w", of.Name, fs.ErrNotExist)
		}
		return data, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("its executor does not answer: %w", ctx.Err())
	}
}

// take is what an answer is for, once; nil: nobody waits for it.
func (o *outputs) take(answer string) *wanted {
	o.mu.Lock()
	defer o.mu.Unlock()
	q := o.given[answer]
	delete(o.given, answer)
	return q
}

// ServeHTTP implements http.Handler for the executor.
func (o *outputs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.URL.Path == cluster.OutputWantedPath {
		t := time.NewTimer(outputPoll)
		defer t.Stop()
		select {
		case q := <-o.queue():
			_ = json.NewEncoder(w).Encode(q.OutputWanted) // who asked is told when no answer comes
		case <-t.C:
			w.WriteHeader(http.StatusNoContent)
		case <-r.Context().Done():
		}
		return
	}
	q := o.take(r.URL.Path)
	if q == nil {
		http.Error(w, "nobody waits for this", http.StatusGone)
		return
	}
	if r.Method == http.MethodDelete {
		close(q.got)
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, cluster.OutputMax))
	if err != nil { // it broke off, or is none of our executors'
		close(q.got)
		return
	}
	q.got <- data
}
