package simtest

import "fmt"

// Kind is a kind of fault.
type Kind uint8

// The faults. Those of messages and crashes are armed at their time and strike at the next occasion; the rest
// strike at once, and undo themselves after a while.
const (
	LoseCall   Kind = iota // a call never arrives; its connection breaks
	LoseAnswer             // a call arrives, its answer does not; the connection breaks
	LoseEvent              // the stream breaks before an event
	// the master has lost the stream, the scheduler notices by the heartbeats that do not come
	HalfOpen
	LoseMessage // a framework message is lost, silently
	DelayEvents // events take seconds for a while
	DelayCalls  // so do calls
	Duplicate   // an update arrives twice
	Reorder     // updates of different tasks change places
	Corrupt     // an update's report arrives damaged
	Stall       // the scheduler's process stands still for a while
	Flap        // an agent's connection breaks just when its offer has left: offered, then rescinded
	AgentDeath  // an agent's process dies, its executors live; it is started again
	// the agent's machine reboots: executors and checkpoints are gone, it comes back as a new agent
	AgentReboot
	Partition     // an agent and the master do not hear each other for a while
	ExecutorDeath // SIGKILL for one executor
	ExecutorStuck // the next executor that starts never registers
	MasterDeath   // the master dies; the next one knows nothing
	CrashEarly    // the scheduler dies before the journal has what is ready
	CrashTorn     // it dies while the journal is written
	CrashLate     // it dies when the journal has it, before any call leaves
	CrashMidway   // it dies when some of the calls have left
	CrashSilent   // it dies before anybody in the process is told
	BucketSlow    // the bucket takes seconds for an object
	BucketDown    // the bucket refuses everything for a while
	BucketTorn    // an object is half written
	ClockForward  // the scheduler's clock jumps ahead
	ClockBack     // it jumps back
	DiskFull      // the journal refuses to append, and the scheduler ends
	UserStop      // a user stops a sweep
	UserPause     // a user pauses a sweep and resumes it later
	UserRetry     // a user retries what failed
	UserStopTrial // a user, or early stopping, ends one trial
	UserTell      // a user sends a message to a trial
	AgentBroken   // executors that start on an agent end at once for a while, as they cannot reach it
	StrayWinner   // a winner is told that nobody asked for
	UserExtend    // a user extends a sweep
	Maintenance   // an operator plans to take an agent away, or takes it away, and calls that off later
	PodRefused    // the next executor that starts is refused where it was to run, for want of room
	PodEvicted    // an executor's pod is deleted by others, which it is told by SIGTERM
	PodGone       // an executor's pod is gone, and nobody says how it ended
	// an executor is killed, and its agent reads in its log all that it ever said, and what nobody heard
	PodLog
	WatchReplayed // a watch begins anew: agents are told again what they know of their containers
	MachineDown   // an operator takes a machine down, running or not, and brings it up later
	Kinds         // how many there are
)

var kindNames = [Kinds]string{
	"lose-call", "lose-answer", "lose-event", "half-open", "lose-message", "delay-events", "delay-calls", "duplicate",
	"reorder", "corrupt", "stall", "flap", "agent-death", "agent-reboot", "partition", "executor-death",
	"executor-stuck", "master-death", "crash-early", "crash-torn", "crash-late", "crash-midway", "crash-silent",
	"bucket-slow", "bucket-down", "bucket-torn", "clock-forward", "clock-back", "disk-full", "user-stop",
	"user-pause", "user-retry", "user-stop-trial", "user-tell", "agent-broken",
	"stray-winner", "user-extend", "maintenance", "pod-refused", "pod-evicted", "pod-gone", "pod-log", "watch-replayed",
	"machine-down",
}

// String is the kind's name in stories and counts.
func (k Kind) String() string {
	if k < Kinds {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Counts is how often faults of each kind struck.
type Counts [Kinds]int

// Add adds another run's counts.
func (c *Counts) Add(o *Counts) {
	for k := range c {
		c[k] += o[k]
	}
}

// Total is all of them.
func (c *Counts) Total() int {
	n := 0
	for _, x := range c {
		n += x
	}
	return n
}
