package sweep

import (
	"os"
	"path/filepath"
	"testing"
)

func TestGood(t *testing.T) {
	files, _ := filepath.Glob("testdata/good/*.yaml")
	more, _ := filepath.Glob("../examples/*/*.yaml")
	files = append(files, more...)
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(f, src)
		if err != nil {
			t.Errorf("%s:\n%v", f, err)
			continue
		}
		p, ok := s.Space.Draw(s.Seed, 0)
		if s.Method == "grid" {
			ok = true
		}
		if !ok {
			t.Errorf("%s: no point", f)
		}
		x, err := s.Command.Expand(Vars{Params: p})
		r, err2 := s.Demand(p)
		t.Log(f, s.Trials, p, x, err, r, err2)
	}
}
