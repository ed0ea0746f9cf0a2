package scheduler

import "github.com/kaon-sweep/kaon/results"

// Hit is an attempt that did the work of a trial already, and well.
type Hit struct {
	From   results.Ran
	Points []results.Point // all of them
	End    results.End
}
