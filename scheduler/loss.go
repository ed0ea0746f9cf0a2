package scheduler

import (
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
)

// Loss is an attempt that was lost through no fault of its trial.
type Loss struct {
	Trial   int
	Attempt int
	Agent   string // its host name, or id where that is not known
	Reason  string
	At      time.Time
	Count   int // losses of the sweep so far, in this process
}

// noteLoss tells of a lost attempt, but not of one that met a foreign agent: that agent's own notice says so.
func (c *Core) noteLoss(att *attempt, v verdict) {
	if v.kind != lost || att.unfit == cluster.ExitWrongArch {
		return
	}
	r := att.run
	r.loss = Loss{Trial: att.trial, Attempt: att.number, Agent: att.where(), Reason: v.reason, At: c.now, Count: r.loss.Count + 1}
	c.note(AttemptLost{Sweep: r.id, Loss: r.loss})
}
