// Package sandbox reads what attempts write while they run: the files of their folders, on this machine or an
// agent's, and the streams that the executor keeps in pieces there. A trial may have put anything into its folder:
// no link is followed out of it.
package sandbox
