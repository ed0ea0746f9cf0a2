package plan

import (
	"fmt"
)

// When is when a sweep would start and end if it were submitted now. Fields may be added, not renamed.
type When struct {
	Start        *Span    `json:"start_seconds,omitempty" doc:"Its first trial, from now on; absent: not within what was looked at."`
	End          *Span    `json:"end_seconds,omitempty" doc:"Its last trial, from now on; absent: not within what was looked at, or nothing is known of how long trials take."`
	TrialSeconds float64  `json:"trial_seconds,omitempty" doc:"That a trial of it is taken to need."`
	Basis        string   `json:"basis" enum:"given,same_name,others,timeout,unknown" doc:"How that is known: it was given, by sweeps of the same name, by all others, half of task.timeout, or not at all."`
	Trials       int      `json:"trials" doc:"Trials that have ended by which it is known."`
	Ahead        Ahead    `json:"ahead"`
	Assumes      []string `json:"assumes" doc:"What the answer takes for granted."`
	Sentence     string   `json:"sentence"`
}

// Span is a time in seconds with its uncertainty.
type Span struct {
	Expected float64 `json:"expected"`
	Earliest float64 `json:"earliest"`
	Latest   float64 `json:"latest"`
}

// Ahead is what runs and waits already.
type Ahead struct {
	Sweeps  int `json:"sweeps"`
	Running int `json:"running" doc:"Tasks."`
	Waiting int `json:"waiting" doc:"Trials that may start."`
}

// String is a span for people.
func (s *Span) String() string {
	if about(s.Earliest) == about(s.Latest) {
		return "about " + about(s.Expected)
	}
	return fmt.Sprintf("about %s (%s to %s)", about(s.Expected), about(s.Earliest), about(s.Latest))
}

// about is a time for people, in two digits or so.
func about(seconds float64) string {
	const minute, hour, day = 60, 3600, 86400
	switch {
	case seconds < 90:
		return fmt.Sprintf("%.0f s", seconds)
	case seconds < 90*minute:
		return fmt.Sprintf("%.0f min", seconds/minute)
	case seconds < 2*day:
		return fmt.Sprintf("%.1f h", seconds/hour)
	}
	return fmt.Sprintf("%.1f days", seconds/day)
}
