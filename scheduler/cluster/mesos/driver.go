package mesos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// Driver is a cluster.Driver for one framework.
type Driver struct {
	conf   Config
	client *http.Client
	header http.Header // of every call, before the stream id

	live     atomic.Pointer[session] // nil while not subscribed
	tornDown atomic.Bool
	calls    sync.RWMutex // held for reading while a call is under way
}

var _ cluster.Driver = (*Driver)(nil)

// maxRedirects bounds how many redirects are followed in a row; more is a ring of masters that disagree.
const maxRedirects = 8

// New returns a driver that has not connected yet. Its errors are those of the configuration: no master, a
// bad address, certificates that cannot be read.
func New(c Config) (*Driver, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	client, err := newClient(c)
	if err != nil {
		return nil, err
	}
	d := &Driver{conf: c, client: client, header: http.Header{
		"Content-Type": {mediaType},
		"Accept":       {mediaType},
		"User-Agent":   {"kaon"},
	}}
	if c.Principal != "" {
		r := http.Request{Header: d.header}
		r.SetBasicAuth(c.Principal, c.Secret)
	}
	return d, nil
}

// Run subscribes and delivers events until ctx ends, which gives nil, as does the end of the stream after a
// Teardown. Whenever the stream breaks it delivers Disconnected and subscribes again with the same framework
// id: at the leader it is told of, else at each master in turn, then after a growing wait. A framework that
// the master has removed before this process came goes on under a new id. It returns an error after Rejected
// when the master will never take this framework in, and ErrUnreachable when Config.FirstTimeout passed
// without a first subscription.
func (d *Driver) Run(ctx context.Context, deliver func(...cluster.Event)) error {
	defer d.closeIdle()
	r := &masterRotation{masters: d.conf.Masters, backoff: newBackoff(d.conf.BackoffMin, d.conf.BackoffMax,
		d.conf.Seed)}
	framework := d.conf.FrameworkID
	first, endFirst := d.first(ctx)
	defer endFirst()
	strangers := map[string]bool{} // addresses at which something else answered
	var told error                 // why no master took us in; what one said tells more than that another was silent
	for again := false; ; {
		if d.conf.Fence != nil {
			if err := d.conf.Fence(); err != nil {
				return err
			}
		}
		s := &session{driver: d, address: r.address(), framework: framework, again: again,
			patience: d.conf.CallTimeout}
		if until, bounded := first.Deadline(); bounded && !again {
			s.patience = min(s.patience, time.Until(until)/time.Duration(r.remaining()))
		}
		err := s.run(ctx, deliver)
		if ctx.Err() != nil || (s.subscribed && d.tornDown.Load()) {
			return nil
		}
		if removed(err) && framework != "" && !again && !s.subscribed {
			d.conf.Log.Warn("the master has removed the framework; going on as a new one", "framework", framework)
			framework = ""
			continue
		}
		// An address that was a master's will be one again: something stands in for it, such as a proxy. And of several
		// one may be wrong.
		stranger := (*NotMasterError)(nil)
		if errors.As(err, &stranger) {
			strangers[s.address] = true
		}
		if permanent(err) && (stranger == nil || !again && len(strangers) >= len(d.conf.Masters)) {
			err = fmt.Errorf("subscribe at %s: %w", s.address, remedy(err))
			deliver(cluster.Rejected{Err: err})
			return err
		}
		framework, again = s.framework, again || s.subscribed
		d.conf.Log.Warn("not subscribed", "master", s.address, "error", err)
		if told == nil || !errors.Is(err, errTimeout) {
			told = err
		}
		wait := ctx
		if !again {
			wait = first
		}
		switch on := r.next(wait, err, s.subscribed); {
		case ctx.Err() != nil:
			return nil
		case !on || wait.Err() != nil:
			return fmt.Errorf("subscribe at %v: %w within %s: %w", d.conf.Masters, ErrUnreachable,
				d.conf.FirstTimeout+d.conf.Waited, told)
		}
	}
}

// first is the context of what comes before the first subscription.
func (d *Driver) first(ctx context.Context) (context.Context, context.CancelFunc) {
	if d.conf.FirstTimeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d.conf.FirstTimeout)
}

// masterRotation says which master to try next: a redirect's leader, else the masters in turn, with a growing
// wait after each rotation.
type masterRotation struct {
	masters []string
	backoff *backoff
	leader  string // where a redirect pointed; empty: masters[at]
	at      int
	tried   int // masters tried since the last wait
	hops    int // redirects followed since the last wait
}

func (r *masterRotation) address() string {
	if r.leader != "" {
		return r.leader
	}
	return r.masters[r.at]
}

// remaining is how many masters this round has yet to try: what time there is, is theirs together.
func (r *masterRotation) remaining() int {
	if r.leader != "" {
		return 1
	}
	return len(r.masters) - r.tried
}

// next chooses the master to try after err, waiting when all were tried; it tells whether ctx still stands.
func (r *masterRotation) next(ctx context.Context, err error, subscribed bool) bool {
	if subscribed { // this one was the leader and is worth another try after the shortest wait
		r.backoff.reset()
		r.tried, r.hops = 0, 0
		return r.backoff.wait(ctx)
	}
	var elsewhere *redirect
	if errors.As(err, &elsewhere) && r.hops < maxRedirects {
		r.leader = elsewhere.to
		r.hops++
		return true
	}
	if r.leader != "" {
		r.leader = ""
	} else {
		r.at = (r.at + 1) % len(r.masters)
		r.tried++
	}
	if r.tried < len(r.masters) && r.hops < maxRedirects {
		return true
	}
	r.tried, r.hops = 0, 0
	return r.backoff.wait(ctx)
}

// Send delivers one call on the current subscription and waits for the master's answer. It may be called from several
// goroutines. ErrDisconnected says that there is no subscription; a call that cannot be encoded has not left. After any
// other error it is unknown whether the call arrived, so the driver also ends the subscription: the loop hears
// Disconnected and then Subscribed, and reconciles.
func (d *Driver) Send(ctx context.Context, call cluster.Call) error {
	s := d.live.Load()
	if s == nil {
		return ErrDisconnected
	}
	c, err := EncodeCall(call, s.framework, d.conf.Roles[0])
	if err != nil {
		return err
	}
	name := c.Type.String()
	message, err := c.Marshal()
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	_, teardown := call.(cluster.Teardown)
	if teardown {
		d.tornDown.Store(true)
	}
	d.calls.RLock()
	err = s.call(ctx, name, message)
	d.calls.RUnlock()
	if err != nil {
		if teardown { // any other call fails as well when the master has ended the framework
			d.tornDown.Store(false)
		}
		s.end(fmt.Errorf("%w: %w", errCallLost, err))
		return err
	}
	return nil
}

// closeIdle closes the connections when no call is under way: the stream of a framework that is torn down
// ends before the TEARDOWN is answered, and a connection counts as idle a moment before its caller has the
// answer.
func (d *Driver) closeIdle() {
	d.calls.Lock()
	defer d.calls.Unlock()
	d.client.CloseIdleConnections()
}
