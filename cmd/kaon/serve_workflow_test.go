package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/run"
)

const servedFlow = `
name: served
parameters: {n: {type: integer, default: 2}}
steps:
  first: {type: command, command: 'echo first >> marks; echo "{\"x\": ${n}}" > $KAON_OUTPUT; echo hello from first', outputs: {x: integer}}
  part: {type: command, command: 'echo ${i} >> marks'}
  gate: {type: command, command: 'echo gate >> marks; while [ ! -e go ]; do sleep 0.05; done'}
  asks: {type: wait, approval: true}
  last: {type: command, command: 'echo last ${steps.first.outputs.x} >> marks'}
graph: "first ==> ( **(i = ['a', 'b']) --< part >--, gate ) >== asks -> last"
`

// A run of a server prints what one without prints. The server is killed while a step runs and another waits; the next one goes on, and
// nothing that had ended starts again.
func TestServedWorkflowKilled(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("flow.yaml", strings.ReplaceAll(servedFlow, "marks", p.dir+"/marks"))
	flow := p.read("flow.yaml")
	p.write("flow.yaml", strings.ReplaceAll(flow, "-e go", "-e "+p.dir+"/go"))
	x, _ := p.serving()
	var r api.WorkflowRun
	p.kaon("workflow", "run", "flow.yaml", "--server", "own", "--key", "k", "-p", "n=5", "--detach", "--json").ends(exitDone).json(&r)
	p.kaon("workflow", "run", "flow.yaml", "--server", "own", "--key", "k", "-p", "n=5", "--detach").ends(exitDone).prints(r.Run + ": workflow served")
	at := []string{r.Run, "--server", "own"}
	testkit.Await(t, "the step in flight", func() bool { text, _ := os.ReadFile(p.dir + "/marks"); return strings.Contains(string(text), "gate") })
	watch := p.start(append([]string{"workflow", "watch", "--json"}, at...)...)
	testkit.Await(t, "what watch shows", func() bool { return strings.Contains(watch.stdout.String(), `"gate"`) })
	x.signal(syscall.SIGKILL)
	x.wait()

	y, _ := p.serving()
	p.write("go", "")
	var s flowJSON
	testkit.Await(t, "the wait for an approval", func() bool {
		p.kaon(append([]string{"workflow", "status", "--json"}, at...)...).ends(exitDone).json(&s)
		return s.step(t, "asks").State == engine.Running
	})
	p.kaon(append([]string{"workflow", "status", "--all"}, at...)...).ends(exitDone).prints("part[1] succeeded", "first.x = 5")
	p.kaon("workflow", "list", "--server", "own").ends(exitDone).prints(r.Run, "running")
	p.kaon("workflow", "skip", r.Run, "nothing", "--server", "own").ends(exitUsage).says("no such step")
	p.kaon("workflow", "approve", r.Run, "asks", "--server", "own").ends(exitDone)
	p.kaon(append([]string{"workflow", "watch"}, at...)...).ends(exitDone).prints("✓ last succeeded", r.Run+" succeeded")
	watch.wait().ends(exitDone).prints(`"succeeded"`) // it waited for the server
	p.kaon("workflow", "logs", r.Run, "first", "--server", "own").ends(exitDone).prints("hello from first")
	p.kaon("workflow", "restart", r.Run, "--from", "last", "-p", "n=6", "--server", "own").ends(exitDone).prints("attempt 2")
	counts := map[string]int{}
	for lines := bufio.NewScanner(strings.NewReader(p.read("marks"))); lines.Scan(); {
		counts[lines.Text()]++
	}
	if counts["first"] != 1 || counts["a"] != 1 || counts["b"] != 1 || counts["gate"] < 1 || counts["gate"] > 2 || counts["last 5"] != 2 {
		t.Errorf("these started: %v", counts)
	}
	p.kaon("workflow", "rm", r.Run, "--server", "own").ends(exitDone).prints("gone")
	p.kaon("workflow", "status", r.Run, "--server", "own").ends(exitUsage).says("no such run")
	y.signal(os.Interrupt)
	y.wait().ends(exitDone)
	p.alone()
}

