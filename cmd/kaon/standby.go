package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/server/standby"
)

// standbyFlags have several servers over one state folder work by turns.
type standbyFlags struct {
	Standby  bool          `help:"Wait until no other server works on the same --state, a folder that all their machines share, and then go on with all that it had. Give it to each of them."`
	TakeOver time.Duration `name:"take-over-after" default:"4s" placeholder:"DURATION" help:"How long the server at work may be silent before one that stands by takes over; the same for all (${default})."`
}

// The bounds of --take-over-after: a machine that is busy is late by less than the least.
const (
	leastTakeOver = time.Second
	mostTakeOver  = time.Hour
)

// turn is the time in which a server may work, and where its state lies.
type turn struct {
	folder  string
	uploads string         // where uploaded folders lie
	lease   *standby.Lease // nil: there is no other server
	waits   func()         // ends what answers that this server stands by
}

// turn waits for the turn of a server whose state is to lie in a folder. While it waits standBy answers for it. Unfit
// is why a server of its cluster cannot stand by; empty: it can.
func (f standbyFlags) turn(
	ctx context.Context, out *output, folder, unfit string, standBy func() (end func(), err error),
) (t turn, err error) {
	t = turn{folder: folder, uploads: standby.Uploads(folder), waits: func() {}}
	used, err := standby.Used(folder)
	switch {
	case err != nil:
		return t, unreachable(err)
	case !f.Standby && used:
		return t, usage(fmt.Errorf("servers work on %s by turns: start this one, too, with --standby, or choose "+
			"another --state", folder))
	case !f.Standby:
		return t, nil
	case unfit != "":
		return t, usage(errors.New("--standby: " + unfit))
	case f.TakeOver < leastTakeOver || f.TakeOver > mostTakeOver:
		return t, usage(fmt.Errorf("--take-over-after %v: want %v to %v", f.TakeOver, leastTakeOver, mostTakeOver))
	}
	end, err := standBy()
	if err != nil {
		return t, usage(err)
	}
	t.waits = sync.OnceFunc(end)
	t.lease, err = standby.Acquire(ctx, standby.Config{
		Folder: folder, Holder: standby.Holder(), TTL: f.TakeOver,
		Wait: func(other standby.Claim) {
			if other.Epoch > 0 {
				fmt.Fprintf(out.stderr, "kaon: standing by: %s works\n", clean(other.Holder))
			}
		},
		Failed: func(err error) { fmt.Fprintf(out.stderr, "kaon: standing by: %v; trying on\n", err) },
	})
	if err == nil {
		if t.folder, err = t.lease.State(); err == nil {
			t.endWhenLost(out)
			return t, nil
		}
	}
	t.end()
	if ctx.Err() == nil {
		err = unreachable(err)
	}
	return t, err
}

// endWhenLost ends this process at once when another server has taken over: nothing that it still wrote would count,
// and some would be in the way of the other's.
func (t turn) endWhenLost(out *output) {
	crash.Go(func() {
		<-t.lease.Lost()
		err := t.lease.Err()
		if errors.Is(err, standby.ErrLost) {
			err = fmt.Errorf("%w, since this one was silent for too long: start it again to have it stand by", err)
		}
		fmt.Fprintf(out.stderr, "kaon: %v\n", err)
		os.Exit(exitUnreachable)
	})
}

// answerStandingBy is what a server answers that waits for its turn: it is alive, and not ready.
func answerStandingBy(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/healthz" {
		w.WriteHeader(http.StatusOK)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
	_ = json.NewEncoder(w).Encode(map[string]any{ // whoever asked may be gone
		"title": "Service Unavailable", "status": http.StatusServiceUnavailable,
		"detail": "this server stands by: another one works",
	})
}

// end gives the turn to the next.
func (t turn) end() {
	t.waits()
	if t.lease != nil {
		t.lease.Release()
	}
}

// fence says whether the turn has not ended; nil: it has no end.
func (t turn) fence() func() error {
	if t.lease == nil {
		return nil
	}
	return t.lease.Check
}

// guard has what would change something answered only if the turn has not been lost by then: what is told to be done is
// in the state that another server begins with.
func (t turn) guard(h http.Handler) http.Handler {
	if t.lease == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w = &fencedAnswer{ResponseWriter: w, request: r, fence: t.lease.Check}
		}
		h.ServeHTTP(w, r)
	})
}

// fencedAnswer is an answer that begins only while a turn lasts.
type fencedAnswer struct {
	http.ResponseWriter
	request     *http.Request
	fence       func() error
	asked, lost bool
}

func (a *fencedAnswer) ask() (lost bool) {
	if !a.asked {
		a.asked = true
		if a.lost = a.fence() != nil; a.lost {
			clear(a.Header())
			answerStandingBy(a.ResponseWriter, a.request)
		}
	}
	return a.lost
}

// WriteHeader implements http.ResponseWriter.
func (a *fencedAnswer) WriteHeader(code int) {
	if !a.ask() {
		a.ResponseWriter.WriteHeader(code)
	}
}

// Write implements http.ResponseWriter.
func (a *fencedAnswer) Write(data []byte) (int, error) {
	if a.ask() {
		return len(data), nil
	}
	return a.ResponseWriter.Write(data)
}

// Unwrap is for http.ResponseController.
func (a *fencedAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
