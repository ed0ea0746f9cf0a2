package scheduler

import (
	"os"
	"regexp"
	"testing"
)

// Every kind of call has a counter: the process ends when it sends one that has none.
func TestEveryCallIsCounted(t *testing.T) {
	source, err := os.ReadFile("cluster/calls.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := regexp.MustCompile(`func \((\w+)\) call\(\)`).FindAllSubmatch(source, -1)
	if len(kinds) != len(callsTotal) {
		t.Errorf("%d kinds of calls, %d counters", len(kinds), len(callsTotal))
	}
	for _, kind := range kinds {
		if callsTotal[string(kind[1])] == nil {
			t.Errorf("%s is not counted", kind[1])
		}
	}
}
