package main

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// hearing is a workflow whose steps run until they hear of an end, each by its own channel.
const hearing = `
name: hearing
steps:
  task: {type: command, command: 'while ! grep -q end $KAON_CONTROL; do sleep 0.02; done; echo "{\"lines\": $(wc -l < $KAON_CONTROL)}" > $KAON_OUTPUT'}
  own: {type: custom, program: [sh, own.sh]}
  search: {type: sweep, spec: {method: grid, metric: {name: y}, parameters: {x: {value: 1}}, command: 'while ! grep -q end $KAON_CONTROL; do sleep 0.02; done; echo y=1'}}
  inner: {type: workflow, file: inner.yaml}
  go: {type: wait, signal: go, outputs: {lr: number}}
  last: {type: command, command: 'echo "{\"lr\": ${steps.go.outputs.lr}}" > $KAON_OUTPUT'}
graph: s ==> (task, own, search, inner, go) >== last
`

const hearingOwn = `
echo '{"type": "milestone", "text": "listens"}'
while read line; do case $line in
  *'"message"'*end*) echo '{"type": "outputs", "outputs": {"was": "'$was'"}}'; exit 0;;
  *'"message"'*) was=$(echo "$line" | sed 's/.*"body":\([0-9]*\).*/\1/'); echo '{"type": "value", "name": "heard", "value": '$was'}';;
esac; done
`

func (p place) writeHearing() {
	p.write("flow.yaml", hearing)
	p.write("inner.yaml", "steps:\n  deep: {type: custom, program: [sh, own.sh]}\ngraph: deep\n")
	p.write("own.sh", hearingOwn)
}

// Steps hear what is said to them while they run, those of a sweep and of a workflow, too; what was said while no process was at work is
// heard by the next, once.
func TestWorkflowMessages(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.writeHearing()
	x := p.start("workflow", "run", "flow.yaml")
	x.stdout.await(t, "own: listens")
	x.stdout.await(t, "inner/deep: listens")
	id, _, _ := strings.Cut(x.stdout.String(), ":")
	p.kaon("workflow", "message", id, "task", "a text").ends(exitDone)
	p.kaon("workflow", "message", id, "own", "7").ends(exitDone).prints("own of " + id + " has it")
	x.stdout.await(t, "own: heard = 7")
	for step, want := range map[string]string{
		"go": "hears no messages", "s": "has ended", "search": "search/0", "task/0": "has nothing within it", "none": "no step none",
		"inner": "inner/STEP",
	} {
		p.kaon("workflow", "message", id, step, "x").ends(exitUsage).says(want)
	}
	p.kaon("workflow", "message", id, "task", `{"a": `).ends(exitUsage).says("is not JSON")
	p.kaon("workflow", "message", id, "task", strings.Repeat("x", 70_000)).ends(exitUsage).says("too long")
	p.kaon("workflow", "signal", id, "no name").ends(exitUsage).says("is no name of a signal")
	x.signal(syscall.SIGKILL)
	x.wait()
	p.kaon("workflow", "message", id, "inner/deep", "8").ends(exitDone).says("no process works on " + id)
	p.kaon("workflow", "message", id, "task", "end").ends(exitDone).prints("kept for task")
	p.kaon("workflow", "signal", id, "go", `{"lr": 0.5}`).ends(exitDone)
	x = p.start("workflow", "resume", id, "--json")
	x.stderr.await(t, "inner/deep: heard = 8")
	x.stderr.await(t, "task succeeded")
	for _, step := range []string{"own", "search/0", "inner/deep"} {
		p.kaon("workflow", "message", id, step, `{"end": true}`).ends(exitDone)
	}
	f := flowOf(t, x.wait().ends(exitDone))
	if lines := f.step(t, "task").Outputs["lines"]; f.State != engine.Succeeded || lines != 2.0 && lines != 1.0 { // begun again, its file is a new one
		t.Errorf("it is %+v", f.View)
	}
	if lr := f.step(t, "last").Outputs["lr"]; lr != 0.5 {
		t.Errorf("the signal brought %v", lr)
	}
	p.kaon("workflow", "message", id, "own", "x").ends(exitUsage).says("has ended")
	p.kaon("workflow", "signal", id, "go").ends(exitUsage).says("has ended")
	p.alone()
}

// On a server it is the same, and what was said is there behind a restart of it.
func TestServedWorkflowMessages(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.writeHearing()
	x, _ := p.serving()
	var r flowJSON
	p.kaon("workflow", "run", "flow.yaml", "--server", "own", "--detach", "--json").ends(exitDone).json(&r)
	talk := func(what string) bool {
		return strings.Contains(p.kaon("workflow", "status", r.Run, "--server", "own", "--json").ends(exitDone).stdout, what)
	}
	testkit.Await(t, "the program to listen", func() bool { return talk(`"text":"listens"`) })
	p.kaon("workflow", "message", r.Run, "own", "7", "--server", "own").ends(exitDone).prints("own of " + r.Run + " has it")
	testkit.Await(t, "the value", func() bool { return talk(`"name":"heard","value":7`) })
	p.kaon("workflow", "message", r.Run, "go", "x", "--server", "own").ends(exitUsage).says("hears no messages")
	p.kaon("workflow", "message", r.Run, "none", "x", "--server", "own").ends(exitUsage).says("no such step")
	p.kaon("workflow", "show", r.Run, "--server", "own").ends(exitDone).prints("hearing: 6 steps", "inner   workflow")
	p.kaon("workflow", "show", "none-abc", "--server", "own").ends(exitUsage).says("no such run")
	x.signal(syscall.SIGKILL)
	x.wait()
	y, _ := p.serving()
	if !talk(`"name":"heard","value":7`) || !talk(`"text":"listens"`) {
		t.Error("what was said is lost")
	}
	p.kaon("workflow", "signal", r.Run, "go", `{"lr": 2}`, "--server", "own").ends(exitDone)
	for _, step := range []string{"task", "own", "search/0", "inner/deep"} {
		testkit.Await(t, step+" to have its message, or the run to keep it for that", func() bool {
			told := p.kaon("workflow", "message", r.Run, step, `{"end": true}`, "--server", "own").stdout
			return strings.Contains(told, "has it") || strings.Contains(told, "kept for")
		})
	}
	p.kaon("workflow", "watch", r.Run, "--server", "own").ends(exitDone).prints("succeeded", "✓ last")
	var said []struct {
		Step, Who string
		Body      json.RawMessage
	}
	var s struct{ Messages json.RawMessage }
	p.kaon("workflow", "status", r.Run, "--server", "own", "--json").ends(exitDone).json(&s)
	if err := json.Unmarshal(s.Messages, &said); err != nil {
		t.Fatal(err)
	}
	heard := 0
	for _, m := range said {
		if m.Who != "" && string(m.Body) == "7" && m.Step == "own" {
			heard++
		}
	}
	if heard != 1 {
		t.Errorf("the message is there %d times: %+v", heard, said)
	}
	y.signal(os.Interrupt)
	y.wait().ends(exitDone)
	p.alone()
}
