package server

import (
	"fmt"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/server/format"
)

// losses tells people of attempts that were lost: of the first at once, then of each from another agent or
// for another reason, and of the rest by count.
type losses struct {
	agent, reason string
	told          time.Time
	untold        int
	again         bool      // it was told that what was under way starts again
	resumed       time.Time // when this process went on with the sweep on this machine; zero: it did not
}

// lossInterval is how often equal losses are told of.
const lossInterval = 10 * time.Second

// lost is the line that tells of a loss; empty when it need not be told now. Before is of an attempt on
// this machine that began before this process did, and went with the one that ran it: no fault of anything.
func (l *losses) lost(n scheduler.AttemptLost, before bool) string {
	if strings.HasPrefix(n.Reason, "dropped: ") && (l.again || n.At.Sub(l.resumed) < lossInterval) {
		before = true // by an executor that went likewise, before it had begun
	}
	if before {
		if l.again {
			return ""
		}
		l.again = true
		return "trials that were under way when the sweep was interrupted start again"
	}
	if n.Agent == l.agent && n.Reason == l.reason && n.At.Sub(l.told) < lossInterval {
		l.untold++
		return ""
	}
	more := ""
	if l.untold > 0 {
		more = fmt.Sprintf(" (%s lost since the last such line)", format.Plural(l.untold+1, "attempt"))
	}
	*l = losses{agent: n.Agent, reason: n.Reason, told: n.At, again: l.again, resumed: l.resumed}
	return fmt.Sprintf("%s was lost on agent %s%s: %s", format.Trial(n.Trial), n.Agent, more, n.Reason)
}
