package journal

import (
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/sweep"
)

// Extension is a change of a sweep that has begun.
type Extension struct {
	From      int      // the first trial that had not begun then
	Overrides []string // further key=value changes of the spec, after those before
	At        time.Time
}

// Entry is one fact the journal keeps. Entries are upserts: each has a key, and a later entry with the same
// key replaces the earlier one, so a journal is as large as what is alive, not as what has happened.
type Entry interface{ entry() }

// AttemptRef names the attempt that won; Attempt 0: nobody has yet.
type AttemptRef struct{ Trial, Attempt int }

type (
	// FrameworkEntry is the id the master knows us by. One per journal.
	FrameworkEntry struct{ ID cluster.FrameworkID }

	// SweepEntry is one sweep: enough to parse its spec again and to know where it stands. Key: ID. When Phase.Ended()
	// and not KeepTrials, the journal drops the TrialEntries of the sweep; States and Attempts stand for them.
	SweepEntry struct {
		ID        string
		Number    uint64 // order of submission, from 1
		File      string
		Source    []byte
		Seed      uint64
		Overrides []string
		Submitted time.Time
		// for which schedulers had it, without pauses, as of this entry; since it was retried, if it was
		Elapsed    time.Duration
		Phase      sweep.Phase
		Paused     bool
		Killing    bool        // a Draining sweep kills what runs
		Reason     string      // why it is ending or how it ended
		Outcome    sweep.Phase // of a Draining sweep: the phase it ends in
		Ended      time.Time
		Records    uint64     // how many records the sweep has numbered; kept current only once it has ended
		Stored     uint64     // records up to this number are durable in the bucket
		Winner     AttemptRef // for the `then` step
		Manifest   []byte     // of the winner
		Params     []byte     // of the winner, JSON
		States     []byte     // per trial, run-length coded, once ended
		Attempts   []byte     // per trial, run-length coded, once ended
		Best       float64    // of ended sweeps; meaningful when BestTrial is not negative
		BestTrial  int
		Extensions []Extension // what the user has changed since, in order
		Owner      string      // who submitted it; empty: nobody in particular, or a kaon that kept none
		// TrialEntries stay after the end: a search that learns, and early stopping, need them for Retry
		KeepTrials bool
	}

	// TrialEntry is one trial that has been launched at least once or has ended. One that waits, was never launched and
	// had no point asked for is as none. Key: Sweep and Trial.
	TrialEntry struct {
		Sweep      string
		Trial      int // ThenTrial for the `then` step
		State      sweep.State
		Attempt    int // number of the last attempt
		Budget     Budget
		Reason     string    // why a Failed one failed
		Due        time.Time // Waiting: not to be launched before
		Agent      offers.AgentID
		Host       string
		Executor   offers.ExecutorID
		Launched   time.Time
		Started    time.Time      // zero until the attempt was reported running
		Points     uint64         // how many points of the attempt the journal holds
		Value      sweep.Series   // what the objective has been so far
		KillReason uint8          // a live attempt is being killed: why, as the core numbers it
		Task       cluster.TaskID // of a live attempt in a bundle: its task; empty: its own, which has its id
		Place      int            // in the bundle, from 0
		Missing    uint64         // of a live attempt: points before Points that never came
		// for searches that learn: when the point was asked for, and the end told, in their dialogue
		AskSeq  uint64
		TellSeq uint64
		Point   []byte // JSON, what a search that learns has given it; none in journals of earlier versions
		Failure bool   // what was told is that it failed, whatever a user's retry has made of it since

		Stop *sweep.StopMemory // of sweeps that end trials early; nil: nothing. Nobody changes it
	}

	// RecordEntry is a piece of results that the bucket does not hold yet. Key: Sweep and Number, from 1.
	RecordEntry struct {
		Sweep  string
		Number uint64
		Record results.Record
	}

	// TruncateEntry removes the RecordEntries of a sweep up to and including Through, and remembers the number.
	TruncateEntry struct {
		Sweep   string
		Through uint64
	}

	// ExecutorEntry is the resources a running executor holds on an agent; every later task of that executor
	// must repeat them. None: the executor ended. Key: Agent and Executor. An executor belongs to one role.
	ExecutorEntry struct {
		Agent     offers.AgentID
		Executor  offers.ExecutorID
		Role      string // that the resources are allocated to; empty: "*"
		Resources []offers.Amount
	}

	// DeleteEntry removes a sweep and all that belongs to it.
	DeleteEntry struct{ Sweep string }
)

func (FrameworkEntry) entry() {}
func (SweepEntry) entry()     {}
func (TrialEntry) entry()     {}
func (RecordEntry) entry()    {}
func (TruncateEntry) entry()  {}
func (ExecutorEntry) entry()  {}
func (DeleteEntry) entry()    {}

// ExecutorKey names an executor as Mesos does.
type ExecutorKey struct {
	Agent    offers.AgentID
	Executor offers.ExecutorID
}

// Budget counts what a trial has used up, by whose fault it was.
type Budget struct {
	Failures    int // the user's: bounded by the spec's retries
	Timeouts    int // bounded by the spec's retries too, counted apart
	Losses      int // the platform's: bounded by Config.PlatformLosses
	Preemptions int // nothing any more: they are free
}
