package sweep

import (
	"strings"
	"testing"
)

// A spec without a name is called after its file, where that says anything.
func TestTitle(t *testing.T) {
	for file, want := range map[string]string{
		"lr.yaml": "lr", "/work/Deep Nets/lr.v2.yml": "lr.v2", "study.json": "study", "a\nb\x1b[2J.yaml": "a-b-[2J",
		"größe.yaml": "größe", "sweep.yaml": "", "/x/sweep.yml": "", "-": "", "/work/-": "", "/work/command line": "", "": "",
		"/": "", "..": "", ".yaml": "", strings.Repeat("x", 300) + ".yaml": "",
	} {
		if got := (&Spec{File: file}).Title(); got != want {
			t.Errorf("%.20q is called %q, want %q", file, got, want)
		}
	}
	if got := (&Spec{File: "lr.yaml", Name: "digits"}).Title(); got != "digits" {
		t.Errorf("its name is %q", got)
	}
}
