package scheduler

import (
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/scheduler/health"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/sweep"
)

// Command is something that users, or the stages behind the scheduler, want of it.
type Command interface{ command() }

type (
	// Submit: a user's sweep. ID is unique for ever. Overrides are the key=value changes that were applied to
	// the source before it was parsed; with them the journal can parse it again.
	Submit struct {
		ID        string
		Spec      *sweep.Spec
		Overrides []string
		Owner     string // who submitted it, among whom its queue is shared; empty: nobody in particular
	}
	// SetQueues: sweeps share the cluster by these queues from now on.
	SetQueues struct{ Queues []fairness.Queue }
	// Stop: a user ends a sweep; running attempts are killed, waiting trials never start.
	Stop struct {
		Sweep  string
		Reason string
	}
	// StopTrial ends one trial early; early stopping and users send it.
	StopTrial struct {
		Sweep  string
		Trial  int
		Reason string
	}
	// Pause lets running attempts finish and launches no more until Resume.
	Pause  struct{ Sweep string }
	Resume struct{ Sweep string }
	// Retry gives the failed trials of a sweep that runs or has ended fresh budgets and runs them again. A `then` step
	// that did not fail is repeated when the winner is another one afterwards.
	Retry struct{ Sweep string }
	// Extend goes on with a sweep that runs or has ended by another spec: Overrides are what it changes of the spec
	// that the sweep has, and Spec is what that comes to. Trials that have begun keep what they are; those of an ended
	// sweep that never started wait again.
	Extend struct {
		Sweep     string
		Spec      *sweep.Spec
		Overrides []string
	}
	// Forget has the journal keep nothing more of a sweep that has ended and whose records are stored.
	Forget struct {
		Sweep    string
		Unstored bool // also where records are not: nobody wants them
	}
	// SendMessage sends a JSON body to the running attempt of a trial. It may be lost. With an ID, which no other
	// message of the trial has, it may be sent again: the attempt hears it once.
	SendMessage struct {
		Sweep string
		Trial int
		Body  []byte
		ID    string
	}
	// RecordsStored: the records of a sweep up to and including number Through are durable in its bucket, so the
	// journal may forget them.
	RecordsStored struct {
		Sweep   string
		Through uint64
	}
	// EndStored: all that tells of the end of a sweep is stored, or never will be. With Config.AwaitEnds a sweep is
	// forgotten for later ones only then.
	EndStored struct{ Sweep string }
	// Won answers the notice Select: the winner of a sweep whose `then` step waits for it.
	Won struct {
		Sweep    string
		Winner   journal.AttemptRef
		Manifest []byte // the content of $KAON_WINNER
		Params   []byte // JSON object of the winner's parameters
	}
	// SetCordons says which agents are to get no work: all that there are now, in place of those before. The core
	// does not keep them over a restart: Config.Cordons does.
	SetCordons struct{ List []Cordon }
)

// Cordon keeps agents from getting work because an operator wants it.
type Cordon = health.Cordon

func (Submit) command()        {}
func (SetQueues) command()     {}
func (Stop) command()          {}
func (StopTrial) command()     {}
func (Pause) command()         {}
func (Resume) command()        {}
func (Retry) command()         {}
func (Extend) command()        {}
func (Forget) command()        {}
func (SendMessage) command()   {}
func (RecordsStored) command() {}
func (EndStored) command()     {}
func (Won) command()           {}
func (SetCordons) command()    {}
