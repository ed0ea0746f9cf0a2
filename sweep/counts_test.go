package sweep

import "testing"

// Each state has a count of its own, and the terminal ones are Ended.
func TestCountsByState(t *testing.T) {
	var c Counts
	for i, s := range States() {
		*c.Of(s) += 1 << i
	}
	ended := 0
	for i, s := range States() {
		if n := *c.Of(s); n != 1<<i {
			t.Errorf("%d trials are %v, want %d", n, s, 1<<i)
		}
		if s.Terminal() {
			ended += 1 << i
		}
	}
	if c.Ended() != ended {
		t.Errorf("%d have ended, want %d", c.Ended(), ended)
	}
}
