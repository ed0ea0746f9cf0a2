// Package bucket is the storage that results lie in: named objects, written whole.
//
// Bucket is the interface; packages dir (a folder) and s3 implement it, Memory does in this process, and
// package buckettest holds all of them to the same rules. Retry, Metered and VerifySHA256 wrap a bucket or a
// reader. A bucket that can sign requests is a Signer as well, so that executors reach it without
// credentials. The package knows nothing of sweeps; package open finds the bucket of an address.
package bucket
