package store

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/sweep"
)

// What is not kept, as another attempt did the same, takes nothing of what a memo may hold.
func TestMemoCountsWhatItKeeps(t *testing.T) {
	var b bucket.Memory
	for _, id := range []string{"first", "again", "original"} {
		if err := WriteSweep(t.Context(), &b, Sweep{ID: id, Trials: 3, Work: "w"}); err != nil {
			t.Fatal(err)
		}
		p := NewPacker()
		for trial := range 3 {
			end := &results.End{State: sweep.AttemptSucceeded, Final: true, Points: 1, Key: fmt.Sprint("key ", trial)}
			if id != "original" {
				end.State, end.From = sweep.AttemptCached, &results.Ran{Sweep: "original", Trial: trial, Attempt: 1}
			}
			point := results.Point{Step: 1, Metrics: map[string]float64{"y": 1}}
			if err := p.Add(results.Record{Sweep: id, Trial: trial, Attempt: 1, Points: []results.Point{point}, End: end}); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Put(t.Context(), results.BatchName(id, 0, ""), bytes.NewReader(p.Pack())); err != nil {
			t.Fatal(err)
		}
	}
	m, err := ReadMemo(t.Context(), &b, "w", []string{"first", "again", "original", "first"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, k := range m.kept {
		if k.ran.Sweep != "original" {
			t.Errorf("kept that of %v", k.ran)
		}
		for _, packed := range k.packed {
			kept += len(packed)
		}
	}
	if m.Known() != 3 || m.bytes != kept {
		t.Errorf("%d known, of %d bytes, counted as %d", m.Known(), kept, m.bytes)
	}
}
