package journal

import "iter"

// Journal is where the loop keeps what must survive. Package disk implements it on two files, Memory in
// memory.
type Journal interface {
	// Append makes all entries durable, or none, and returns when they are. An error means the scheduler must
	// end and start again from Load: it can no longer tell what is on disk.
	Append(entries []Entry) error
	// Load yields what is kept: framework, executors, sweeps by Number, then the trials, then the records, those of one
	// sweep together and in order. An error ends it.
	Load() iter.Seq2[Entry, error]
	Close() error
}
