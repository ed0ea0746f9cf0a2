package engine

import (
	"time"

	"github.com/kaon-sweep/kaon/workflow"
)

// Policy is what of a step decides when it starts and what its end means.
type Policy struct {
	When     string        // an expression that must hold, or the step is skipped; empty: always
	Timeout  time.Duration // of one attempt; 0: none
	Optional bool          // what follows goes on when it has failed, and so does the run
	Hold     bool          // it starts only when an Approve event says so

	// Retry says whether an attempt follows the failures so far, all of the step's, and after what wait. nil: none
	// does.
	Retry func(fault Fault, failures int) (wait time.Duration, again bool)
}

// Flow is what a run goes through: the graph, then what follows in any case, which may be nil.
type Flow struct {
	Main, Finally *workflow.Graph
	Policy        func(*workflow.Step) Policy
	// Read answers for files(pattern) and lines(file) in expressions, always the same for the same words. nil: nobody
	// does.
	Read      func(function, text string) ([]any, error)
	Name, Run string // of the workflow, and the run's id: what expressions know as workflow.name and workflow.run
}
