package offers

import (
	"time"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// OfferID, AgentID and ExecutorID are Mesos's own ids.
type (
	OfferID    string
	AgentID    string
	ExecutorID string
)

// In is the executor as it is known on the offers of one role. Mesos allocates an executor to the role whose
// resources it was started with and refuses it tasks on another's, so the same executor in two roles is two.
func (id ExecutorID) In(role string) ExecutorID {
	if id == "" || role == "" || role == anyRole {
		return id
	}
	return id + "@" + ExecutorID(role)
}

// anyRole is Mesos's name of the role that resources nobody reserved are in.
const anyRole = "*"

// Offer is one Mesos offer: amounts of one agent that may be used once, by one accept.
type Offer struct {
	ID         OfferID
	Agent      AgentID
	Hostname   string
	Role       string // allocation role
	Amounts    []Amount
	Attributes []Attribute
	Executors  []ExecutorID // already running on the agent, ours, each In its role
	URL        string       // the agent's HTTP endpoint, http://host:port/slave(1); for logs

	Unavailable Unavailability // as of now; zero: nobody plans to take the agent away
}

// Unavailability is when an agent is planned to be away.
type Unavailability struct {
	Start time.Time // zero: it is not
	End   time.Time // from when it may be used again; zero: nobody knows
}

// Planned reports whether the agent is away now, or will be.
func (u Unavailability) Planned(now time.Time) bool {
	return !u.Start.IsZero() && (u.End.IsZero() || now.Before(u.End))
}

// Began reports whether the agent is away now, as far as is planned.
func (u Unavailability) Began(now time.Time) bool { return u.Planned(now) && !now.Before(u.Start) }

// String says it for people.
func (u Unavailability) String() string {
	from := "from " + u.Start.UTC().Format(time.RFC3339)
	if u.End.IsZero() {
		return from + ", nobody said until when"
	}
	return from + " to " + u.End.UTC().Format(time.RFC3339)
}

// Amount is a quantity of one resource with one reservation. Exactly one of Scalar, Ranges and Set is used,
// by the resource's Mesos type.
type Amount struct {
	Name        string
	Reservation string // role it is reserved for; empty when unreserved
	Revocable   bool   // may be taken away; never used
	Opaque      bool   // persistent volumes, providers and the like: never used, handed back as they came
	Scalar      resource.Milli
	Ranges      []Range
	Set         []string
	// Source is how the driver tells this resource from others of its name: the reservations, the allocation,
	// the disk, all but the quantity, in the driver's own encoding. Amounts are handed back with the Source
	// they came with. Empty: nothing is known but the fields above.
	Source string
}

// Range is inclusive at both ends, as in Mesos.
type Range struct{ Begin, End uint64 }

// Attribute is one label of an agent. Scalars are written in their shortest decimal form; sets keep their
// items.
type Attribute struct {
	Name   string
	Value  string
	Scalar bool // Value is a number, and is compared as one
	Set    []string
}
