// Package results holds the records of what trials report, and the names under which a sweep's results lie in
// a bucket.
//
//	Record ─► store.Writer ─► batch ─► bucket.Bucket (packages dir, s3)
//	   │                                    │
//	   └──► board.Board ◄── store.Load ─────┘
//	          └─► board.Summary (board.json), board.Trial, board.Winner (winner.json), package export
//
// A Record is news of one attempt: points, or how it ended. Package board reduces records to a board, package
// store keeps them in a bucket and reads them back, and package bucket is the storage. A board depends on
// which points are known and on nothing else, so records may come late, twice and cut up differently.
//
// Nothing here decides about trials: who runs, who is stopped and when a sweep is over is the scheduler's.
// What counts as better is package sweep's. Results stand behind the journal in the flow; only store and
// bucket do I/O.
package results
