package scheduler

import "time"

// A pass is worth more when it sees a whole burst of events: an fsync and a packing pass cost the same for one as for a
// thousand. What comes during an fsync gathers by itself. Besides, the loop waits burstGap for another event, and never
// longer than burstMost in all, or than the journal last took, up to slowMost: where the disk is slow, turns are large.
// burstEvents bounds one journal transaction. After a turn of few events it does not wait, since a timer sleeps a
// millisecond at least, which is much for a lone event. What belongs together, as an update and the offer that it sets
// free, the master sends at once, and the driver delivers at once.
const (
	burstGap    = 200 * time.Microsecond
	burstFew    = 8
	burstMost   = 10 * time.Millisecond
	slowMost    = time.Second
	burstEvents = 8192
)

// burst is the events of one turn.
type burst struct {
	began  time.Time
	events int
	asked  []request
}

// count counts what was stepped; the first of it begins the burst.
func (b *burst) count(n int) {
	if b.events == 0 {
		b.began = time.Now()
	}
	b.events += n
}
