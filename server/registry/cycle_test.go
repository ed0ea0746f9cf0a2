package registry

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// behind is a workflow that begins behind others.
func behind(name string, others ...string) string {
	text := "name: " + name + "\nsteps: {a: {type: notify, message: x}}\ngraph: a\n"
	if len(others) > 0 {
		text += "triggers:\n"
	}
	for _, one := range others {
		text += "  - {after: " + one + "}\n"
	}
	return text
}

// Workflows that would begin runs of one another for ever are refused, with the whole way, where they are registered and where another version
// is to run; nothing of a refused one is kept.
func TestCycles(t *testing.T) {
	w := newWorld(t)
	refused := func(err error, want string) {
		t.Helper()
		if !errors.Is(err, ErrWrong) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q in it", err, want)
		}
	}
	_, _, err := w.tryRegister(ann, behind("a", "a"))
	refused(err, "begin a run of itself")
	w.register(ann, behind("a"))
	w.register(ann, behind("b", "a"))
	w.register(bob, behind("c", "b", "other"))
	w.register(bob, behind("d", "c", "b", "a")) // many ways, and no way back
	_, _, err = w.tryRegister(ann, behind("a", "other", "c"))
	refused(err, "a after c after b after a")
	_, _, err = w.tryRegister(ann, behind("other", "c")) // c waits for it already
	refused(err, "other after c after other")
	if _, err := w.Get("other"); !errors.Is(err, ErrUnknown) {
		t.Errorf("the refused one: %v", err)
	}
	if i, err := w.Get("a"); err != nil || i.Latest != 1 {
		t.Errorf("%+v, %v", i, err)
	}

	if _, err := w.Pin("a", ann, 1); err != nil {
		t.Fatal(err)
	}
	w.register(ann, behind("a", "c")) // it does not run
	_, err = w.Pin("a", ann, 2)
	refused(err, "a after c after b after a")
	_, err = w.Pin("a", ann, 0)
	refused(err, "a after c after b after a")
	w.open()
	if i, err := w.Get("a"); err != nil || i.Pinned != 1 {
		t.Errorf("%+v, %v", i, err)
	}
	w.register(ann, behind("b")) // the way is cut
	if _, err := w.Pin("a", ann, 2); err != nil {
		t.Error(err)
	}
	_, _, err = w.tryRegister(ann, behind("b", "a"))
	refused(err, "b after a after c after b")
}

// A long way costs no more than its length.
func TestLongCycle(t *testing.T) {
	w := newWorld(t)
	const most = 100
	for n := 1; n < most; n++ {
		w.register(ann, behind(fmt.Sprint("w", n), fmt.Sprint("w", n-1), fmt.Sprint("w", max(0, n-2))))
	}
	if _, _, err := w.tryRegister(ann, behind("w0", fmt.Sprint("w", most-1))); !errors.Is(err, ErrWrong) {
		t.Error(err)
	}
}
