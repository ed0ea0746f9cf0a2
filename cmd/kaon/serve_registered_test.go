package main

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/testkit"
)

// A workflow is registered with its folder, and runs by its name as it was then, in any version; what waits for its turn begins in the next
// process when the first was killed.
func TestServedWorkflowsByName(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	flow := "name: named\nrun_strategy: sequential\nparameters: {n: 1}\nsteps:\n  a: {type: notify, message: hi, when: \"lines('names')[0] == 'first' && n == 3\"}\n" +
		"  b: {type: wait, approval: true, when: n > 5}\ngraph: a -> b\n"
	p.write("flow/flow.yaml", flow)
	p.write("flow/names", "first\n")
	p.kaon("workflow", "register", "flow/flow.yaml").ends(exitUsage).says("kaon serve")
	x, _ := p.serving()
	p.kaon("workflow", "register", "flow/flow.yaml").ends(exitDone).prints("named@1 registered")
	p.kaon("workflow", "register", "flow/flow.yaml").ends(exitDone).prints("named@1 is that already")
	p.write("flow/names", "second\n")
	p.kaon("workflow", "register", "flow/flow.yaml").ends(exitDone).prints("named@2 registered")
	p.kaon("workflow", "run", "named", "--server", "own").ends(exitDone).prints("- a skipped")
	p.kaon("workflow", "run", "named@1", "-p", "n=3", "--server", "own").ends(exitDone).prints("✓ a succeeded")
	p.kaon("workflow", "pin", "named@1").ends(exitDone).prints("named@1 runs")
	p.kaon("workflow", "run", "named@latest", "--server", "own").ends(exitDone).prints("- a skipped")
	p.kaon("workflow", "versions", "named").ends(exitDone).prints("named@2", "named@1")
	p.kaon("workflow", "versions", "named@2", "--source").ends(exitDone).prints(strings.TrimSpace(flow))
	p.kaon("workflow", "versions", "nothing").ends(exitUsage).says("no workflow is registered")
	p.kaon("workflow", "run", "nothing", "--server", "own").ends(exitUsage).says("nothing is no file, and")
	p.kaon("workflow", "run", "named").ends(exitUsage).says("is run with --server")
	p.kaon("workflow", "pin", "named").ends(exitUsage).says("say which version")

	var first, second api.RunStanding
	p.kaon("workflow", "run", "named", "-p", "n=9", "--server", "own", "--detach", "--json").ends(exitDone).json(&first)
	p.kaon("workflow", "run", "named", "--server", "own", "--detach", "--json").ends(exitDone).json(&second)
	if first.Place != 0 || second.Place != 1 || first.Version != 1 {
		t.Errorf("they stand at %+v, %+v", first, second)
	}
	third := p.start("workflow", "run", "named", "-p", "n=4", "--server", "own")
	testkit.Await(t, "that it waits", func() bool { return strings.Contains(third.stderr.String(), "place 2 of its queue") })
	x.signal(syscall.SIGKILL)
	x.wait()
	third.wait().ends(exitUnreachable)
	y, _ := p.serving()
	testkit.Await(t, "the wait for an approval", func() bool {
		var s flowJSON
		p.kaon("workflow", "status", first.Run, "--json", "--server", "own").ends(exitDone).json(&s)
		for _, one := range s.Steps {
			if one.Key == "b" && one.State == "running" {
				return true
			}
		}
		return false
	})
	p.kaon("workflow", "status", second.Run, "--server", "own").ends(exitUsage)
	p.kaon("workflow", "approve", first.Run, "b", "--server", "own").ends(exitDone)
	testkit.Await(t, "that the queue is empty", func() bool {
		var r api.Registered
		p.kaon("workflow", "list", "--registered", "--json", "--server", "own").ends(exitDone).json(&r)
		return len(r.Queue)+len(r.AtWork) == 0
	})
	p.kaon("workflow", "watch", second.Run, "--server", "own").ends(exitDone)
	if n := strings.Count(p.kaon("workflow", "list", "--server", "own").ends(exitDone).prints("named@1").stdout, "succeeded"); n != 6 {
		t.Errorf("%d runs have succeeded, want 6", n)
	}
	p.kaon("workflow", "unregister", "named").ends(exitDone).prints("gone")
	y.signal(os.Interrupt)
	y.wait().ends(exitDone)
	p.alone()
}

// A server that is killed again and again while it makes up for a range of times begins each exactly once, and tells of the next one.
func TestServedTriggersKilled(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("flow.yaml", "name: nightly\nparameters: {day: ''}\ntriggers:\n  - {cron: '30 2 * * *', zone: Europe/Berlin, parameters: {day: \"${trigger.date}\"}}\n"+
		"  - {signal: go, parameters: {day: \"${trigger.payload.day}\"}}\nsteps: {a: {type: notify, message: hi}}\ngraph: a\n")
	x, _ := p.serving()
	p.kaon("workflow", "register", "flow.yaml").ends(exitDone).prints("nightly@1")
	p.kaon("workflow", "backfill", "nightly", "--from", "2024-03-28", "--to", "2024-03-30", "--dry-run").ends(exitDone).prints("3 times", "none has begun", "2024-03-28T02:30:00+01:00")
	p.kaon("workflow", "backfill", "nightly", "--from", "2024-01-01", "--to", "2024-02-09", "--parallel", "3").ends(exitDone).prints("40 times")
	runs := func() (days []string) {
		dec := json.NewDecoder(strings.NewReader(p.kaon("workflow", "list", "--json", "--server", "own").ends(exitDone).stdout))
		for dec.More() {
			var r api.WorkflowRun
			if err := dec.Decode(&r); err != nil {
				t.Fatal(err)
			}
			day := r.Trigger.Kind
			if day == "cron" {
				day = time.UnixMilli(r.Trigger.Time).UTC().Format(time.DateOnly)
			}
			days = append(days, day)
		}
		return days
	}
	for range 2 {
		had := len(runs())
		testkit.Await(t, "some runs", func() bool { return len(runs()) > had || had == 40 })
		x.signal(syscall.SIGKILL)
		x.wait()
		x, _ = p.serving()
	}
	testkit.Await(t, "all runs", func() bool { return len(runs()) >= 40 })
	p.kaon("workflow", "trigger", "nightly", "go", "-p", "day=today", "--key", "k").ends(exitDone)
	p.kaon("workflow", "trigger", "nightly", "go", "-p", "day=today", "--key", "k").ends(exitDone)
	p.kaon("workflow", "trigger", "nightly", "stop").ends(exitUsage).says("waits for no signal stop")
	seen := map[string]int{}
	for _, day := range runs() {
		seen[day]++
		if seen[day] > 1 {
			t.Errorf("%s has %d runs", day, seen[day])
		}
	}
	if len(seen) != 41 || seen["2024-01-01"] != 1 || seen["2024-02-09"] != 1 || seen["signal"] != 1 {
		t.Errorf("there are runs of %d days: %v", len(seen), seen)
	}
	p.kaon("workflow", "list", "--registered", "--server", "own").ends(exitDone).prints("nightly@1", "cron 30 2 * * * Europe/Berlin, signal go")
	p.kaon("workflow", "pause", "nightly").ends(exitDone).prints("paused")
	p.kaon("workflow", "list", "--registered", "--server", "own").ends(exitDone).prints("paused")
	p.kaon("workflow", "unpause", "nightly").ends(exitDone).prints("due next at")
	p.kaon("workflow", "backfill", "nightly", "--stop").ends(exitDone)
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	p.alone()
}
