package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
)

const eventFile = "../../scheduler/executor/tensorboard/testdata/x/events.out.tfevents.1700000000.host"

// What a program writes for TensorBoard is on the board while it runs, once, and not what lay there before; a file that is damaged is
// told of; tensorboard: off reads nothing.
func TestTensorBoard(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	events, err := os.ReadFile(eventFile)
	if err != nil {
		t.Fatal(err)
	}
	p.write("events", string(events))
	if err := os.MkdirAll(filepath.Join(p.dir, "code/runs"), 0o755); err != nil {
		t.Fatal(err)
	}
	p.write("code/runs/tfevents.old", string(events))
	const spec = `
name: NAME
method: grid
metric: {name: acc, goal: maximize}
parameters: {x: {values: [1]}}
command: 'mkdir -p runs/now && dd if=EVENTS of=runs/now/events.out.tfevents.1 bs=1 count=300 2>/dev/null; while [ ! -e GO ]; do sleep 0.1; done; cat EVENTS > runs/now/events.out.tfevents.1; echo a text of some length > runs/now/tfevents.broken'
task: {code: code, TENSORBOARD}
`
	run := func(name, key string) *process {
		p.write(name+".yaml", strings.NewReplacer("NAME", name, "EVENTS", filepath.Join(p.dir, "events"), "GO", filepath.Join(p.dir, "go"), "TENSORBOARD", key).Replace(spec))
		return p.start("run", name+".yaml", "--quiet")
	}
	x := run("events", "")
	var trial struct {
		Metrics []struct {
			Name  string
			Count int
		}
	}
	points := func() map[string]int {
		got := map[string]int{}
		p.kaon("trial", "0", "--json").json(&trial)
		for _, m := range trial.Metrics {
			got[m.Name] = m.Count
		}
		return got
	}
	testkit.Await(t, "points of half a file", func() bool {
		x.lives()
		found, _ := filepath.Glob(filepath.Join(p.dir, "kaon-results/sweeps/events-*"))
		return len(found) > 0 && points()["acc"] > 0
	})
	if n := points()["acc"]; n >= 6 {
		t.Errorf("of half a file are %d points", n)
	}
	p.write("go", "")
	x.wait()
	if got := points(); got["acc"] != 6 || got["Loss/train"] != 5 || len(got) != 2 {
		t.Errorf("%v", got)
	}
	p.kaon("trial", "0").ends(exitDone).prints("event files of TensorBoard that are damaged")
	run("off", "tensorboard: off").wait()
	if got := points(); len(got) != 0 {
		t.Errorf("with tensorboard: off %v", got)
	}
	p.kaon("plan", "off.yaml", "--set", "task.tensorboard=../logs").ends(exitUsage).says("task.tensorboard", "below the folder where trials start")
	p.kaon("plan", "off.yaml", "--set", "task.tensorboard=/logs").ends(exitUsage).says("folder of several trials")
}
