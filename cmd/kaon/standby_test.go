package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/standby"
	"github.com/kaon-sweep/kaon/server/state"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// Three servers over one state folder: the first is killed, the second stopped and later woken, and what ran goes on with the third as if
// there had been one.
func TestStandby(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.kaon("serve", "--standby").ends(exitUsage).says("the cluster of this machine ends with its server")
	p.kaon("serve", "--standby", "--cluster", "kubernetes").ends(exitUsage).says("have Kubernetes start that again")
	p.write("slow.yaml", `
name: slow
method: grid
metric: {name: loss, goal: minimize}
parameters: {x: {values: [5, 3, 1, 2, 4, 6]}}
command: "echo loss=9; while [ ! -e `+p.dir+`/go ]; do sleep 0.05; done; echo loss=${param.x}"
task: {resources: {cpus: 1, memory: 16MB}, bundle: "off"}
`)
	p.write("flow.yaml", "name: flow\nsteps: {ask: {type: wait, approval: true}, then: {command: 'echo done'}}\ngraph: ask -> then\n")
	machines := p.start("cluster", "--listen", "127.0.0.1:0", "--json", "--no-auth", "--allocate", "20ms", "--agent", "name=a,cpus=4.1,mem=2000")
	var at struct{ Cluster string }
	testkit.Await(t, "the cluster", func() bool { return json.Unmarshal([]byte(machines.stdout.String()), &at) == nil })
	flags := []string{"--standby", "--take-over-after", "10s", "--cluster", at.Cluster}
	works := func(x *process) {
		t.Helper()
		var ready served
		testkit.Await(t, "its turn", func() bool { return json.Unmarshal([]byte(x.stdout.String()), &ready) == nil })
	}
	waits := func() *process {
		t.Helper()
		x := p.start(append([]string{"serve", "--json"}, flags...)...)
		testkit.Await(t, "what it waits for", func() bool { return strings.Contains(x.stderr.String(), "standing by: process ") })
		return x
	}
	first, _ := p.serving(flags...)
	second := waits()
	p.kaon("serve", "--cluster", at.Cluster).ends(exitUsage).says("--standby")
	p.kaon("token", "create", "ci", "--role", "viewer").ends(exitDone)
	p.kaon("submit", "slow.yaml").ends(exitDone)
	var flow api.WorkflowRun
	p.kaon("workflow", "run", "flow.yaml", "--server", "own", "--detach", "--json").ends(exitDone).json(&flow)
	latest := func() (s api.Sweep) {
		p.kaon("status", "@latest", "--json").ends(exitDone).json(&s)
		return s
	}
	testkit.Await(t, "four trials", func() bool { return latest().Trials.Running == 4 })
	first.signal(syscall.SIGKILL)
	first.wait()
	works(second)
	p.kaon("submit", "slow.yaml", "--set", "name=other").ends(exitDone)
	third := waits()
	second.signal(syscall.SIGSTOP)
	works(third)
	second.signal(syscall.SIGCONT)
	second.wait().ends(exitUnreachable).says("another server has taken over")

	p.write("go", "")
	p.kaon("watch", "@latest").ends(exitDone)
	p.kaon("list").ends(exitDone).prints("slow-", "other-")
	p.kaon("token", "list").ends(exitDone).prints("ci")
	p.kaon("workflow", "approve", flow.Run, "ask", "--server", "own").ends(exitDone)
	testkit.Await(t, "the end of the workflow", func() bool {
		var s flowJSON
		p.kaon("workflow", "status", flow.Run, "--json", "--server", "own").ends(exitDone).json(&s)
		return s.step(t, "then").State == engine.Succeeded
	})
	for _, name := range []string{"slow", "other"} {
		id := name + "-"
		p.kaon("watch", id).ends(exitDone)
		var all []board.Trial
		for lines := json.NewDecoder(strings.NewReader(p.kaon("trials", id, "--json").ends(exitDone).stdout)); lines.More(); {
			var one board.Trial
			if err := lines.Decode(&one); err != nil {
				t.Fatal(err)
			}
			all = append(all, one)
		}
		for _, one := range all {
			if one.State != sweep.Succeeded || one.Attempt != 1 {
				t.Errorf("%s: trial %d is %s in attempt %d", id, one.Trial, one.State, one.Attempt)
			}
		}
		if len(all) != 6 {
			t.Errorf("%s has %d trials", id, len(all))
		}
	}
	third.signal(os.Interrupt)
	third.wait().ends(exitDone)
	machines.signal(os.Interrupt)
	machines.wait()
	p.endProcesses() // executors, which wait for more, as on any Mesos
}

// What a turn copies, and what it leaves where it is, has the names that a server gives them.
func TestTurnsKnowTheState(t *testing.T) {
	if standby.JournalFile != state.JournalFile || standby.Uploads("x") != filepath.Join("x", api.FoldersPath) {
		t.Errorf("a turn has %s and %s", standby.JournalFile, standby.Uploads("x"))
	}
}

// What was done is told to be done only while the turn lasts: a state that another server copied earlier does not have it.
func TestAnswersOfATurn(t *testing.T) {
	lost := false
	var end error
	did := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if lost {
			end = standby.ErrLost
		}
		w.Header().Set("Location", "/made")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte("made"))
	})
	for _, lost = range []bool{false, true} {
		end = nil
		got := httptest.NewRecorder()
		rq := httptest.NewRequest(http.MethodPost, "/", nil)
		did.ServeHTTP(&fencedAnswer{ResponseWriter: got, request: rq, fence: func() error { return end }}, rq)
		want := map[bool]int{false: http.StatusCreated, true: http.StatusServiceUnavailable}[lost]
		if got.Code != want || strings.Contains(got.Body.String(), "made") == lost || (got.Header().Get("Location") != "") == lost {
			t.Errorf("lost %v: %d %s %v", lost, got.Code, got.Body, got.Header())
		}
	}
}
