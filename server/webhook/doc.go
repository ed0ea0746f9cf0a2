// Package webhook tells addresses of others what has become of sweeps: a POST with a signed JSON body for each sweep
// that has ended, and for each run of a workflow that is late.
//
// Nouns: an Event is one thing to tell; a Sender tells it to its addresses, each with a queue, so that one that is away
// holds up nobody; a guard keeps it from connecting to places of the server's own network.
//
// The package decides how often and to whom it speaks. What happened is the scheduler's word; who may name addresses,
// whoever starts the server. A queue is in memory: what a server did not get told before it was stopped is lost.
package webhook
