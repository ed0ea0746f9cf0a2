package scheduler

import (
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// Turn ends a round of events: it takes in those that are given, does what is due, packs once for all of
// them, and says what must happen. Events of the same round may have been stepped before. The loop, the
// simulation and the tests of this package all take their turns here, so none of them can have an order of
// its own.
func (c *Core) Turn(now time.Time, events ...cluster.Event) Ready {
	for _, ev := range events {
		c.Step(now, ev)
	}
	if due := c.Due(); !due.IsZero() && !due.After(now) {
		c.Tick(now)
	}
	c.Pack(now)
	return c.Ready()
}

// Effects is what a Ready needs of the process around the core. An error of any function ends the process:
// the core is ahead of what has happened, and the next one restores from the journal.
type Effects interface {
	// Append makes entries durable, all or none, before it returns nil. It is never given none.
	Append([]journal.Entry) error
	// Send takes a call for the master, to go out in the order of cluster.Lanes.
	Send(cluster.Call) error
	// Answer tells those who gave the commands of this turn what became of them.
	Answer(Ready) error
	// Notify tells the rest of the process what has become true.
	Notify(Notice) error
}

// CarryOut does what is Ready in the order that law 5 wants: the journal, then the calls, then answers and
// notices. It ends with the first error.
func (r Ready) CarryOut(e Effects) error {
	if len(r.Journal) > 0 {
		if err := e.Append(r.Journal); err != nil {
			return fmt.Errorf("append to journal: %w", err)
		}
	}
	for _, call := range r.Calls {
		if err := e.Send(call); err != nil {
			return err
		}
	}
	if err := e.Answer(r); err != nil {
		return err
	}
	for _, n := range r.Notices {
		if err := e.Notify(n); err != nil {
			return err
		}
	}
	return nil
}
