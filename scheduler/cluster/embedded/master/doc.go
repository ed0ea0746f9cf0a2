// Package master is the pure master of the embedded cluster: frameworks, agents as it records them, offers,
// tasks, and the rules of Mesos 1.12 between them.
//
//	scheduler call ─► Call ─► validate ─► framework | offer | accept | reconcile ─► Effects, messages to agents
//	agent message  ─► Receive ─► agents | update ─► Effects
//	what became free ─► allocate (DRF) ─► OFFERS
//
// It has no clock, goroutine or I/O: Advance says what time it is, ids and order come from a seed, Effects gives
// what has to happen, Config.Send carries messages. It is not safe for concurrent use. Of ours it knows protocol, and
// timer, a leaf.
package master
