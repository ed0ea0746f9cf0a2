package access

import (
	"fmt"
	"testing"
	"time"
)

// Who asks too often waits; others do not wait for them.
func TestRates(t *testing.T) {
	r := newRates(10)
	now := time.Now()
	for i := range 20 {
		if wait := r.wait("ann", now); wait != 0 {
			t.Fatalf("request %d waits %v", i, wait)
		}
	}
	for range 3 { // who is refused has not used anything up
		if wait := r.wait("ann", now); wait <= 0 || wait > 150*time.Millisecond {
			t.Errorf("the next waits %v", wait)
		}
	}
	if r.wait("bob", now) != 0 || r.wait("ann", now.Add(200*time.Millisecond)) != 0 {
		t.Error("others wait, or she waits when she has waited")
	}
	for i := range mostCallers + 5 {
		r.wait(fmt.Sprint(i), now)
	}
	if len(r.by) > mostCallers {
		t.Errorf("%d callers are told apart", len(r.by))
	}
}
