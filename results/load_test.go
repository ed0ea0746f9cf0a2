package results_test

import (
	"bytes"
	"testing"

	"github.com/kaon-sweep/kaon/results"
)

// fillBucket packs records into batches as a writer does.
func fillBucket(t testing.TB, b results.Bucket, records []results.Record) {
	t.Helper()
	p := results.NewPacker()
	n := uint64(0)
	flush := func() {
		if err := b.Put(t.Context(), results.BatchName("s", n), bytes.NewReader(p.Pack())); err != nil {
			t.Fatal(err)
		}
		n++
	}
	for _, r := range records {
		if err := p.Add(r); err != nil {
			t.Fatal(err)
		}
		if p.Len() > 1<<20 {
			flush()
		}
	}
	flush()
}
