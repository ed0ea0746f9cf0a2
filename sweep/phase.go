package sweep

// Phase is where a sweep stands.
type Phase string

const (
	PhaseActive    Phase = "running"   // trials start and run
	PhaseDraining  Phase = "ending"    // no more trials start; running ones are awaited or killed
	PhaseSelecting Phase = "selecting" // all trials ended well; the winner is awaited for `then`
	PhaseThen      Phase = "following" // the `then` step waits or runs
	PhaseSucceeded Phase = "succeeded"
	PhaseFailed    Phase = "failed"
	PhaseStopped   Phase = "stopped"
)

// Interrupted is told of a sweep, or a run of a workflow, that has not ended and that nobody works on: its process was
// killed, or no longer has it.
const Interrupted = "interrupted"

// Ended reports whether the sweep is over.
func (p Phase) Ended() bool { return p == PhaseSucceeded || p == PhaseFailed || p == PhaseStopped }
