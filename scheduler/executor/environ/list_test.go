package environ_test

import (
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/executor/environ"
)

func TestList(t *testing.T) {
	given := []string{"A=1", "B=", "C=x=y"}
	l := environ.New(given)
	if l.Value("A") != "1" || l.Value("C") != "x=y" || l.Value("D") != "" || !l.Has("B") || l.Has("D") {
		t.Errorf("%q", l.Pairs())
	}
	l.Put("A", "2")
	l.Put("D", "4")
	l.PutUnlessSet("B", "3")
	l.PutUnlessSet("E", "5")
	l.Remove("B")
	l.Remove("none")
	l.Put("D", "6")
	if got := strings.Join(l.Pairs(), " "); got != "A=2 C=x=y D=6 E=5" {
		t.Errorf("%q", got)
	}
	if given[0] != "A=1" {
		t.Errorf("what was given has changed: %q", given)
	}
}
