package scheduler

import (
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// attempt is one launch that is believed alive. A trial has at most one (law 4).
type attempt struct {
	run      *run
	trial    int
	number   int
	task     cluster.TaskID
	agent    offers.AgentID
	host     string
	executor offers.ExecutorID
	role     string         // whose offers it took; empty: "*"
	demand   *offers.Demand // what the packer counted it as, but for the role

	launched time.Time
	started  time.Time // zero until reported running
	points   uint64    // the number the next new point has
	value    sweep.Series
	uuid     string // of the last update taken in; Mesos repeats an update until it hears our acknowledgement
	seed     uint64
	percent  *float64 // how far it last said it is; nil: it has not

	reconciled       bool       // heard of since the last (re)subscription
	unreachableSince time.Time  // when it was first reported unreachable or unknown; zero: not missing
	corrupt          int        // updates of it in a row that could not be read
	killing          killReason // it is being killed, and what that makes of it
	reason           string     // said with ending
	kills            int        // KILLs sent so far
	startExit        int        // the exit code by which its executor said that it cannot be one; 0: it did not
	executorWait     int        // status its executor ended with before it did; 0: it did not, or well
	coTerminated     int        // attempts that its agent ended together with it
	endSource        endSource  // who told its end
	neighbours       bool       // when it ended, others were alive on its agent
	probe            bool       // it tries an agent that did badly before
	prefetched       bool       // its agent was to bring what it works with
	terminalSeen     time.Time  // reconciliation says it ended, the update that tells how has not come yet

	prev, next *attempt
}

// killReason says on whose wish an attempt is killed.
type killReason uint8

const (
	notKilled     killReason = iota
	killStopped              // early stop, limit, target or user
	killOverdue              // its executor did not keep the timeout
	killPreempted            // its resources are wanted by others
)

// attempts is the list of all live attempts in order of launch, so that walking it is deterministic.
type attempts struct {
	first, last *attempt
	len         int
}

func (l *attempts) add(a *attempt) {
	a.prev, a.next = l.last, nil
	if l.last != nil {
		l.last.next = a
	} else {
		l.first = a
	}
	l.last = a
	l.len++
}

func (l *attempts) remove(a *attempt) {
	if a.prev != nil {
		a.prev.next = a.next
	} else {
		l.first = a.next
	}
	if a.next != nil {
		a.next.prev = a.prev
	} else {
		l.last = a.prev
	}
	a.prev, a.next = nil, nil
	l.len--
}

// entry is what the journal keeps of a live attempt.
func (a *attempt) entry() journal.TrialEntry {
	r := a.run
	return journal.TrialEntry{
		Sweep: r.id, Trial: a.trial, State: r.state(a.trial), Attempt: a.number, Budget: r.budget(a.trial),
		Agent: a.agent, Host: a.host, Executor: a.executor,
		Launched: a.launched, Started: a.started, Points: a.points, Value: a.value,
		AskSeq: r.learned.asked[a.trial], TellSeq: r.learned.told[a.trial], Failure: r.learned.failed[a.trial], KillReason: uint8(a.killing), Reason: a.reason,
	}
}

// counted is the demand that the packer counted the attempt as.
func (a *attempt) counted() *offers.Demand {
	if a.role == "" || a.demand.Role == a.role {
		return a.demand
	}
	d := *a.demand
	d.Role = a.role
	return &d
}

func (a *attempt) where() string {
	if a.host != "" {
		return a.host
	}
	return string(a.agent)
}
