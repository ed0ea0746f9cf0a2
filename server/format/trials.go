package format

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/results"
)

// Trial is a trial as people are told of it.
func Trial(trial int) string {
	if trial == results.ThenTrial {
		return "the `then` step"
	}
	return fmt.Sprintf("trial %d", trial)
}

// Sentences are what is to be said of trials, each once: by its text, which has %s where the trials are named.
type Sentences map[string][]int

// Add adds what is to be said of a trial.
func (s Sentences) Add(trial int, text string) { s[text] = append(s[text], trial) }

// All are the sentences, sorted.
func (s Sentences) All() (lines []string) {
	for text, trials := range s {
		lines = append(lines, strings.Replace(text, "%s", trialsText(trials), 1))
	}
	slices.Sort(lines)
	return lines
}

// trialsText is trials in a sentence: "trial 7", "trials 0-23, 25 and the `then` step".
func trialsText(trials []int) string {
	trials = slices.Compact(slices.Sorted(slices.Values(trials)))
	if len(trials) == 1 {
		return Trial(trials[0])
	}
	step := ""
	if trials[0] == results.ThenTrial {
		if trials = trials[1:]; len(trials) == 1 {
			return Trial(trials[0]) + " and " + Trial(results.ThenTrial)
		}
		step = " and " + Trial(results.ThenTrial)
	}
	var ranges []string
	for i := 0; i < len(trials); {
		j := i
		for j+1 < len(trials) && trials[j+1] == trials[j]+1 {
			j++
		}
		if j == i {
			ranges = append(ranges, strconv.Itoa(trials[i]))
		} else {
			ranges = append(ranges, fmt.Sprintf("%d-%d", trials[i], trials[j]))
		}
		i = j + 1
	}
	return "trials " + strings.Join(ranges, ", ") + step
}
