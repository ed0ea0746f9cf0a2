// Package resource is what a task asks for and where it may run: amounts in fixed point, and placement constraints.
// It is a leaf: it imports nothing of this module, so that a packing library and a spec reader can share it.
package resource
