// Package recordio frames Mesos's event streams: each record is its length in decimal, a newline, and that
// many bytes. Driver and executor read with it; tests' servers write with it.
//
// It knows nothing of what records hold and starts no goroutine. mesos-go's own reader ends a stream at the
// first record beyond 4 MiB, which an OFFERS event of ten thousand agents exceeds, and can only be given a
// higher bound by paying half of it in memory at once; this one grows to the largest record seen.
package recordio
