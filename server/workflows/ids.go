package workflows

import (
	"regexp"
	"strings"
)

// plain are ids of runs: no other name is looked for in the folder.
var plain = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,199}$`)

// stepID is what stands behind a run's id in those of its steps' attempts, as the engine makes them, and of runs that
// are steps.
var stepID = regexp.MustCompile(`^(-n\d+(-i\d+(-\d+)*)?-a\d+)+$`)

// IsStep tells whether an id is that of an attempt of a step of a run: of a sweep, or of a run.
func IsStep(id, name string) bool {
	rest, ok := strings.CutPrefix(name, id)
	return ok && stepID.MatchString(rest)
}

// ofRun begins the label of sweeps that are steps of runs.
const ofRun = "workflow:"
