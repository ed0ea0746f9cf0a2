// Package buckettest holds what every results.Bucket must do, as one suite that the implementations' tests run.
package buckettest
