// Package python holds the Python package kaon, for trials and for scripts that run and read sweeps, and packs it as a
// wheel.
//
// It decides nothing: the package's reference is docs/python.md. `kaon wheel` writes the wheel, and executors put it
// where trials of Python find it, so that `import kaon` works in every trial without an installation. No goroutines, no
// I/O.
package python
