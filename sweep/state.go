package sweep

import "fmt"

// State is where a trial stands. The legal moves are in one table, Moves.
type State uint8

const (
	Waiting   State = iota // not launched, or waiting for its next attempt
	Launched               // handed to an agent, not heard from
	Running                // its executor reported it
	Succeeded              // exit 0 and the objective was reported
	Failed                 // the last attempt allowed failed
	Stopped                // ended early by the sweep: early stop, limit, or user
	Cached                 // taken from an earlier run of the same work
)

var stateNames = [...]string{"waiting", "launched", "running", "succeeded", "failed", "stopped", "cached"}

// States are all states, in the order in which a progress line shows them.
func States() []State {
	return []State{Waiting, Launched, Running, Succeeded, Failed, Stopped, Cached}
}

// Moves is every legal move of a trial: where it may go from each state. A state without moves is terminal.
// Going back to Waiting is a lost or failed attempt that will be tried again; Launched may end without
// Running because the reports of short trials are coalesced.
var Moves = map[State][]State{
	Waiting:   {Launched, Cached, Stopped, Failed},
	Launched:  {Running, Waiting, Succeeded, Failed, Stopped},
	Running:   {Waiting, Succeeded, Failed, Stopped},
	Succeeded: nil,
	Failed:    nil,
	Stopped:   nil,
	Cached:    nil,
}

// CanMove says whether Moves has the step from s to next.
func (s State) CanMove(next State) bool {
	for _, to := range Moves[s] {
		if to == next {
			return true
		}
	}
	return false
}

// Terminal says whether nothing can follow.
func (s State) Terminal() bool { return len(Moves[s]) == 0 }

// CanWin reports whether trials in this state may be the winner.
func (s State) CanWin() bool { return s == Succeeded || s == Cached }

// String is the state's name in records, JSON and tables.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// ParseState reads what String wrote.
func ParseState(name string) (State, error) {
	for i, n := range stateNames {
		if n == name {
			return State(i), nil
		}
	}
	return 0, fmt.Errorf("parse state %q: %s", short(name), didYouMean(name, stateNames[:]))
}

// MarshalText makes the name the JSON form.
func (s State) MarshalText() ([]byte, error) {
	if int(s) >= len(stateNames) {
		return nil, fmt.Errorf("write state %d: unknown", uint8(s))
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads the name.
func (s *State) UnmarshalText(text []byte) error {
	state, err := ParseState(string(text))
	if err != nil {
		return err
	}
	*s = state
	return nil
}
