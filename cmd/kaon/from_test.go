package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// A search that starts from another sweep has learnt what that showed before its first trial, says what of it is of no use, and goes
// on so after kill -9.
func TestSearchStartsFromOtherSweeps(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	log := filepath.Join(p.dir, "log")
	spec := strings.ReplaceAll(learnt, "../../../../log", log)
	p.write("first.yaml", strings.NewReplacer("name: learnt", "name: first", "method: tpe", "method: random", "run_cap: 24", "run_cap: 60", "parallel: 1", "parallel: 20").Replace(spec))
	p.kaon("run", "first.yaml", "--quiet").ends(exitDone)
	from := p.sweep("first")
	second := strings.Replace(spec, "max: 50}", "max: 40}", 1) + "from: " + from + "\n"
	p.write("s.yaml", second)

	p.kaon("run", "s.yaml").ends(exitDone).prints("starts from", "of "+from, "`b` has another value there than any here")
	undisturbed := p.sweep("learnt")
	want := points(t, p, undisturbed)
	near := 0
	for _, point := range want[:10] {
		var a float64
		var b int
		if _, err := fmt.Sscanf(strings.NewReplacer(`{"a":`, "", `,"b":`, " ", ",", " ").Replace(point), "%g %d", &a, &b); err != nil {
			t.Fatalf("%s: %v", point, err)
		}
		if b >= 15 && b <= 25 { // the best is 20; of 40 values these are a quarter
			near++
		}
	}
	if near < 6 {
		t.Errorf("%d of the first ten points are near the best that was known: %s", near, strings.Join(want[:10], "\n"))
	}
	try := 0
	samePointsAfterAKill(t, want, 15, func() (place, string) {
		try++
		name := fmt.Sprintf("killed%d", try)
		p.write("log", "")
		p.write("s.yaml", strings.Replace(second, "name: learnt", "name: "+name, 1))
		return p, p.killedAndResumed(name, log, 15)
	})

	p.write("s.yaml", spec+"from: nothing-here\n")
	p.kaon("run", "s.yaml").ends(exitUsage).says("from: nothing-here", "kaon list")
	p.write("s.yaml", strings.Replace(spec, "method: tpe", "method: random", 1)+"from: "+from+"\n")
	p.kaon("run", "s.yaml").ends(exitUsage).says("`random` learns nothing")
	p.kaon("plan", "s.yaml", "--set", "method=tpe").ends(exitDone).prints("the search starts from the results of " + from)
}
