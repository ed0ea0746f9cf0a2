package workflow

// StrategyRule says what becomes of a run that is to begin while others of its workflow are at work.
type StrategyRule string

// The rules.
const (
	Sequential StrategyRule = "sequential"  // one at a time, in their order
	Concurrent StrategyRule = "parallel"    // up to Limit at once
	LatestOnly StrategyRule = "latest_only" // the newest; older ones are canceled
	FirstOnly  StrategyRule = "first_only"  // it does not begin at all
)

// StrategyRules are all of them.
var StrategyRules = []StrategyRule{Sequential, Concurrent, LatestOnly, FirstOnly}

// Strategy is what becomes of several runs of a registered workflow.
type Strategy struct {
	Rule  StrategyRule
	Limit int // runs at once
	Queue int // runs that may wait
}

// IsDefault tells whether it is what holds for a workflow that says nothing of it.
func (s Strategy) IsDefault() bool {
	return s == Strategy{} || s == Strategy{Rule: Concurrent, Limit: defaultLimit, Queue: defaultQueue}
}

// Bounds and defaults of strategies.
const (
	defaultLimit = 16
	defaultQueue = 100
	mostAtOnce   = 1000
	mostQueued   = 10_000
)
