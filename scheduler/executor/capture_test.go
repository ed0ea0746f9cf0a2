package executor

import (
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/executor/mask"
)

// What the last lines leave out may have parted a secret.
func TestLastLinesAreMaskedAsTheyAreShown(t *testing.T) {
	s := mask.New(map[string]string{"A": "hunter/Ab"})
	last := &lastLines{}
	_, _ = last.Write([]byte("a hunter\x00/Ab b\n" + strings.Repeat("x", lastWidth-4) + "hunter\x01/Ab\n"))
	if got := strings.Join(last.lines(s), "\n"); strings.Contains(got, "hunt") && !strings.Contains(got, "***") || strings.Contains(got, "hunter") {
		t.Errorf("got %q", got)
	}
}
