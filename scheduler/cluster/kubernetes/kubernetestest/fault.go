package kubernetestest

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Fault is what happens to requests instead of, or before, what they ask for.
type Fault struct {
	Match   func(Request) bool // nil: every request
	Times   int                // for how many requests; 0: for all until it is removed
	Delay   time.Duration      // the request waits so long first
	Status  *Status            // the answer; nil with Cut false: the request is only delayed
	Applied bool               // what was asked for is done, and then the fault is answered
	Cut     bool               // the connection ends without an answer
	Torn    int                // the connection ends after so many bytes of the answer's body
	Hits    int                // how many requests have met it; read it by Cluster.Hits
}

// torn lets so many bytes of an answer's body pass, and then ends the connection.
type torn struct {
	http.ResponseWriter
	left int
}

func (w *torn) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b[:min(len(b), w.left)])
	if w.left -= n; err == nil && w.left == 0 {
		_ = http.NewResponseController(w.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

type faults struct {
	mu  sync.Mutex
	all []*Fault
}

func (f *faults) add(one *Fault) (remove func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, one)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.all = slices.DeleteFunc(f.all, func(o *Fault) bool { return o == one })
	}
}

// next is the first fault that a request meets.
func (f *faults) next(q Request) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range f.all {
		if (one.Times == 0 || one.Hits < one.Times) && (one.Match == nil || one.Match(q)) {
			one.Hits++
			return *one, true
		}
	}
	return Fault{}, false
}

// Throttled is the answer 429 of API priority and fairness.
func Throttled(after time.Duration) *Status {
	return &Status{Code: 429, Reason: "TooManyRequests", Message: "Too many requests, please try again later.",
		RetryAfter: max(1, int(after.Seconds()))}
}

// QuotaExceeded is the answer 403 of a ResourceQuota.
func QuotaExceeded(pod string) *Status {
	return &Status{Code: 403, Reason: "Forbidden",
		Message: "pods \"" + pod + "\" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=10, " +
			"limited: pods=10"}
}

// Unavailable is the answer 503 of an API server that is starting, or has lost its etcd.
func Unavailable() *Status {
	return &Status{Code: 503, Reason: "ServiceUnavailable",
		Message: "the server is currently unable to handle the request"}
}
