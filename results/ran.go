package results

import "fmt"

// Ran is an attempt of a trial of some sweep of the same place of results.
type Ran struct {
	Sweep   string `codec:"sweep" json:"sweep"`
	Trial   int    `codec:"trial" json:"trial"`
	Attempt int    `codec:"attempt" json:"attempt"`
}

// String names the trial as commands take it.
func (r Ran) String() string { return fmt.Sprintf("%s/%d", r.Sweep, r.Trial) }

// Artifacts is the prefix of what the attempt left.
func (r Ran) Artifacts() string { return ArtifactsPrefix(r.Sweep, r.Trial, r.Attempt) }

// Ran is who did the work of an attempt that ended so: itself, or the one whose results stand for it. A nil End did its
// own.
func (e *End) Ran(sweep string, trial, attempt int) Ran {
	if e != nil && e.From != nil {
		return *e.From
	}
	return Ran{sweep, trial, attempt}
}

// Artifacts is the prefix of the artifacts of an attempt that ended so.
func (e *End) Artifacts(sweep string, trial, attempt int) string {
	return e.Ran(sweep, trial, attempt).Artifacts()
}
