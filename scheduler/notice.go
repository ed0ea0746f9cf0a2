package scheduler

import (
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// Notice is something that has become true, for logs, metrics, the board and the records' writer.
type Notice interface{ notice() }

type (
	// Connected: the master took us in, or lost us (Master empty, Err says why; nil: we left).
	Connected struct {
		Framework cluster.FrameworkID
		Master    string
		Err       error
	}
	// SweepStarted: the sweep is durable and its trials wait. Resumed: it was read back from the journal.
	SweepStarted struct {
		Sweep   string
		Spec    *sweep.Spec
		At      time.Time // of submission
		Resumed bool
	}
	// SweepExtended: the sweep goes on by another spec, whose trials wait.
	SweepExtended struct {
		Sweep      string
		Spec       *sweep.Spec
		Extensions []journal.Extension // all there were
	}
	// SubmitRefused: the sweep was not taken, and nothing of it is kept.
	SubmitRefused struct {
		Sweep string
		Err   error
	}
	// TrialMoved: a trial changed state.
	TrialMoved struct {
		Sweep   string
		Trial   int // ThenTrial for the `then` step
		Attempt int
		From    sweep.State
		To      sweep.State
		Host    string
		Reason  string
		At      time.Time
	}
	// NeverStarted: trials From to To-1 that were still waiting for their first launch ended as Stopped. One notice
	// stands for a whole range because a stopped sweep may have a million of them.
	NeverStarted struct {
		Sweep    string
		From, To int
		Reason   string
	}
	// Recorded: a record is in the journal; the board folds it and the bucket stores it, then RecordsStored frees it.
	Recorded struct {
		Number uint64 // within the sweep, from 1
		Record results.Record
	}
	// ThenReported: news of the `then` step, points or its end, for people. It comes after the same record's Recorded
	// and, unlike that, not again after a restart.
	ThenReported struct{ Record results.Record }
	// Select: all trials of a sweep with a `then` command ended well; Won must follow.
	Select struct{ Sweep string }
	// SweepEnding: no more trials start; running ones are awaited or killed. Reason says why.
	SweepEnding struct {
		Sweep  string
		Reason string
	}
	// SweepEnded: every trial is in its terminal state, and the `then` step if there is one.
	SweepEnded struct {
		Sweep   string
		Phase   sweep.Phase
		Reason  string
		Counts  sweep.Counts
		Seconds float64
		Resumed bool // it had ended before this process started
	}
	// SweepForgotten: a sweep that has ended made place for others that ended later; the results alone have it now.
	SweepForgotten struct{ Sweep string }
	// Progress: a running attempt said how far it is.
	Progress struct {
		Sweep   string
		Trial   int
		Attempt int
		Percent float64
	}
	// AgentAvoided: an agent gets no work until Until, because attempts die fast on it. Zero Until: it is trusted
	// again.
	AgentAvoided struct {
		Agent  offers.AgentID
		Host   string
		Until  time.Time
		Reason string
	}
	// AgentIncompatible: an agent gets no work for as long as it lives, because no executor is built for its
	// architecture.
	AgentIncompatible struct {
		Agent        offers.AgentID
		Host         string
		Architecture string // as its attributes name it; empty: an executor found out that it is another
	}
	// AttemptLost: an attempt was lost through no fault of its trial.
	AttemptLost struct {
		Sweep string
		Loss
	}
	// PrefetchDisabled: agents keep failing to bring a sweep's inputs to its attempts, which from here on fetch for
	// themselves.
	PrefetchDisabled struct {
		Sweep  string
		Reason string // of the last
	}
	// PassDone: one packing pass that launched, declined or had to refuse something.
	PassDone struct {
		Launched int
		Declined int
		Refusals []SweepRefusal
		Held     []SweepHeld
	}
	// Anomaly: something that should not happen and does no lasting harm; for the log.
	Anomaly struct {
		Message string
		Task    cluster.TaskID
		Agent   offers.AgentID
		Err     error
	}
	// FrameworkRejected: the master will never take this framework in; the loop ends.
	FrameworkRejected struct{ Err error }
)

// SweepRefusal is the packer's reason why trials of a sweep wait.
type SweepRefusal struct {
	Sweep   string
	Refusal offers.Unplaced
}

// SweepHeld is trials of a sweep that a limit of its queue keeps from starting, or that others are ended for.
type SweepHeld struct {
	Sweep  string
	Trials int
	Why    string // for people
}

func (Connected) notice()         {}
func (SweepStarted) notice()      {}
func (SweepExtended) notice()     {}
func (SubmitRefused) notice()     {}
func (TrialMoved) notice()        {}
func (NeverStarted) notice()      {}
func (Recorded) notice()          {}
func (ThenReported) notice()      {}
func (Select) notice()            {}
func (SweepEnding) notice()       {}
func (SweepEnded) notice()        {}
func (SweepForgotten) notice()    {}
func (Progress) notice()          {}
func (AgentAvoided) notice()      {}
func (AgentIncompatible) notice() {}
func (AttemptLost) notice()       {}
func (PrefetchDisabled) notice()  {}
func (PassDone) notice()          {}
func (Anomaly) notice()           {}
func (FrameworkRejected) notice() {}

// Loss is an attempt that was lost through no fault of its trial.
type Loss struct {
	Trial   int
	Attempt int
	Agent   string // its host name, or id where that is not known
	Reason  string
	At      time.Time
	Count   int // losses of the sweep so far, in this process
}
