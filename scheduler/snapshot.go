package scheduler

import (
	"cmp"
	"slices"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/health"
	"github.com/kaon-sweep/kaon/sweep"
)

// Snapshot is what the core knows at one moment, for people. It shares nothing with the core that changes.
type Snapshot struct {
	Framework cluster.FrameworkID
	Connected bool
	Since     time.Time // when it was connected
	Offered   bool      // an offer has come since
	Live      int       // attempts believed alive
	Sweeps    []SweepStatus
	Agents    []AgentStatus // by id
}

// SweepStatus is one sweep.
type SweepStatus struct {
	ID        string
	Spec      *sweep.Spec
	Phase     sweep.Phase
	Paused    bool
	Reason    string
	Counts    sweep.Counts
	Staged    int // of those launched: behind another in their bundle
	Best      float64
	BestTrial int // -1: none
	Submitted time.Time
	Elapsed   time.Duration // for which schedulers had it, without pauses
	Ended     time.Time
	Then      sweep.State
	Loss      Loss                   // the last; Count 0: none
	Early     map[sweep.StopRule]int // trials that were decided to end early, by rule; nil: none
	Percent   *float64               // how far running trials are in the mean, of those that said it; nil: none did
}

// AgentStatus is one agent the scheduler has had offers or tasks of.
type AgentStatus struct {
	ID      offers.AgentID
	Host    string
	Running int
	Proven  bool
	Avoided time.Time // zero or until when it gets no work
	Why     string    // it was avoided the last time; empty: it never was
	Health  int       // from 0, avoided, to 100: what it gets depends on it
	Cordon  *Cordon   // an operator wants no work there; nil: nobody does

	Unavailable offers.Unavailability // when it is away, or will be; zero: nobody plans that

	Unreachable bool // of what runs there the cluster has said that it is out of reach, or not known, and nothing since
	Foreign     bool // no executor is built for its architecture
	Attributes  []offers.Attribute
}

// healthOf is a number for people: an agent that has proved itself has 100, an unknown one 60; each fast failure in a
// row costs 15, each time in a row that it was left alone 20, and one that is left alone now has 0.
func healthOf(a *health.Agent, avoided bool) int {
	score := 60
	switch {
	case avoided:
		return 0
	case a.Proven:
		score = 100
	}
	return max(5, score-15*a.Failures-20*a.Avoided)
}

// Snapshot copies what people ask about: O(sweeps + agents + live attempts).
func (c *Core) Snapshot() Snapshot {
	s := Snapshot{
		Framework: c.framework, Connected: c.connected, Since: c.connectedSince, Offered: c.offeredSince,
		Live: c.live.len, Sweeps: make([]SweepStatus, len(c.order)),
	}
	for i, r := range c.order {
		s.Sweeps[i] = c.status(r)
	}
	missing := map[offers.AgentID]bool{}
	for att := c.live.first; att != nil; att = att.next {
		if !att.unreachableSince.IsZero() {
			missing[att.agent] = true
		}
	}
	for id, a := range c.health.All() {
		st := AgentStatus{ID: id, Host: a.Host, Running: a.Running, Proven: a.Proven, Avoided: c.health.Avoid[id],
			Why: a.Why, Attributes: a.Attributes}
		_, st.Foreign = c.health.Foreign[id]
		st.Unreachable = missing[id]
		st.Health = healthOf(&a, st.Avoided.After(c.now) || st.Foreign)
		if cordon := c.health.Cordoned[id]; cordon != nil {
			one := *cordon
			st.Cordon = &one
		}
		if u := c.health.Leaves[id]; u.Planned(c.now) {
			st.Unavailable = u
		}
		s.Agents = append(s.Agents, st)
	}
	slices.SortFunc(s.Agents, func(a, b AgentStatus) int { return cmp.Compare(a.ID, b.ID) })
	return s
}

// Sweep is the status of one sweep: O(its live attempts). False: the core has none of that id.
func (c *Core) Sweep(id string) (SweepStatus, bool) {
	r, known := c.runs[id]
	if !known {
		return SweepStatus{}, false
	}
	return c.status(r), true
}

func (c *Core) status(r *run) SweepStatus {
	return SweepStatus{
		ID: r.id, Spec: r.spec, Phase: r.entry.Phase, Paused: r.entry.Paused, Reason: r.entry.Reason,
		Counts: r.Counts(), Staged: len(r.live) - r.tasks, Best: r.best, BestTrial: r.bestTrial,
		Submitted: r.entry.Submitted, Elapsed: r.elapsed(c.now), Ended: r.entry.Ended, Then: r.state(ThenTrial),
		Loss: r.loss, Early: r.endedEarly(), Percent: r.percent(),
	}
}

// percent is how far the running trials are in the mean, of those that said it; nil: none did.
func (r *run) percent() *float64 {
	sum, count := 0.0, 0
	for _, att := range r.live {
		if att.percent != nil {
			sum += *att.percent
			count++
		}
	}
	if count == 0 {
		return nil
	}
	mean := sum / float64(count)
	return &mean
}
