package sweep

// Outcome is how an attempt ended, as records, metrics and screens write it. It is a word, not a number, since records
// of another version may hold words that this one does not know.
type Outcome string

// Outcomes of attempts. TimedOut is the scheduler's alone: its budget counts it apart, its record says failed.
const (
	AttemptSucceeded Outcome = "succeeded"
	AttemptFailed    Outcome = "failed"
	AttemptTimedOut  Outcome = "timed out"
	AttemptStopped   Outcome = "stopped"
	AttemptCached    Outcome = "cached"
	AttemptLost      Outcome = "lost"      // by the platform's fault
	AttemptPreempted Outcome = "preempted" // killed in favour of other work
)

// Recorded is the outcome that records hold.
func (o Outcome) Recorded() Outcome {
	if o == AttemptTimedOut {
		return AttemptFailed
	}
	return o
}

// TrialState is the state of a trial whose last attempt ended so. Lost and preempted trials have failed, and so has
// one whose outcome is not known: nothing unknown may win.
func (o Outcome) TrialState() State {
	switch o {
	case AttemptSucceeded:
		return Succeeded
	case AttemptStopped:
		return Stopped
	case AttemptCached:
		return Cached
	}
	return Failed
}
