// Package ledger divides one machine among the runs of one user that are on it at the same time.
//
// Every run has an entry in a folder: what it wants and what it claims. It claims no more than the others
// leave, and gives a claim back only when nothing uses it any more, so that the claims together never exceed
// the machine. How much each should have is a function of the entries (plan.go), which all runs compute
// alike: the runs in the order in which they began first get room for one trial each, then for one more each
// in turn. A run that should have less than it claims starts nothing new until it is down to its part. A run
// that is alone has the machine.
//
// An entry counts while the process that made it holds the lock on its file, which the kernel drops however
// it ends.
package ledger
