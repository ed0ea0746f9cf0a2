// Package store keeps a sweep's records and manifests in a bucket.
//
// Writer packs records into batches and puts them in a goroutine of its own; Load makes the board of a sweep
// from them again, and reports what is damaged or missing; Repair puts sound batches in the places of damaged
// ones. The manifests are sweep.json, board.json and winner.json.
package store
