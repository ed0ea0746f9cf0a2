package sweep

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// DefaultQueue is where a sweep waits that names no queue. Every server has it.
const DefaultQueue = "default"

// Bounds of a sweep's priority.
const (
	LeastPriority = -1000
	MostPriority  = 1000
)

// Bounds of a queue's name.
const (
	longestQueue = 100
	deepestQueue = 8
)

var queueWord = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

// CheckQueue says what is wrong with the name of a queue: words with a slash between, the first of which is at
// the top of the tree of queues.
func CheckQueue(name string) error {
	words := strings.Split(name, "/")
	switch {
	case name == "":
		return errors.New("a queue needs a name")
	case len(name) > longestQueue:
		return fmt.Errorf("a queue's name has %d characters at most", longestQueue)
	case len(words) > deepestQueue:
		return fmt.Errorf("queues are %d deep at most", deepestQueue)
	}
	for _, word := range words {
		if !queueWord.MatchString(word) {
			return fmt.Errorf("%q is no name of a queue: it has words of letters, digits, _ - and . with a slash "+
				"between, as in eng/ml", name)
		}
	}
	return nil
}

// InQueue is the queue that the sweep waits in.
func (s *Spec) InQueue() string { return cmp.Or(s.Queue, DefaultQueue) }
