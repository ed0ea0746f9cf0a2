// Package open finds the bucket of an address. It stands apart from package bucket, which the packages of
// the buckets import.
package open
