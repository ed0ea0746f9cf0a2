package scheduler

import "fmt"

// firstFailures watches the first trials of a sweep: when all of them fail in the same way within moments, no other
// will do better, and a mistake in the spec has been found.
type firstFailures struct {
	trials map[int]bool // that failed
	reason string       // in which they did, without what varies
	last   string       // reason, as it is
	over   bool         // one did not
}

// failureReasons counts why trials of a sweep failed, to name the commonest reason and one trial to look at.
type failureReasons struct {
	reasons []reasonCount
}

type reasonCount struct {
	reason string
	count  int
	trial  int
}

// maxFailureReasons bounds the memory of reasons; a sweep with more different ones has no commonest worth naming.
const maxFailureReasons = 64

func (t *failureReasons) add(reason string, trial int) {
	for i := range t.reasons {
		if t.reasons[i].reason == reason {
			t.reasons[i].count++
			return
		}
	}
	if len(t.reasons) < maxFailureReasons {
		t.reasons = append(t.reasons, reasonCount{reason, 1, trial})
	}
}

// mostCommon is a clause about the most frequent reason, the earliest of equals; empty when nothing failed.
func (t *failureReasons) mostCommon() string {
	best := -1
	for i := range t.reasons {
		if best < 0 || t.reasons[i].count > t.reasons[best].count {
			best = i
		}
	}
	if best < 0 {
		return ""
	}
	r := t.reasons[best]
	return fmt.Sprintf("most often: %s (%d×, for example trial %d)", r.reason, r.count, r.trial)
}
