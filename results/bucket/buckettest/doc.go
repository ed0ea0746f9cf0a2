// Package buckettest holds what every bucket.Bucket must do, as one suite that the implementations' tests
// run.
package buckettest
