package standby

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// ErrLost says that another server has taken over: this one must end, and nothing that it did since counts.
var ErrLost = errors.New("another server has taken over")

// DefaultTTL is how long a claim holds without a renewal where Config does not say.
const DefaultTTL = 4 * time.Second

// renewals is how often a claim is renewed while it holds without.
const renewals = 8

// Config says what a Lease is of.
type Config struct {
	Folder string        // that all share; only its owner may read it
	Holder string        // who this is, for people
	TTL    time.Duration // how long a claim holds without a renewal; all must agree. 0: DefaultTTL
	Wait   func(Claim)   // told of each holder that is waited for; nil: nobody is
	Failed func(error)   // told of an error of the folder that is waited out, once a minute at most; nil: nobody is
}

// Lease is the right to work, from Acquire to Release or until it is lost. Any goroutine may call its methods.
type Lease struct {
	cfg   Config
	claim Claim

	end   chan struct{} // closed by Release
	ended chan struct{} // closed when nobody renews any more
	once  sync.Once
	lost  chan struct{} // closed when it is
	why   error         // set before lost is closed
	lose  sync.Once
}

// Acquire waits until nobody else holds the lease, and takes it. It ends early with ctx, and when the folder cannot be
// used at first. An error later may pass, and is waited out.
func Acquire(ctx context.Context, cfg Config) (*Lease, error) {
	cfg.TTL = cmp.Or(cfg.TTL, DefaultTTL)
	look := time.NewTicker(cfg.TTL / renewals)
	defer look.Stop()
	w := &watcher{ttl: cfg.TTL}
	var told time.Time
	passes := func(err error) { // what was seen before counts no more
		if w.blind(); cfg.Failed != nil && (told.IsZero() || time.Since(told) > time.Minute) {
			told = time.Now()
			cfg.Failed(err)
		}
	}
	for first := true; ; first = false {
		now, err := newest(cfg.Folder)
		switch {
		case err != nil && first:
			return nil, fmt.Errorf("read who works: %w", err)
		case err != nil:
			passes(fmt.Errorf("read who works: %w", err))
		default:
			if (first || now.Epoch != w.last.Epoch) && cfg.Wait != nil && !now.Released {
				cfg.Wait(now)
			}
			if !w.free(now, time.Now()) {
				break
			}
			mine := Claim{Epoch: now.Epoch + 1, Holder: cfg.Holder, Beat: 1}
			taken, err := mine.make(cfg.Folder)
			switch {
			case err == nil && !taken:
				return begin(cfg, mine), nil
			case err == nil:
				continue
			case first:
				return nil, fmt.Errorf("claim the work: %w", err)
			}
			passes(fmt.Errorf("claim the work: %w", err))
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-look.C:
		}
	}
}

// watcher tells when a claim has not been renewed for long enough. It goes by its own clock and by how often it has
// looked: what it did not see while it was stopped itself, or waited for the folder, is nobody's silence.
type watcher struct {
	ttl   time.Duration
	last  Claim
	seen  time.Time // when it first saw the last
	looks int       // since then
	any   bool      // it has seen one
}

// free tells whether a claim, as it is now, holds no more.
func (w *watcher) free(now Claim, at time.Time) bool {
	if !w.any || now != w.last {
		w.last, w.seen, w.looks, w.any = now, at, 0, true
	} else {
		w.looks++
	}
	return now.Epoch == 0 || now.Released || w.looks >= renewals && at.Sub(w.seen) > w.ttl
}

// blind begins anew: nothing could be seen.
func (w *watcher) blind() { w.any = false }

func begin(cfg Config, mine Claim) *Lease {
	l := &Lease{cfg: cfg, claim: mine, end: make(chan struct{}), ended: make(chan struct{}), lost: make(chan struct{})}
	crash.Go(l.keep)
	return l
}

// keep renews the claim until Release, or until it is lost.
func (l *Lease) keep() {
	defer close(l.ended)
	tick := time.NewTicker(l.cfg.TTL / renewals)
	defer tick.Stop()
	renewed := time.Now()
	claim := l.claim
	for {
		select {
		case <-l.end:
			claim.Released = l.Check() == nil
			if claim.Released {
				_ = claim.renew(l.cfg.Folder) // those who wait find out by themselves
			}
			return
		case <-l.lost:
			return
		case <-tick.C:
		}
		stuck := time.AfterFunc(l.cfg.TTL, crash.Func(func() {
			l.fail(errors.New("the shared folder does not answer"))
		}))
		if l.Check() != nil {
			stuck.Stop()
			return
		}
		claim.Beat++
		err := claim.renew(l.cfg.Folder)
		stuck.Stop()
		switch {
		case err == nil:
			renewed = time.Now()
		case time.Since(renewed) > l.cfg.TTL:
			l.fail(fmt.Errorf("the claim could not be renewed for %v: %w", l.cfg.TTL, err))
			return
		}
	}
}

// Epoch is the number of the claim.
func (l *Lease) Epoch() uint64 { return l.claim.Epoch }

// checkAgain is how long nothing is asked behind an error of the folder, which may pass.
const checkAgain = 50 * time.Millisecond

// Check asks the shared folder whether this is still the newest claim; its error stays. It wraps ErrLost when there is
// a newer one. It waits while the folder cannot be read, half a TTL at most.
func (l *Lease) Check() error {
	for until := time.Now().Add(l.cfg.TTL / 2); ; time.Sleep(checkAgain) {
		if why := l.Err(); why != nil {
			return why
		}
		epoch, err := newestEpoch(l.cfg.Folder)
		switch {
		case err == nil && epoch == l.claim.Epoch:
			return nil
		case err == nil:
			l.fail(ErrLost)
		case time.Now().After(until):
			l.fail(fmt.Errorf("whether this server may work cannot be read: %w", err))
		}
	}
}

// Err is why the lease is lost; nil: nobody has found so.
func (l *Lease) Err() error {
	select {
	case <-l.lost:
		return l.why
	default:
		return nil
	}
}

func (l *Lease) fail(why error) {
	l.lose.Do(func() {
		l.why = why
		close(l.lost)
	})
}

// Lost is closed when Check has failed.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Release gives the work back: who waits takes it at once. What was done under the lease must have ended.
func (l *Lease) Release() {
	l.once.Do(func() { close(l.end) })
	<-l.ended
}

// Holder is who this process is, for people.
func Holder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "a machine without a name"
	}
	return fmt.Sprintf("process %d on %s", os.Getpid(), host)
}
