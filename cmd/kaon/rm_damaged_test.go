package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A sweep whose sweep.json is damaged is told of with place and remedy by what lists sweeps and by rm, which deletes it when it is to; other
// sweeps are as before. A board.json that is damaged takes the counts away, and nothing else.
func TestDamagedSweepsAreRemoved(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("once.yaml", "name: once\nmethod: grid\nmetric: {name: loss}\nparameters: {x: {values: [1, 2]}}\ncommand: \"echo loss=${param.x}\"\n")
	damage := func(id, file string) {
		name := filepath.Join(p.dir, "kaon-results", "sweeps", id, file)
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text[len(text)/2] ^= 1
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var bad, well, served outcome
	p.kaon("run", "once.yaml", "--json").ends(exitDone).json(&bad)
	p.kaon("run", "once.yaml", "--json").ends(exitDone).json(&well)
	p.kaon("run", "once.yaml", "--json").ends(exitDone).json(&served)
	damage(bad.Sweep, "sweep.json")
	damage(well.Sweep, "board.json")
	p.kaon("list").ends(exitDone).prints(well.Sweep).says("sweeps/"+bad.Sweep+"/sweep.json", "kaon repair "+bad.Sweep, "sweeps/"+well.Sweep+"/board.json", "kaon repair "+well.Sweep)
	p.kaon("best", well.Sweep).ends(exitDone).prints("loss 1").says("board.json", "kaon repair "+well.Sweep)
	only := bad.Sweep[:len("once-")+1]
	if others := well.Sweep + " " + served.Sweep; !strings.Contains(others, only) {
		p.kaon("rm", only).ends(exitUnreachable).says("sweeps/" + bad.Sweep + "/sweep.json")
	}
	p.kaon("rm", bad.Sweep).ends(exitUnreachable).says("sweeps/"+bad.Sweep+"/sweep.json", "kaon repair "+bad.Sweep, "--force")
	p.kaon("rm", bad.Sweep, "--force").ends(exitDone).prints("is deleted")
	p.kaon("repair", well.Sweep).ends(exitDone)
	p.kaon("list").ends(exitDone).prints(well.Sweep).says()

	// The beginning that two ids share names neither, though lists have only one of them.
	damage(served.Sweep, "sweep.json")
	p.kaon("rm", "once").ends(exitUsage).says(well.Sweep, served.Sweep, "write more of it")
	p.kaon("rm", "once", "--force").ends(exitUsage).says(well.Sweep, served.Sweep, "write more of it")
	damage(served.Sweep, "sweep.json") // whole again

	// The same by a server that has others.
	x, at := p.serving()
	damage(served.Sweep, "sweep.json")
	p.kaon("rm", "--server", at.Server, served.Sweep).ends(exitUsage).says("sweep.json", "kaon repair "+served.Sweep, "kaon rm --force "+served.Sweep)
	p.kaon("rm", "--server", at.Server, "once", "--force").ends(exitUsage).says("whole id")
	p.kaon("list").ends(exitDone).prints(well.Sweep)
	p.kaon("rm", "--server", at.Server, served.Sweep, "--force").ends(exitDone).prints("is deleted")
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
}
