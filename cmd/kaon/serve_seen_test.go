package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/testkit"
)

// Files and sweeps begin runs of a server, each one and once, though it is killed when they have come; what was there before begins none.
func TestServedFilesAndSweepsKilled(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	in := filepath.Join(p.dir, "in")
	p.write("in/old.csv", "1")
	p.write("files.yaml", "name: inbox\nparameters: {file: '', size: 0}\n"+
		"triggers: {file: '"+in+"/*.csv', every: 1s, parameters: {file: \"${trigger.base}\", size: \"${trigger.size}\"}}\nsteps: {a: {type: notify, message: hi}}\ngraph: a\n")
	p.write("behind.yaml", "name: behind\nparameters: {x: 0}\ntriggers: {sweep: search, parameters: {x: \"${trigger.winner.params.x}\"}}\n"+
		"steps: {a: {type: notify, message: hi}}\ngraph: a\n")
	p.write("sweep.yaml", "name: search\nmethod: grid\nparameters: {x: {values: [3, 2]}}\nmetric: {name: loss, goal: minimize}\n"+
		"command: echo '{\"loss\":${param.x}}' >> $KAON_METRICS\n")
	x, _ := p.serving()
	p.kaon("workflow", "register", "files.yaml").ends(exitDone)
	p.kaon("workflow", "register", "behind.yaml").ends(exitDone)
	p.write("in/new.csv", "12")
	p.kaon("submit", "sweep.yaml", "--server", "own").ends(exitDone)
	runs := func() map[string]int {
		all := map[string]int{}
		dec := json.NewDecoder(strings.NewReader(p.kaon("workflow", "list", "--json", "--server", "own").ends(exitDone).stdout))
		for dec.More() {
			var r api.WorkflowRun
			if err := dec.Decode(&r); err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(r.Parameters)
			if err != nil {
				t.Fatal(err)
			}
			all[r.Trigger.Kind+" "+string(text)]++
		}
		return all
	}
	testkit.Await(t, "the first run", func() bool { return len(runs()) > 0 })
	p.write("in/more.csv", "123")
	x.signal(syscall.SIGKILL)
	x.wait()
	x, _ = p.serving()
	want := map[string]int{`file {"file":"new.csv","size":2}`: 1, `file {"file":"more.csv","size":3}`: 1, `sweep {"x":2}`: 1}
	testkit.Await(t, "all runs", func() bool { return len(runs()) >= len(want) })
	x.signal(syscall.SIGKILL)
	x.wait()
	x, _ = p.serving()
	p.write("in/last.csv", "1234")
	want[`file {"file":"last.csv","size":4}`] = 1
	testkit.Await(t, "the last run", func() bool { return len(runs()) >= len(want) })
	if got := runs(); !maps.Equal(got, want) {
		t.Errorf("there are runs %v, want %v", got, want)
	}
	p.kaon("workflow", "list", "--registered", "--server", "own").ends(exitDone).prints("file "+in+"/*.csv", "sweep search (succeeded)")
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	p.alone()
}
