package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results"
)

// A step that reports often is told of now and then, by its latest values, and in the end by its last.
func TestStepIsToldOfNowAndThen(t *testing.T) {
	var s stepNews
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var said []string
	for i := range 10_000 { // ten seconds
		p := results.Point{Metrics: map[string]float64{"loss": float64(i), "acc": 0.5}}
		if i%10 == 0 {
			p.Note = &results.Note{Milestone: fmt.Sprintf("epoch %d", i/10)}
		}
		said = append(said, s.lines(results.Record{Points: []results.Point{p}}, begin.Add(time.Duration(i)*time.Millisecond))...)
	}
	said = append(said, s.lines(results.Record{End: &results.End{State: "succeeded", Final: true}}, begin.Add(10*time.Second))...)
	want := []string{"then: epoch 0", "then: acc 0.5, loss 0", "then: epoch 1", "then: epoch 2", "then: epoch 3", "then: epoch 4",
		"then: epoch 500", "then: … 495 more notes", "then: acc 0.5, loss 5000", "then: epoch 501", "then: epoch 502", "then: epoch 503", "then: epoch 504",
		"then: … 495 more notes", "then: acc 0.5, loss 9999", "then: succeeded"}
	if !slices.Equal(said, want) {
		t.Errorf("said\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
	many := map[string]float64{}
	for i := range 1000 {
		many[fmt.Sprintf("m%03d", i)] = 1
	}
	s = stepNews{}
	if got := s.lines(results.Record{Points: []results.Point{{Metrics: many}}}, begin); len(got) != 1 || !strings.HasSuffix(got[0], "m007 1, … 992 more metrics") {
		t.Errorf("of 1,000 metrics: %q", got)
	}
}