// From elsewhere the folder comes along, and what the server's user has stays theirs.
func TestServedWorkflowFromElsewhere(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x, ready := p.serving("--listen", "127.0.0.1:0")
	at := ready.Listen[0]
	secret := strings.TrimSpace(p.kaon("token", "create", "ann").ends(exitDone).stdout)
	far := newPlace(t)
	far.aws = []string{"HOME=" + far.dir, "XDG_CONFIG_HOME=" + far.dir + "/.config", "KAON_TOKEN=" + secret, "KAON_SERVER=" + at}
	if err := os.Chmod(far.write("make.sh", "#!/bin/sh\necho \"{\\\"x\\\": 3}\" > $KAON_OUTPUT\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	far.write("names", "a\nb\n")
	far.write("flow.yaml", "steps:\n  a: {type: command, command: ./make.sh}\n  b: {type: notify, message: '${n}'}\ngraph: \"a -> **(n = lines('names')) --< b >--\"\n")
	f := flowOf(t, far.kaon("workflow", "run", "flow.yaml", "--json").ends(exitDone))
	if f.State != engine.Succeeded || f.step(t, "a").Outputs["x"] != 3.0 || f.step(t, "b").Counts[engine.Succeeded] != 2 {
		t.Errorf("it is %+v", f)
	}
	far.write("bad.yaml", "steps:\n  a: {type: custom, program: [id]}\ngraph: a\n")
	far.kaon("workflow", "run", "bad.yaml").ends(exitFailed).prints("on its machine alone")
	var lines []api.WorkflowRun
	dec := json.NewDecoder(strings.NewReader(far.kaon("workflow", "list", "--json").ends(exitDone).stdout))
	for dec.More() {
		var one api.WorkflowRun
		if err := dec.Decode(&one); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, one)
	}
	if len(lines) != 2 || lines[0].Owner != "ann" || lines[1].State != engine.Succeeded {
		t.Errorf("the list is %+v", lines)
	}
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
}

// What has ended is shown, and what nobody works on is named, with the exit codes of runs without a server.
func TestServedWorkflowEndsAsLocal(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("waits.yaml", "steps:\n  a: {type: wait, approval: true}\ngraph: a\n")
	x, _ := p.serving()
	for command, code := range map[string]int{"true": exitDone, "false": exitFailed} {
		p.write("flow.yaml", "steps:\n  a: {type: command, command: '"+command+"'}\ngraph: a\n")
		for _, where := range []string{"none", "own"} {
			f := flowOf(t, p.kaon("workflow", "run", "flow.yaml", "--json", "--server", where).ends(code))
			if again := flowOf(t, p.kaon("workflow", "resume", f.Run, "--json", "--server", where).ends(code)); again.Run != f.Run || again.State != f.State {
				t.Errorf("%s: %s is %s, and resumed %s", where, f.Run, f.State, again.State)
			}
		}
	}
	var r api.WorkflowRun
	p.kaon("workflow", "run", "waits.yaml", "--detach", "--json", "--server", "own").ends(exitDone).json(&r)
	p.kaon("workflow", "resume", r.Run, "--server", "own").ends(exitUsage)
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	name := ""
	if err := filepath.WalkDir(p.dir, func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, filepath.Join(r.Run, run.LogFile)) {
			name = path
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	log, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(log.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	y, _ := p.serving() // which takes it for another's
	testkit.Await(t, "a run that is not gone on with", func() bool { return strings.Contains(y.stderr.String(), "cannot be gone on with") })
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	for _, json := range []string{"--json=false", "--json"} {
		p.kaon("workflow", "watch", r.Run, json, "--server", "own").ends(exitUsage).says("go on with: kaon workflow resume " + r.Run)
	}
	y.signal(os.Interrupt)
	y.wait().ends(exitDone)
}

// Runs that ended long ago go as sweeps do, of a server and without one; those that are at work stay.
func TestOldRunsOfWorkflowsAreRemoved(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("flow.yaml", "name: old\nsteps: {a: {type: command, command: 'echo 1'}}\ngraph: a\n")
	p.write("waits.yaml", "name: waits\nsteps: {a: {type: wait, approval: true}}\ngraph: a\n")
	p.kaon("workflow", "run", "flow.yaml").ends(exitDone)
	var here struct{ Run string }
	p.kaon("workflow", "list", "--json").ends(exitDone).json(&here)
	p.kaon("gc", "--older-than", "1h").ends(exitDone).says("no sweep or run of a workflow ended more than 1h ago")
	p.kaon("gc", "--older-than", "0s", "--dry-run", "--json").ends(exitDone).prints(`{"run":"` + here.Run + `","objects":0,"bytes":0,"dry_run":true}`)
	p.kaon("gc", "--older-than", "0s").ends(exitDone).prints(here.Run + " is deleted")
	p.kaon("workflow", "list").ends(exitDone).says("no runs of workflows")

	x, _ := p.serving()
	var gone, stays api.WorkflowRun
	p.kaon("workflow", "run", "waits.yaml", "--server", "own", "--detach", "--json").ends(exitDone).json(&stays)
	p.kaon("workflow", "run", "flow.yaml", "--server", "own", "--json", "--detach").ends(exitDone).json(&gone)
	p.kaon("workflow", "watch", gone.Run, "--server", "own").ends(exitDone)
	p.kaon("gc", "--older-than", "1h", "--server", "own").ends(exitDone).says("no sweep or run")
	p.kaon("list", "--server", "own").ends(exitDone).prints(gone.Run + "-") // the sweep of its step, which goes with it
	dry := p.kaon("gc", "--older-than", "0s", "--dry-run", "--server", "own").ends(exitDone).
		prints(gone.Run + " would be deleted")
	out := p.kaon("gc", "--older-than", "0s", "--server", "own").ends(exitDone).prints(gone.Run + " is deleted")
	if deletedBy(dry) != deletedBy(out) {
		t.Errorf("gc --dry-run says\n%sand gc\n%s", dry.stdout, out.stdout)
	}
	p.kaon("workflow", "status", gone.Run, "--server", "own").ends(exitUsage).says("no such run")
	p.kaon("workflow", "status", stays.Run, "--server", "own").ends(exitDone)
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
}
