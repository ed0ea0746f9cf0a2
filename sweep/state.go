package sweep

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
