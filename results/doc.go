// Package results turns what trials report into what people want to know.
//
//	record ─► Writer ─► batch ─► Bucket (package dir, package s3)
//	   │                            │
//	   └──► Board ◄───── Load ──────┘
//	          └─► Summary (board.json), Trial, Winner (winner.json), export
//
// A Record is a piece of news of one attempt: points, or how it ended. The scheduler's loop folds every record
// into the sweep's Board and hands it to a Writer, which packs records into batches and puts them into a
// Bucket in a goroutine of its own. Load makes the same board again from a bucket. A board depends on which
// points are known and on nothing else, so records may come late, twice and cut up differently.
//
// It decides nothing about trials: who runs, who is stopped and when a sweep is over is the scheduler's. What
// counts as better is package sweep's. It stands behind the journal in the flow; only Writer and the buckets do I/O.
package results
