package sweep

import "testing"

// The table of moves is closed: every state has a row, terminal ones are empty, and from every other state a
// terminal one can be reached.
func TestMoves(t *testing.T) {
	for _, s := range States() {
		if _, ok := Moves[s]; !ok {
			t.Errorf("%v has no row", s)
		}
		back, err := ParseState(s.String())
		if err != nil || back != s {
			t.Errorf("%v reads back as %v, %v", s, back, err)
		}
		if want := s >= Succeeded; s.Terminal() != want {
			t.Errorf("%v terminal: %v", s, s.Terminal())
		}
		ends := false
		for _, to := range States() {
			if s.CanMove(to) && s.Terminal() {
				t.Errorf("%v moves to %v", s, to)
			}
			ends = ends || s.CanMove(to) && to.Terminal()
		}
		if !s.Terminal() && !ends {
			t.Errorf("%v cannot end", s)
		}
	}
	if _, err := ParseState("runing"); err == nil || err.Error() != "parse state \"runing\": did you mean `running`?" {
		t.Error(err)
	}
	if s := State(99); s.String() != "state(99)" || s.CanMove(Waiting) {
		t.Error("an unknown state behaves like a known one")
	}
}
