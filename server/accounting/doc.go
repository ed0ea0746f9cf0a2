// Package accounting sums up what sweeps used: the amounts that attempts asked for, times how long they ran, by sweep,
// queue, user or day. It is computed from sweep.json, spec.yaml and the records alone, so it is the same with and
// without a server; what attempts really took is not measured.
//
// Nouns: the Ledger has read what sweeps used, and reads one that has ended once; an era is a time in which a sweep
// asked for the same; a gap is a sweep of which something could not be read.
package accounting
