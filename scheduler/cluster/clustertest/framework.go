package clustertest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/testkit"
)

// framework is one scheduler on a driver of its own. It keeps all that it heard, and checks after each event what must
// hold at any time: that no event comes before the subscription or after Run, that no offer comes twice, that what is
// offered of a node and what its tasks use is no more than the node, and that nothing is heard of a task behind its
// end.
type framework struct {
	*world
	driver cluster.Driver
	id     cluster.FrameworkID // as the first subscription said
	stop   context.CancelFunc
	ended  chan error // of Run; capacity 1

	mu struct {
		sync.Mutex
		events  []cluster.Event
		changed chan struct{} // closed, and made anew, with each event
		up      bool          // subscribed
		over    bool          // Run has returned
		gate    chan struct{} // not nil: no event is taken in before it is closed
		agents  map[string]offers.AgentID
		offers  map[offers.OfferID]offers.Offer // that may be used
		seen    map[offers.OfferID]bool
		tasks   map[cluster.TaskID]*launched
	}
}

// launched is what a framework knows of a task of its own.
type launched struct {
	node    string
	need    [2]float64 // cpus and MB
	ending  bool       // it ends, or is told to: nobody knows when its node is free of it
	next    int        // the first event that state has not looked at
	seen    map[string]bool
	ended   bool
	endUUID string
}

// result is what Run returns.
func (f *framework) result() error {
	f.Helper()
	select {
	case err := <-f.ended:
		f.ended <- err
		return err
	case <-time.After(testkit.Patience):
		f.Fatal("Run does not end")
		return nil
	}
}

// hold has the driver wait with its events until release.
func (f *framework) hold() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.gate = make(chan struct{})
}

func (f *framework) release() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mu.gate != nil {
		close(f.mu.gate)
		f.mu.gate = nil
	}
}

// mark is how many events there were.
func (f *framework) mark() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.mu.events)
}

// since are the events from a mark on.
func (f *framework) since(mark int) []cluster.Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.mu.events[mark:])
}

// until waits until is, with the lock held, and fails with what is lacking.
func (f *framework) until(what string, is func() bool) {
	f.Helper()
	if !f.within(testkit.Patience, is) {
		f.Fatalf("waited in vain for %s; the last events are %s", what, f.story())
	}
}

// within waits so long until is, with the lock held.
func (f *framework) within(patience time.Duration, is func() bool) bool {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		f.mu.Lock()
		if is() {
			f.mu.Unlock()
			return true
		}
		changed := f.mu.changed
		f.mu.Unlock()
		select {
		case <-changed:
		case <-late.C:
			return false
		}
	}
}

// story is the last events, for who looks for a fault.
func (f *framework) story() (text string) {
	all := f.since(0)
	for _, ev := range all[max(0, len(all)-20):] {
		line := fmt.Sprintf("%T%+v", ev, ev)
		text += "\n\t" + line[:min(len(line), 400)]
	}
	return text
}

// await is the first event of a kind from a mark on that is as it should be.
func await[E cluster.Event](f *framework, mark int, what string, is func(E) bool) (found E) {
	f.Helper()
	at := mark
	f.until(what, func() bool {
		for ; at < len(f.mu.events); at++ {
			if ev, ok := f.mu.events[at].(E); ok && is(ev) {
				found = ev
				return true
			}
		}
		return false
	})
	return found
}

// count is how many events of a kind there are from a mark on that are as is says.
func count[E cluster.Event](f *framework, mark int, is func(E) bool) (n int) {
	for _, ev := range f.since(mark) {
		if ev, ok := ev.(E); ok && is(ev) {
			n++
		}
	}
	return n
}
