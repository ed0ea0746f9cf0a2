// Package journal is what the scheduler must not forget: the Entries that its core writes, the Journal that keeps them,
// one for tests in Memory, and the run-length coding of a sweep's trials. Package journal/disk keeps a Journal in two
// files.
//
// Entries are upserts by key, so a journal is as large as what is alive, not as what has happened. The package knows
// nothing of the core that writes them; whoever reads a journal or makes one, as `kaon repair` does, needs no core
// either.
package journal
