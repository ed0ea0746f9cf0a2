package main

import (
	"fmt"
	"time"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/server/control"
)

// losses tells people of attempts that were lost: of the first at once, then of each from another agent or for another reason,
// and of the rest by count.
type losses struct {
	agent, reason string
	told          time.Time
	untold        int
}

// lossInterval is how often equal losses are told of.
const lossInterval = 10 * time.Second

// lost is the line that tells of a loss; empty when it need not be told now.
func (l *losses) lost(n scheduler.AttemptLost) string {
	if n.Agent == l.agent && n.Reason == l.reason && n.At.Sub(l.told) < lossInterval {
		l.untold++
		return ""
	}
	more := ""
	if l.untold > 0 {
		more = fmt.Sprintf(" (%s lost since the last such line)", count(l.untold+1, "attempt"))
	}
	*l = losses{agent: n.Agent, reason: n.Reason, told: n.At}
	return fmt.Sprintf("%s was lost on agent %s%s: %s", named(n.Trial), n.Agent, more, n.Reason)
}

// sayLoss is the last loss as `kaon status` shows it.
func sayLoss(l *control.Loss) string {
	return fmt.Sprintf("%s since this process began, the last %s on agent %s: %s", count(l.Count, "attempt")+" lost", named(l.Trial), l.Agent, l.Reason)
}
