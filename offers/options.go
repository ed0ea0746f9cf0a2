package offers

import (
	"time"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Policy names what a pass tries to reach.
type Policy string

const (
	// Tight wants the shortest makespan of the whole waiting queue: it fills agent by agent, each with the
	// shapes that leave the least of the scarce resource unused.
	Tight Policy = "tight"
	// Soonest wants the most tasks running now: smallest shapes first.
	Soonest Policy = "soonest"
	// Spread wants the load even over the agents: each task goes where the largest share stays free.
	Spread Policy = "spread"
	// First wants the least change of order: demands as they come, each on the first agent that holds it.
	First Policy = "first"
	// Scored asks Options.Score for the best agent of each demand, in the order of the demands.
	Scored Policy = "score"
)

// Score says how well a demand suits an agent, from 0 (worst) to 1 (best); the first of the best is taken. It
// is asked only about placements that are possible, and must depend on nothing but its arguments.
type Score func(d *Demand, c *Candidate) float64

// Candidate is an agent as a Score sees it during a pass.
type Candidate struct {
	Agent *Agent
	Free  resource.Resources // before the placement
	Total resource.Resources // what the agent's offers held when the pass began
	Warm  bool               // the demand's executor runs there
	Image bool               // the demand's image was run there
}

// Options of one pass. The zero value packs tightly and declines by the default times.
type Options struct {
	Policy Policy // empty: Tight
	Score  Score  // for Scored

	// MoreWaits says that work waits which this pass does not see (held back by quota or share), so that
	// offers are declined for the short time even when the pass places everything it was given.
	MoreWaits   bool
	RefuseIdle  time.Duration // for declines when nothing waits; 0: 10 minutes
	RefuseShort time.Duration // for declines when work waits; 0: 5 s, Mesos's own default

	Caps map[AgentID]int  // most tasks to launch on an agent in this pass, for agents that have not proved themselves
	Last map[AgentID]bool // agents that get only what no other has room for

	// Leaves is agents that are planned to be away: until then they get what is over by then, and while they are away
	// nothing. That may be called off at any time, so their offers are declined as others are.
	Leaves map[AgentID]Unavailability

	// Exclude is agents that get nothing, for a time or for good. Their offers go back for as long.
	Exclude map[AgentID]Exclusion

	sampleFrom int  // shapes that tight fills with samples of; 0: sampleFrom. Tests set it
	planAlways bool // tight plans for all agents even where filling them one by one is good enough. Tests set it
}

// Exclusion is why an agent gets nothing.
type Exclusion struct {
	Until  time.Time // zero: for good
	Reason string    // of one for good, for people, behind a number of agents: "without a licence"
	Name   string    // of the reason, for programs
	// Cordoned: an operator wants no work there for now, whatever the agent could hold.
	Cordoned bool
}

// Times of declines. A decline with work waiting is short because other frameworks release resources all the
// time; one with nothing waiting is long because a revive clears it at once.
const (
	defaultRefuseIdle  = 10 * time.Minute
	defaultRefuseShort = 5 * time.Second
)

func (o Options) withDefaults() Options {
	if o.Policy == "" {
		o.Policy = Tight
	}
	if o.RefuseIdle == 0 {
		o.RefuseIdle = defaultRefuseIdle
	}
	if o.RefuseShort == 0 {
		o.RefuseShort = defaultRefuseShort
	}
	return o
}
