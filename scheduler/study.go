package scheduler

import (
	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
)

// Study answers what the core asks about one sweep: which point a trial evaluates, what it needs, what it
// runs. It is deterministic: the same spec and the same calls give the same answers (law 6).
type Study interface {
	// Point is the parameters of a trial. One that does not learn is asked in any order and as often as need be.
	Point(trial int) (sweep.Point, error)

	// Learns reports whether points depend on results. Then the core asks for each point once, ascending, remembers it,
	// and journals the order of Point and Observe, to repeat both in that order after a restart.
	Learns() bool
	// Observe tells how a trial ended; known is false when it reported no objective.
	Observe(trial int, state sweep.State, value float64, known bool)

	// Uniform reports whether all trials ask for the same resources.
	Uniform() bool
	// Demand is what a trial at the point asks of the cluster, Count 1, without executor. A uniform study is
	// asked once, with a nil point.
	Demand(p sweep.Point) (offers.Demand, error)

	// Order is the attempt to run. For the `then` step trial is ThenTrial, and params and manifest are the
	// winner's.
	Order(trial, attempt int, p sweep.Point) (task.Order, error)
	Then(attempt int, params, manifest []byte) (task.Order, error)
	ThenDemand(params []byte) (offers.Demand, error)
}
