// Package open finds the bucket of an address. It stands apart from package results, which the packages of
// the buckets import.
package open
