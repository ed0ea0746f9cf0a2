package scheduler

import "fmt"

// tally counts why trials of a sweep failed, to name the commonest reason and one trial to look at.
type tally struct {
	reasons []reasonCount
}

type reasonCount struct {
	reason string
	count  int
	trial  int
}

// talliedReasons bounds the memory of reasons; a sweep with more different ones has no commonest worth naming.
const talliedReasons = 64

func (t *tally) add(reason string, trial int) {
	for i := range t.reasons {
		if t.reasons[i].reason == reason {
			t.reasons[i].count++
			return
		}
	}
	if len(t.reasons) < talliedReasons {
		t.reasons = append(t.reasons, reasonCount{reason, 1, trial})
	}
}

// commonest is a clause about the most frequent reason, the earliest of equals; empty when nothing failed.
func (t *tally) commonest() string {
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
