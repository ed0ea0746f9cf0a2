package scheduler

import "github.com/kaon-sweep/kaon/sweep"

// Phase is where a sweep stands.
type Phase string

const (
	Active    Phase = "running"   // trials start and run
	Ending    Phase = "ending"    // no more trials start; running ones are awaited or killed
	Selecting Phase = "selecting" // all trials ended well; the winner is awaited for `then`
	Following Phase = "following" // the `then` step waits or runs
	Succeeded Phase = "succeeded"
	Faulted   Phase = "failed"
	Halted    Phase = "stopped"
)

// Ended reports whether the sweep is over.
func (p Phase) Ended() bool { return p == Succeeded || p == Faulted || p == Halted }

// Counts is how many trials of a sweep are in each state.
type Counts struct {
	Total     int `json:"total"`
	Waiting   int `json:"waiting"`
	Launched  int `json:"launched"`
	Running   int `json:"running"`
	Succeeded int `json:"succeeded"`
	Failed    int `json:"failed"`
	Stopped   int `json:"stopped"`
	Cached    int `json:"cached"`
}

// terminal reports whether a trial in this state will never be launched again.
func terminal(s sweep.State) bool {
	switch s {
	case sweep.Succeeded, sweep.Failed, sweep.Stopped, sweep.Cached:
		return true
	}
	return false
}
