package proc

import (
	"strings"
	"testing"
)

// However it comes, its end is kept, whole characters of it.
func TestSaid(t *testing.T) {
	text := strings.Repeat("ä1", 1000) + " \n"
	for _, piece := range []int{1, 2, 3, 7, 40, 41, 100, len(text)} {
		s := Said{Most: 9}
		for rest := text; rest != ""; {
			n := min(piece, len(rest))
			if wrote, err := s.Write([]byte(rest[:n])); wrote != n || err != nil {
				t.Fatal(wrote, err)
			}
			rest = rest[n:]
		}
		if got := s.String(); got != "1ä1ä1" {
			t.Errorf("in pieces of %d: %q", piece, got)
		}
	}
	if s := (&Said{Most: 9}).String(); s != "" {
		t.Errorf("of nothing: %q", s)
	}
}
