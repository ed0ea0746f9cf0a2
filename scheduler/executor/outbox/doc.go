// Package outbox makes status updates of the points of one attempt: numbered without gaps, in order, one
// unacknowledged at a time, the end last. What waits is bounded: in memory first, then in a spill, then
// dropped and counted. A Bundle makes the updates of several attempts of one task; a Mux puts the points of all
// attempts of an executor into few updates, and bounds these and those of bundles.
//
// Nouns: a batch is points that travel together; an Update is one status update; a Spill keeps batches beyond
// memory, a FileSpill in the attempt's folder; an Ending is how the attempt ended.
//
// An Outbox is pure but for its spill: it has no clock, no goroutine and no network, so the simulation runs
// it as the executor does. It is for one goroutine at a time; the executor holds the attempt's lock. In the
// flow it stands between reading points (package parse) and sending updates to the agent.
package outbox
