package engine

// scope is one pass through a graph.
type scope struct {
	plan  *plan
	outer *scope
	owner *instance // the for-each; nil: the graph is the flow's own
	index []int     // of the iterations around it, outermost first
	vars  map[string]any
	nodes []*instance
	open  int    // nodes that have not ended
	broke string // the key of a step whose failure ends the scope: nothing more starts in it; empty: none

	// it is an iteration that a restart runs again as soon as more may run: nothing of it starts until then
	pending   bool
	uncounted bool // its for-each ended before that: it counts neither as done nor as failed
}

// instance is a node in a scope.
type instance struct {
	*planned
	in      *scope
	key     string
	state   State
	reason  string
	blocked bool // skipped since what it waits for has failed
	forced  bool // skipped by hand: what follows goes on
	held    bool // at a breakpoint
	granted bool // it need not hold there
	cached  bool // it did not run: earlier outputs stand for its own
	id      string
	outputs map[string]any

	winner, artifacts map[string]any

	attempt  int // the last that was started; 0: none
	round    int // of restarts, when that was
	failures int // since it waits, with the same inputs
	began    int64
	ended    int64
	due      int64 // when a wait is over: before an attempt, or for one; 0: none
	stopping Fault // why the attempt was asked to end; empty: it was not
	skipping bool  // its end counts as done
	queued   bool  // the attempt waits for a place to run

	each *iterations // of a for-each or a loop that has begun
}

// iterations is a for-each under way, or a loop, whose iterations are rounds.
type iterations struct {
	total  int // of a loop: at most
	item   func(i int) map[string]any
	scopes []*scope // nil: not begun
	next   int      // none below waits to begin
	live   int
	failed int
	done   int
}

// resting tells whether it waits for its next attempt.
func (x *instance) resting() bool {
	return x.state == Running && x.node.Step != nil && x.attempt > 0 && x.ended > 0
}

// held tells whether nothing of a scope starts yet, since a restart keeps it or one around it waiting.
func (s *scope) held() bool {
	for ; s != nil; s = s.outer {
		if s.pending {
			return true
		}
	}
	return false
}

// broken is the key of a step whose failure keeps all of a scope from starting; empty: none does.
func (s *scope) broken() string {
	for ; s != nil; s = s.outer {
		if s.broke != "" {
			return s.broke
		}
	}
	return ""
}

// good tells whether what follows may go on, as far as this instance is concerned.
func (x *instance) good() bool {
	return x.state == Succeeded || x.forced || x.state == Failed && x.policy.Optional
}

// bad tells whether it keeps what follows from running because something went wrong.
func (x *instance) bad() bool {
	return x.state == Failed && !x.policy.Optional || x.state == Canceled || x.blocked
}
