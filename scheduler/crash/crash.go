package crash

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"sync/atomic"
)

// Panic is a fault in kaon, whatever input led to it.
type Panic struct {
	Value any
	Stack []byte // of the goroutine that panicked
}

func (p *Panic) Error() string { return fmt.Sprintf("this is a bug in kaon: %v", p.Value) }

// Guard calls f, and answers a panic of it as an error, a *Panic.
func Guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &Panic{v, debug.Stack()}
		}
	}()
	return f()
}

// last is what a panic ends with that has nobody to tell.
var last atomic.Pointer[func(*Panic)]

// Last sets what a panic ends with on a goroutine that has nobody to tell: f is called on that goroutine, and
// must end the process, for what the goroutine had locked or promised stays so. Without it the process ends
// as Go does.
func Last(f func(*Panic)) { last.Store(&f) }

// Go runs f on a goroutine of its own.
func Go(f func()) { go Func(f)() }

// Func is f for whoever starts goroutines itself: sync.WaitGroup, time.AfterFunc and the like.
func Func(f func()) func() {
	return func() {
		defer end()
		f()
	}
}

// Handler is h for an HTTP server, which would log a panic of it and go on with what it left half done.
func Handler(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer end()
		h.ServeHTTP(w, r)
	})
}

// end is deferred; http.ErrAbortHandler is a handler's way to cut a connection, and no fault.
func end() {
	f := last.Load()
	if f == nil {
		return
	}
	switch v := recover(); v {
	case nil:
	case http.ErrAbortHandler:
		panic(v)
	default:
		(*f)(&Panic{v, debug.Stack()})
	}
}
