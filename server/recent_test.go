package server

import (
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// What was found holds for a moment, for its key alone, and not if it came with an error.
func TestRecent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r recent[string, int]
		asked := 0
		ask := func(key string, err error) int {
			n, got := r.get(key, func() (int, error) { asked++; return asked, err })
			if !errors.Is(got, err) {
				t.Errorf("%v", got)
			}
			return n
		}
		if a, again, b := ask("a", nil), ask("a", nil), ask("b", nil); a != 1 || again != 1 || b != 2 {
			t.Errorf("%d %d %d", a, again, b)
		}
		time.Sleep(moment)
		if a := ask("a", errors.ErrUnsupported); a != 3 {
			t.Errorf("after a moment %d", a)
		}
		if a, c := ask("a", nil), ask("c", nil); a != 4 || c != 5 || len(r.found) != 3 {
			t.Errorf("%d %d, kept %d", a, c, len(r.found))
		}
		for key := range 2 * mostRecent {
			ask(strconv.Itoa(key), nil)
		}
		if len(r.found) > mostRecent {
			t.Errorf("%d are kept", len(r.found))
		}
	})
}
