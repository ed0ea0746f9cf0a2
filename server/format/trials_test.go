package format

import (
	"testing"

	"github.com/kaon-sweep/kaon/results"
)

func TestTrialsText(t *testing.T) {
	for want, trials := range map[string][]int{
		"trial 7":                           {7, 7},
		"the `then` step":                   {results.ThenTrial},
		"trials 0-23, 25":                   append([]int{25, 3, 4}, upTo(24)...),
		"trial 4 and the `then` step":       {4, results.ThenTrial},
		"trials 1, 3-4 and the `then` step": {results.ThenTrial, 1, 3, 4},
	} {
		if got := trialsText(trials); got != want {
			t.Errorf("%v: %q, want %q", trials, got, want)
		}
	}
}

func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}
