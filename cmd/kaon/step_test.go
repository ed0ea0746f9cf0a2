package main

import (
	"strings"
	"testing"
)

// A step of thousands of lines leaves a screen that can be read.
func TestStepOfThousands(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square+"then: 'i=0; while [ $i -lt 3000 ]; do echo y=$i; i=$((i+1)); done'\n")
	r := p.kaon("run", "square.yaml").ends(exitDone).prints("then: y 2999\nthen: succeeded\n")
	if n := strings.Count(r.stdout, "\nthen: "); n > 20 {
		t.Errorf("%d lines of the step", n)
	}
}

func TestSpeed(t *testing.T) {
	for perSecond, want := range map[float64]string{
		1234.6: "1,235/s", 999.4: "999/s", 12.34: "12.3/s", 0.5: "0.5/s", 0.4999: "2.0 s each", 1 / 6.5: "6.5 s each", 1 / 59.94: "59.9 s each", 1.0 / 60: "1m0s each", 1.0 / 3725: "1h2m5s each",
	} {
		if got := speed(perSecond); got != want {
			t.Errorf("%v per second is %q, want %q", perSecond, got, want)
		}
	}
}
