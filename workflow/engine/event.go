package engine

// State is how an instance stands, or a run.
type State string

// The states. An instance waits until it may start, and ends in one of the last four.
const (
	Waiting   State = "waiting"
	Running   State = "running"
	Succeeded State = "succeeded"
	Failed    State = "failed"
	Skipped   State = "skipped"  // no way led there, or somebody said so
	Canceled  State = "canceled" // the run was
)

// Ended tells whether nothing more happens.
func (s State) Ended() bool { return s != Waiting && s != Running }

// Interrupted is told of a run that has not ended and on which no process works. No engine is in it.
const Interrupted State = "interrupted"

// Standing is the state of a run for people: live says whether a process works on it.
func (s State) Standing(live bool) State {
	if !live && !s.Ended() {
		return Interrupted
	}
	return s
}

// Kind is what an event tells of.
type Kind string

// The kinds of events.
const (
	Begin   Kind = "begin"   // the run
	Ended   Kind = "ended"   // an attempt of Key: State, with Outputs or Reason and Fault
	Due     Kind = "due"     // a time that Next has named has come
	Cancel  Kind = "cancel"  // the run is to end, for Reason
	Approve Kind = "approve" // Key may start, before which the run holds
	Skip    Kind = "skip"    // Key counts as done, without outputs
	Restart Kind = "restart" // what failed is run again, or all from Names on
	Late    Kind = "late"    // the run was to be done by now, and goes on
	Queued  Kind = "queued"  // the attempts under way of Names wait for a place to run: no time of theirs passes
	Placed  Kind = "placed"  // those of Names that were queued have one
)

// Event is one thing that has happened. Events are stored: fields may be added, not renamed.
type Event struct {
	Kind    Kind           `json:"kind"`
	At      int64          `json:"at"` // milliseconds since 1970
	Key     string         `json:"step,omitempty"`
	Attempt int            `json:"attempt,omitempty"`
	State   State          `json:"state,omitempty"`
	Outputs map[string]any `json:"outputs,omitempty"`
	Reason  string         `json:"reason,omitempty"`
	Who     string         `json:"who,omitempty"`
	ID      string         `json:"id,omitempty"`     // of the attempt where it ran, as a sweep's
	Cached  bool           `json:"cached,omitempty"` // an earlier attempt's outputs stand for it: that is ID

	Winner    map[string]any `json:"winner,omitempty"`    // of a sweep
	Artifacts map[string]any `json:"artifacts,omitempty"` // where the files that it left lie, by name
	Fault     Fault          `json:"fault,omitempty"`
	Names     []string       `json:"names,omitempty"`
	Signal    string         `json:"signal,omitempty"` // id of the signal that an attempt has used up

	Parameters map[string]any `json:"parameters,omitempty"` // of Begin: all; of Restart: those that are others now

	// of Restart: iterations begin again as their for-each's bound allows. In logs of a kaon without it all begin at
	// once.
	Bounded bool `json:"bounded,omitempty"`
}

// Fault is whose a failure is.
type Fault string

// The faults, by which retries are told apart.
const (
	User     Fault = "user"     // the step's own, as an exit code
	Platform Fault = "platform" // of what ran it
	Timeout  Fault = "timeout"
	Input    Fault = "input" // what it was given cannot be right: trying again is in vain
)

// EffectKind is what is to be done.
type EffectKind int

// The kinds of effects.
const (
	Start EffectKind = iota // an attempt
	Stop                    // an attempt that runs; its end is told like any other
	End                     // nothing: the run has ended
)

// Effect is what must follow an event, when that is durable.
type Effect struct {
	Kind EffectKind
	Task Task // of Start and Stop
}
