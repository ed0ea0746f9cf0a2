package scheduler

import (
	"time"

	"github.com/kaon-sweep/kaon/scheduler/journal"
)

// streams is what is known of the streams of updates.
type streams struct {
	of      map[journal.ExecutorKey]*stream
	watched int  // live attempts whose points may end something
	retells bool // a timer will tell executors of the interval
}

// stream is that of one executor.
type stream struct {
	live     int           // attempts
	told     time.Duration // the interval that it goes by; 0: unknown
	received uint64        // the last receipt
	damaged  bool          // a report of it could not be read: points may be missing for good
}
