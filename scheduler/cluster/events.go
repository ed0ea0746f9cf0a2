package cluster

import (
	"github.com/kaon-sweep/kaon/offers"
)

// Event is something that the cluster tells a framework. The driver of an engine turns what the engine says into these;
// nothing else of it reaches the core.
type Event interface{ event() }

type (
	// Subscribed: the master took us in. Everything known about offers is void from here on.
	Subscribed struct {
		Framework FrameworkID
		Master    string // host:port
		Again     bool   // not the first time in this process
	}
	// Disconnected: the stream broke; the driver is already trying again, unless Err is nil: a Teardown ended it.
	Disconnected struct{ Err error }
	// Rejected: the master will never take this framework in (removed, failed over by another, not authorised).
	Rejected struct{ Err error }
	// Offered: offers arrived.
	Offered struct{ Offers []offers.Offer }
	// Rescinded: one offer is gone.
	Rescinded struct{ Offer offers.OfferID }
	// InverseOffered: the master asks for what the framework has on agents, which are to be away.
	InverseOffered struct{ Offers []InverseOffer }
	// InverseRescinded: one of these is void: its plan has changed, or been called off, or its agent is out of reach.
	InverseRescinded struct{ Offer offers.OfferID }
	// Updated: a task's state, from agent, executor or master.
	Updated struct{ Status Status }
	// AgentGone: the master lost the agent (Mesos FAILURE without an executor).
	AgentGone struct{ Agent offers.AgentID }
	// ExecutorGone: an executor ended; its tasks' updates come separately.
	ExecutorGone struct {
		Agent    offers.AgentID
		Executor offers.ExecutorID
		Wait     int // wait status as the kernel gives it
	}
	// ExecutorMessage: a framework message from an executor.
	ExecutorMessage struct {
		Agent    offers.AgentID
		Executor offers.ExecutorID
		Data     []byte
	}

	// Undelivered: the driver could not hand a call to the master. The loop reports it; the core makes good.
	Undelivered struct {
		Call Call
		Err  error
	}
)

// InverseOffer asks for all that a framework has on one agent, by the time that the agent is to be away.
type InverseOffer struct {
	ID          offers.OfferID
	Agent       offers.AgentID // empty: all agents are meant
	Hostname    string         // empty: it was not said
	Unavailable offers.Unavailability
}

func (Subscribed) event()       {}
func (Disconnected) event()     {}
func (Rejected) event()         {}
func (Offered) event()          {}
func (Rescinded) event()        {}
func (InverseOffered) event()   {}
func (InverseRescinded) event() {}
func (Updated) event()          {}
func (AgentGone) event()        {}
func (ExecutorGone) event()     {}
func (ExecutorMessage) event()  {}
func (Undelivered) event()      {}
