package health

import (
	"iter"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// An agent whose attempts die at once is free at once, and would swallow the whole queue: a black hole. Unproven agents
// get few tasks at a time; agents that fail fast are left alone for a while, provided that others could take their work
// and do not fail as fast.
const (
	// FastFailure is a run so short that the agent is suspected; real trials rarely fail within it on good agents.
	FastFailure = 10 * time.Second
	// failuresToAvoid in a row make an agent avoided.
	failuresToAvoid = 5
	firstAvoid      = 30 * time.Second
	mostAvoid       = 10 * time.Minute
	// A loss that the agent may be to blame for makes it pause, for a time that doubles with every further one.
	firstPause = 5 * time.Second
	mostPause  = 40 * time.Second
	// refusalsToPause launches in a row that came to nothing make an agent pause, too, though it is not to blame.
	refusalsToPause = 3
	// avoidDecay without a fast failure forgives one doubling of the time avoided.
	avoidDecay = 10 * time.Minute
	// recentEnds is how many ends of attempts, over all agents, tell whether trials die everywhere.
	recentEnds = 64
)

// Tracker is what is known of all agents. Its maps are what a pass tells the packer, kept up to date so that it need
// not walk all agents.
type Tracker struct {
	Caps    map[offers.AgentID]int       // how many more attempts an unproven agent may get
	Avoid   map[offers.AgentID]time.Time // get none until then
	Last    map[offers.AgentID]bool      // get only what others cannot take: what ended there last was lost
	Foreign map[offers.AgentID]string    // no executor is built for their architecture
	// Cordoned get none because an operator wants it.
	Cordoned map[offers.AgentID]*Cordon
	// Leaves are planned to be away, at times that may be past.
	Leaves map[offers.AgentID]offers.Unavailability

	plans plans

	cordons     []Cordon
	unprovenCap int
	unsupported func(arch string) bool
	agents      map[offers.AgentID]*agent
	recent      [recentEnds]recentEnd
	ends        int
}

// agent is what is known of one agent.
type agent struct {
	host      string
	running   int       // live attempts
	proven    bool      // an attempt succeeded there, or ran for long
	fast      int       // fast failures in a row; attempts that one cause ended together are one
	fell      time.Time // when the last of them was counted that no executor told of
	pauses    int       // in a row, since something last went well there
	refused   int       // launches in a row that came to nothing, for what may pass
	refusedAt time.Time // when the last of them was counted
	avoided   int       // times in a row
	since     time.Time
	until     time.Time

	arch         string             // as its attributes name it; empty: they do not
	archMismatch bool               // an executor found no binary for it
	draining     bool               // an operator drains it, and it has offered nothing since
	why          string             // it is avoided, for people
	attributes   []offers.Attribute // of its last offer
}

type recentEnd struct {
	agent offers.AgentID
	fast  bool
}

// New makes a tracker that knows no agent. An unproven agent gets unprovenCap attempts at once; unsupported reports
// whether no executor is built for an architecture that an agent names.
func New(unprovenCap int, unsupported func(arch string) bool) Tracker {
	return Tracker{
		Caps: map[offers.AgentID]int{}, Avoid: map[offers.AgentID]time.Time{}, Last: map[offers.AgentID]bool{},
		Foreign: map[offers.AgentID]string{}, unprovenCap: unprovenCap, unsupported: unsupported,
		agents: map[offers.AgentID]*agent{}, Cordoned: map[offers.AgentID]*Cordon{},
		Leaves: map[offers.AgentID]offers.Unavailability{},
		plans: plans{asked: map[offers.OfferID]offers.AgentID{}, answered: map[offers.AgentID]offers.Unavailability{},
			doubted: map[offers.AgentID]time.Time{}},
	}
}

// of is the record of an agent, made at first sight.
func (t *Tracker) of(id offers.AgentID, host string) *agent {
	a := t.agents[id]
	if a == nil {
		a = &agent{}
		t.agents[id] = a
		t.updateCap(id, a)
		t.updateCordon(id, a)
	}
	if host != "" && host != a.host {
		a.host = host
		t.updateCordon(id, a)
	}
	return a
}

// updateCap says how many more attempts an unproven agent may get.
func (t *Tracker) updateCap(id offers.AgentID, a *agent) {
	if a.proven {
		delete(t.Caps, id)
		return
	}
	n := t.unprovenCap
	if a.probation() {
		n = 1
	}
	t.Caps[id] = max(0, n-a.running)
}

// probation reports whether an agent that did badly gets one attempt at a time.
func (a *agent) probation() bool { return !a.proven && a.avoided+a.pauses > 0 }

// RecordStart takes in that an attempt was launched. Where the agent did badly before, the attempt is a probe.
func (t *Tracker) RecordStart(id offers.AgentID, host string) (probe bool) {
	a := t.of(id, host)
	probe = a.probation()
	a.running++
	t.updateCap(id, a)
	return probe
}

// End is the end of an attempt, as far as it matters to its agent.
type End struct {
	Agent             offers.AgentID
	Host              string
	Launched, Started time.Time // Started is zero when it never ran
	Succeeded         bool
	Lost              bool // through no fault of its trial
	NotBlamed         bool // whatever ended it says nothing of the agent
	// the agent is known to be at fault: that counts as a fast failure, however long the attempt took
	Faulty       bool
	Refused      bool // it was not taken, for what may pass: it never began, and nobody is to blame
	ExecutorTold bool // its executor lived to tell it; otherwise one cause may have ended several
	// Could reports whether an agent other than those excepted could take the attempt.
	Could func(except func(offers.AgentID) bool) bool
}

// Exclusion is an agent that is to get no work for a time, after which Readmit is due.
type Exclusion struct {
	Until  time.Time // zero: the agent stays as it is
	Avoid  bool      // people hear of it; otherwise it is a pause
	InARow int       // fast failures
}

// RecordEnd counts the end of an attempt for or against its agent.
func (t *Tracker) RecordEnd(now time.Time, e End) (x Exclusion) {
	a := t.of(e.Agent, e.Host)
	a.running--
	defer func() { t.updateCap(e.Agent, a) }()
	if e.Refused {
		return t.refuse(now, a, e)
	}
	if !e.Started.IsZero() {
		a.refused = 0
	}
	if e.NotBlamed {
		return x
	}
	fast := !e.Succeeded && (e.Faulty || e.Started.IsZero() || now.Sub(e.Started) < FastFailure)
	if fast && !e.ExecutorTold {
		if !a.fell.IsZero() && !e.Launched.After(a.fell) {
			return x // what ended an executor or an agent ended all that was there: one event
		}
		a.fell = now
	}
	t.recent[t.ends%recentEnds] = recentEnd{e.Agent, fast}
	t.ends++
	if !fast {
		t.didWell(e.Agent, a)
		if a.avoided > 0 && now.Sub(a.since) >= avoidDecay {
			a.avoided--
			a.since = now
		}
		return x
	}
	a.fast++
	return t.suspect(now, a, e)
}

// suspect draws the consequences of a fast failure for its agent.
func (t *Tracker) suspect(now time.Time, a *agent, e End) (x Exclusion) {
	limit := failuresToAvoid
	if a.avoided > 0 && !a.proven {
		limit = 1
	}
	switch {
	case t.FailingElsewhere(e.Agent, e.Could):
		if e.Lost { // an agent that was not tried yet may do better, as where others lack the containerizer
			t.Last[e.Agent] = true
		}
	case a.fast >= limit:
		return t.avoid(now, e.Agent, a)
	case e.Lost:
		t.Last[e.Agent] = true
		if !a.proven || a.fast > 1 || e.Faulty {
			return t.pause(now, e.Agent, a)
		}
	}
	return x
}

// refuse leaves an agent alone for a moment that takes nothing again and again, where others could: what it offers
// would draw the same work at once. What was launched together counts once.
func (t *Tracker) refuse(now time.Time, a *agent, e End) (x Exclusion) {
	if !a.refusedAt.IsZero() && !e.Launched.After(a.refusedAt) {
		return x
	}
	if now.Sub(a.refusedAt) >= avoidDecay {
		a.refused = 0
	}
	a.refusedAt = now
	if a.refused++; a.refused < refusalsToPause || !e.Could(t.other(e.Agent)) {
		return x
	}
	if until := now.Add(timer.Backoff(firstPause, mostPause, a.refused-refusalsToPause)); t.exclude(e.Agent, a, until) {
		x.Until = until
	}
	return x
}

// FailingElsewhere reports whether an attempt that died on an agent would have fared no better on another, as far as is
// known: where attempts die as fast everywhere, the trials are to blame, and where no other agent could take it, none
// is better.
func (t *Tracker) FailingElsewhere(id offers.AgentID, could func(except func(offers.AgentID) bool) bool) bool {
	others, fast := 0, 0
	for _, e := range t.recent[:min(t.ends, recentEnds)] {
		if e.agent != id {
			others++
			if e.fast {
				fast++
			}
		}
	}
	if others > 0 {
		return 2*fast >= others
	}
	return !could(t.other(id))
}

// other tells what is no other agent that may get work than one.
func (t *Tracker) other(than offers.AgentID) (except func(offers.AgentID) bool) {
	return func(id offers.AgentID) bool { return id == than || t.excluded(id) }
}

// excluded reports whether an agent is kept from getting work.
func (t *Tracker) excluded(id offers.AgentID) bool {
	_, foreign := t.Foreign[id]
	_, avoided := t.Avoid[id]
	return foreign || avoided || t.Cordoned[id] != nil
}

// pause leaves an agent alone for a moment in which its work may go to others, and then tries it with one attempt.
func (t *Tracker) pause(now time.Time, id offers.AgentID, a *agent) (x Exclusion) {
	wait := timer.Backoff(firstPause, mostPause, a.pauses)
	a.pauses++
	a.proven = false
	if until := now.Add(wait); t.exclude(id, a, until) {
		x.Until = until
	}
	return x
}

// avoid leaves an agent alone for longer, the longer the more often it had to be.
func (t *Tracker) avoid(now time.Time, id offers.AgentID, a *agent) (x Exclusion) {
	until := now.Add(timer.Backoff(firstAvoid, mostAvoid, a.avoided))
	if !t.exclude(id, a, until) {
		return x
	}
	a.avoided++
	a.proven, a.since = false, now
	return Exclusion{Until: until, Avoid: true, InARow: a.fast}
}

// exclude lets an agent have no work for a time, unless it has none already for as long.
func (t *Tracker) exclude(id offers.AgentID, a *agent, until time.Time) bool {
	if !until.After(a.until) {
		return false
	}
	a.until = until
	t.Avoid[id] = until
	return true
}

// Readmit lets an agent have work again whose exclusion until that time is over, and reports whether it does: a longer
// one may have begun meanwhile.
func (t *Tracker) Readmit(id offers.AgentID, until time.Time) bool {
	if a := t.agents[id]; a == nil || !a.until.Equal(until) {
		return false
	}
	delete(t.Avoid, id)
	return true
}

// Prove takes in that an attempt has run for FastFailure.
func (t *Tracker) Prove(id offers.AgentID) {
	a := t.of(id, "")
	t.didWell(id, a)
	t.updateCap(id, a)
}

// didWell forgives an agent what was held against it but the times it was avoided, which take longer.
func (t *Tracker) didWell(id offers.AgentID, a *agent) {
	a.proven, a.fast, a.pauses, a.refused = true, 0, 0, 0
	delete(t.Last, id)
}

// Drain takes in that an operator drains an agent: that is no fault of the agent's, which takes tasks again with its
// next offer.
func (t *Tracker) Drain(id offers.AgentID, host string) { t.of(id, host).draining = true }

// Agent is what people and the core may know of an agent.
type Agent struct {
	Host     string
	Running  int
	Proven   bool
	Arch     string // as its attributes name it
	Draining bool
	// Failures are fast ones in a row, Avoided how often in a row it had to be avoided; Why says what for.
	Failures, Avoided int
	Why               string
	Attributes        []offers.Attribute // must not be changed
}

func (a *agent) known() Agent {
	return Agent{a.host, a.running, a.proven, a.arch, a.draining, a.fast, a.avoided + a.pauses, a.why, a.attributes}
}

// Blame keeps why an agent is avoided, for people.
func (t *Tracker) Blame(id offers.AgentID, why string) { t.of(id, "").why = why }

// Agent is what is known of an agent; nothing of one that was never met.
func (t *Tracker) Agent(id offers.AgentID) (a Agent, known bool) {
	if a := t.agents[id]; a != nil {
		return a.known(), true
	}
	return a, false
}

// All yields what is known of every agent, in no order.
func (t *Tracker) All() iter.Seq2[offers.AgentID, Agent] {
	return func(yield func(offers.AgentID, Agent) bool) {
		for id, a := range t.agents {
			if !yield(id, a.known()) {
				return
			}
		}
	}
}

// plans is what is known of agents that are planned to be away.
type plans struct {
	asked    map[offers.OfferID]offers.AgentID        // inverse offers that the master waits for an answer to
	answered map[offers.AgentID]offers.Unavailability // the last that was answered
	doubted  map[offers.AgentID]time.Time             // since when nobody has said that it stands, though it may not
}
