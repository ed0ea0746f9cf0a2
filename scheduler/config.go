package scheduler

import (
	"iter"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/scheduler/journal"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/sweep/search"
)

// Config is what a Core is made of. Packer and Builder are required; every other zero value means the default
// that its comment names.
type Config struct {
	Packer Packer
	// Builder makes the orders of a sweep's attempts; asked when the sweep begins and when it is taken up
	// again.
	Builder func(id string, spec *sweep.Spec) (*task.Builder, error)
	// Search is the method that chooses the points of a sweep; nil: search.New.
	Search func(*sweep.Spec) (search.Method, error)
	// Values yields the final objective of each trial of a sweep that notices have reported so far. Only an Extend to
	// a search that learns calls it. nil: unknown.
	Values func(id string) iter.Seq2[int, sweep.Series]
	// Cached returns the earlier attempt whose result a sweep with `cache` may reuse for a key. nil: there is never
	// one.
	Cached func(id, key string) (Hit, bool)
	// Parse reads a sweep back from its journal entry; only Restore calls it.
	Parse func(journal.SweepEntry) (*sweep.Spec, error)

	Executor ExecutorTemplate
	Inside   ExecutorTemplate // how agents start the executor in an image; its Builds are of the same architectures
	// Container is the image that a sweep's executors start in, with credentials; asked when the sweep
	// begins and when it is taken up again. nil: sweeps with an image are refused.
	Container func(id string, spec *sweep.Spec) (*cluster.Container, error)

	// Inputs is what agents are to fetch, and may keep, for the executors of a sweep that serve one attempt
	// each, besides the executor itself; each lies at the task.Source.Place of what it is. nil: executors
	// fetch for themselves.
	Inputs func(id string) []cluster.URI

	Packing offers.Options // policy and decline times; Caps, Last, Exclude and MoreWaits are the core's own
	Role    string         // allocation role of all sweeps; empty: any

	// Queues are how sweeps share the cluster; those that are not among them have weight 1 and no limit. Their file is
	// the caller's: nothing of them is in the journal.
	Queues []fairness.Queue

	// Parallel is how many attempts of a sweep there may be at one time, whatever it says itself; 0: no
	// bound. nil: none has one.
	Parallel func(id string) int

	PlatformLosses int           // attempts a trial may lose without its own fault; 0: 10
	PartitionGrace time.Duration // how long an unreachable attempt may return before it is replaced; 0: 2 min
	ReviveEvery    time.Duration // least time between REVIVEs that only hurry freed resources; 0: never hurry
	UnprovenCap    int           // launches at once on an agent that has not proved itself; 0: 16
	KeptSweeps     int           // ended sweeps the journal keeps; 0: 100
	CountsAgents   bool          // somebody counts agents: offers come, and are declined, also while nothing waits
	AwaitEnds      bool          // ended sweeps are forgotten only behind EndStored, however many there are

	Cordons []Cordon // agents that get no work from the beginning; SetCordons says it anew

	// PointUpdates is how many status updates a second all executors together are to make for points alone; 0: 50.
	PointUpdates float64
}

// Judgement behind the defaults: ten free losses outlast any one bad agent; an agent that lost its master
// is back within a minute, so two minutes seldom replace an attempt that lives.
const (
	defaultPlatformLosses = 10
	defaultPartitionGrace = 2 * time.Minute
	defaultUnprovenCap    = 16
	defaultKeptSweeps     = 100

	// A master of Mesos spends about 2 ms on an update with all that belongs to it, and is to spend a tenth of a
	// processor on those of points.
	defaultPointUpdates = 50
)

func (c Config) withDefaults() Config {
	if c.Search == nil {
		c.Search = search.New
	}
	if c.PlatformLosses == 0 {
		c.PlatformLosses = defaultPlatformLosses
	}
	if c.PartitionGrace == 0 {
		c.PartitionGrace = defaultPartitionGrace
	}
	if c.UnprovenCap == 0 {
		c.UnprovenCap = defaultUnprovenCap
	}
	if c.KeptSweeps == 0 {
		c.KeptSweeps = defaultKeptSweeps
	}
	if c.PointUpdates == 0 {
		c.PointUpdates = defaultPointUpdates
	}
	return c
}

// Packer holds the cluster's offers and matches waiting work with them; offers.Index is one. It keeps no
// clock, never blocks and has no errors. A plan it returned counts as carried out: the offers of its
// launches and declines are used up, its grants run until TaskEnded.
type Packer interface {
	// Add takes offers in.
	Add(list ...offers.Offer)
	// Rescind forgets an offer; an unknown one is no error, since offers and rescinds cross.
	Rescind(offers.OfferID) bool
	// Reset forgets all offers, but not the agents.
	Reset()
	// Pack makes the plan of one pass.
	Pack(now time.Time, demands []offers.Demand, o offers.Options) offers.Plan
	// Supply is what the cluster has and what of it is offered; of the options only Exclude counts. Holds reports
	// whether some offer has room for a task of the demand, constraints aside.
	Supply(now time.Time, o offers.Options) offers.Supply
	Holds(d *offers.Demand) bool
	// Beside returns the resources that an agent should have free, given our tasks on it, and whether it could hold a
	// task of the demand if it were empty.
	Beside(agent offers.AgentID, d *offers.Demand) (free resource.Resources, ok bool)
	// TaskStarted counts n tasks that run without a grant of Pack: adopted after a restart.
	TaskStarted(agent offers.AgentID, d *offers.Demand, n int)
	// TaskEnded counts out n tasks that Pack granted or TaskStarted counted in.
	TaskEnded(agent offers.AgentID, d *offers.Demand, n int)
	// Could reports whether an agent, other than those excepted, could hold a task of the demand if nothing
	// ran there.
	Could(d *offers.Demand, except func(offers.AgentID) bool) bool
	// ExecutorGone says that an executor ended; RemoveAgent that an agent is gone with all its offers; its tasks
	// end by TaskEnded.
	ExecutorGone(offers.AgentID, offers.ExecutorID)
	RemoveAgent(offers.AgentID)
}
