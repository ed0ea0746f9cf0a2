package clustertest

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/testkit"
)

// goroutines are those there are, by their names: "goroutine 17".
func goroutines() map[string]string {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	all := map[string]string{}
	for one := range strings.SplitSeq(string(buf), "\n\n") {
		name, _, _ := strings.Cut(one, " [")
		all[name] = one
	}
	return all
}

// awaitGoroutines fails the test when goroutines are left that were not there before, but for those of package testing.
func awaitGoroutines(t *testing.T, before map[string]string) {
	t.Helper()
	var left string
	for end := time.Now().Add(testkit.Patience / 4); ; time.Sleep(10 * time.Millisecond) {
		left = ""
		for name, stack := range goroutines() {
			if before[name] == "" && !strings.Contains(stack, "created by testing.") &&
				!strings.Contains(stack, "runtime.Stack(") {
				left = stack
			}
		}
		if left == "" {
			return
		}
		if time.Now().After(end) {
			t.Errorf("a goroutine is left: %s", left)
			return
		}
	}
}
