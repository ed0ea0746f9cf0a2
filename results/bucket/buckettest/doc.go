// Package buckettest holds what every bucket.Bucket must do, as one suite that the implementations' tests
// run, and buckets that fail as a test says.
package buckettest
