package testkit

import (
	"testing"
	"time"
)

// Patience is how long Await waits: far longer than anything awaited takes on an idle machine, so that only a hang
// uses it up on a busy one.
const Patience = 2 * time.Minute

// poll is how often Await looks.
const poll = 5 * time.Millisecond

// Await returns once happened does, and fails the test when it does not within Patience. what completes the sentence
// "waited in vain for …". Inside a synctest bubble the clock is the bubble's.
func Await(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(Patience); !happened(); time.Sleep(poll) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
