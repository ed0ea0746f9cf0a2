package scheduler

import (
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// Ready is all that must happen because of the events stepped since the last Ready. Whoever runs the core
// carries it out in the order of the fields, and takes the next Ready only after the journal has answered.
type Ready struct {
	// Journal must be durable, all entries or none, before anything below leaves the process (law 5). When the
	// journal refuses, the core is ahead of the disk and must be thrown away: restart from the journal.
	Journal []journal.Entry

	// Calls go to the master once Journal is durable, launches first, in the order of cluster.Lanes: this one as far as
	// they concern the same agent; a Reconcile waits until all calls before it were answered. A call may be lost: the
	// core hears of it by Undelivered or Disconnected and makes good.
	Calls []cluster.Call

	// Notices tell the rest of the process what is now certain. They come in the order things happened, and
	// after a restart the Recorded ones that the bucket may lack are repeated.
	Notices []Notice
}

// Empty reports whether there is nothing to do.
func (r Ready) Empty() bool {
	return len(r.Journal) == 0 && len(r.Calls) == 0 && len(r.Notices) == 0
}
