// Package fairness divides a cluster among queues, users and sweeps: hierarchical weighted dominant-resource fairness.
//
//	queues + jobs + what is free ─► Divide ─► turns: which job may start how many tasks, and in which order of levels
//
// A user's dominant share is the largest part that they have of any one resource, and whoever has the smallest comes
// next (DRF: Ghodsi et al., NSDI 2011). In a tree of queues the next is found from the root down. The share of a queue
// with others below is what theirs come to, but that those whose dominant resource is another than the neediest's are
// scaled down to that one, or left out where what they wait for is used up: else one that has much of a resource which
// nobody else wants would keep its siblings from theirs (H-DRF: Bhattacharya et al., SoCC 2013). Of one and the same
// resource all counts, unlike there: a queue that has more than its part since others came late gets no more by a
// sibling that has none. Within a queue priority decides, then the user's share, then age.
//
// Nouns: a Queue is a tenant's share as an operator has set it. A Job is a sweep: what runs of it, and its Wants. A
// Turn is tasks that may start. Held is tasks that a limit keeps back.
//
// The package is pure: no clock, no state between calls. It knows amounts, and no agents: that a task fits somewhere is
// the packer's business. So turns come in levels, and the packer places one level after the other: what of a level fits
// nowhere leaves its room to the next, and nothing is idle that somebody could use.
package fairness
