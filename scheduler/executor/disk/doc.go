// Package disk tells a failure for want of disk from a trial's own: it watches the file system of the sandbox while
// attempts run, and judges whether one that failed was itself what filled it (Use.Judge).
package disk
