package api

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

const flow = `
name: small
parameters: {n: {type: integer, default: 2}, names: {type: "list[string]", default: [a, b]}}
steps:
  one: {type: command, command: 'echo written by one; echo "{\"x\": ${n}}" > $KAON_OUTPUT', outputs: {x: integer}, inputs: {who: "${workflow.name}"}}
  each: {type: notify, message: "${name}"}
  ok: {type: wait, approval: [submitter]}
  last: {type: notify, message: "${steps.one.outputs.x}"}
graph: "start -> one ==> ( **(name = names) --< each >--, ok ) >== last"
`

// run hands in a workflow as a role.
func (w *world) run(role access.Role, sub WorkflowSubmission, header ...string) WorkflowRun {
	w.t.Helper()
	status, answer, _ := w.ask(role, http.MethodPost, Prefix+"/workflows", sub, header...)
	var r WorkflowRun
	if err := json.Unmarshal(answer, &r); err != nil || status >= 300 {
		w.t.Fatalf("submit: %d %s %v", status, answer, err)
	}
	return r
}

// until waits for a run to be as it should.
func (w *world) until(id, what string, is func(WorkflowStatus) bool) (s WorkflowStatus) {
	w.t.Helper()
	testkit.Await(w.t, what, func() bool {
		s = get[WorkflowStatus](w, access.Viewer, "/workflows/"+id)
		return is(s)
	})
	return s
}

func stateIn(s WorkflowStatus, step string) engine.State {
	for _, one := range s.Steps {
		if one.Step == step {
			return one.State
		}
	}
	return "none"
}

func TestWorkflows(t *testing.T) {
	w := newWorld(t)
	rq, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.address+Prefix+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	rq.Header.Set("Authorization", "Bearer "+w.as[access.Viewer])
	events, err := http.DefaultClient.Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()

	key := "Idempotency-Key: k1"
	r := w.run(access.Submitter, WorkflowSubmission{Source: flow, Labels: []string{"nightly"}, Parameters: Values{"n": 7}}, key)
	if again := w.run(access.Submitter, WorkflowSubmission{Source: flow, Parameters: Values{"n": 7}}, key); again.Run != r.Run {
		t.Errorf("with the same key it is %s and %s", r.Run, again.Run)
	}
	if status, answer, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/workflows", WorkflowSubmission{Source: flow}, key); status != http.StatusConflict {
		t.Errorf("the same key with other parameters: %d %s", status, answer)
	}
	w.until(r.Run, "the wait for an approval", func(s WorkflowStatus) bool {
		return stateIn(s, "ok") == engine.Running && stateIn(s, "each") == engine.Succeeded
	})

	d := get[StepDetail](w, access.Viewer, "/workflows/"+r.Run+"/steps/one")
	if d.Inputs["who"] != "small" || len(d.Tried) != 1 || d.Tried[0].State != engine.Succeeded || d.Outputs["x"] != int64(7) {
		t.Errorf("step one is %+v", d)
	}
	if d := get[StepDetail](w, access.Viewer, "/workflows/"+r.Run+"/steps/ok"); d.Approval != "asked" || len(d.Messages) == 0 {
		t.Errorf("step ok is %+v", d)
	}
	if page := get[Page[WorkflowStep]](w, access.Viewer, "/workflows/"+r.Run+"/steps/each/iterations?state=succeeded&limit=1"); page.Total != 2 || page.Items[0].Step != "each[0]" || page.Next == "" {
		t.Errorf("iterations are %+v", page)
	}
	if d := get[StepDetail](w, access.Viewer, "/workflows/"+r.Run+"/steps/"+url.PathEscape("each[1]")); d.Depth != 0 || d.Messages[0].Text != "b" {
		t.Errorf("each[1] is %+v", d)
	}
	testkit.Await(t, "the log of a step", func() bool {
		status, log, _ := w.ask(access.Viewer, http.MethodGet, Prefix+"/workflows/"+r.Run+"/steps/one/logs", nil)
		return status == http.StatusOK && strings.Contains(string(log), "written by one")
	})
	if g := get[WorkflowGraph](w, access.Viewer, "/workflows/"+r.Run+"/graph"); len(g.Picture.Boxes) < 6 || len(g.Picture.Lines) < 5 || g.Picture.Width < 100 {
		t.Errorf("the graph is %+v", g)
	}

	// Whose name is not in the list may ask, and nothing follows; whose is may, though the run were another's.
	if status, answer, _ := w.ask(access.Operator, http.MethodPost, Prefix+"/workflows/"+r.Run+"/approve", WorkflowStepAt{Step: "ok"}); status != http.StatusOK {
		t.Errorf("approve as operator: %d %s", status, answer)
	}
	if s := get[WorkflowStatus](w, access.Viewer, "/workflows/"+r.Run); stateIn(s, "ok") != engine.Running {
		t.Errorf("ok is %s", stateIn(s, "ok"))
	}
	if status, answer, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/workflows/"+r.Run+"/approve", WorkflowStepAt{Step: "ok"}); status != http.StatusOK {
		t.Errorf("approve: %d %s", status, answer)
	}
	s := w.until(r.Run, "the end", func(s WorkflowStatus) bool { return s.State.Ended() && !s.Live })
	if s.State != engine.Succeeded || s.Owner != "submitter" || !slices.Contains(s.Critical, "ok") || s.Counts[engine.Succeeded] != 4 {
		t.Errorf("it ended as %+v", s)
	}
	// Its end is heard of, and what lasts: states are looked at every 100 ms.
	heard, lines := map[string]bool{}, bufio.NewScanner(events.Body)
	for lines.Scan() && !heard["workflow succeeded"] {
		var e Event
		if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok && json.Unmarshal([]byte(text), &e) == nil && e.Run == r.Run {
			heard[strings.TrimSpace(e.Kind+" "+e.RunStep+" "+e.State)] = true
			if e.Kind == "workflow" {
				heard["workflow "+e.State] = true
			}
		}
	}
	for _, want := range []string{"step one succeeded", "step ok succeeded", "workflow succeeded", "progress ok"} {
		if !heard[want] {
			t.Errorf("nobody tells of %q: %v", want, heard)
		}
	}

	// Again from a step on, by its owner alone; what ran before stays.
	for role, want := range map[access.Role]int{access.Viewer: http.StatusForbidden, access.Submitter: http.StatusOK} {
		if status, answer, _ := w.ask(role, http.MethodPost, Prefix+"/workflows/"+r.Run+"/restart", WorkflowRestart{From: []string{"last"}}); status != want {
			t.Errorf("restart as %s: %d %s", role, status, answer)
		}
	}
	w.until(r.Run, "its second end", func(s WorkflowStatus) bool { return s.State == engine.Succeeded && !s.Live })
	if d := get[StepDetail](w, access.Viewer, "/workflows/"+r.Run+"/steps/last"); len(d.Tried) != 2 {
		t.Errorf("last is %+v", d)
	}
	if page := get[Page[WorkflowRun]](w, access.Viewer, "/workflows?label=nightly&state=succeeded&text=SMALL"); page.Total != 1 || page.Items[0].Run != r.Run {
		t.Errorf("the list is %+v", page)
	}
	if status, answer, _ := w.ask(access.Submitter, http.MethodDelete, Prefix+"/workflows/"+r.Run, nil); status != http.StatusOK {
		t.Errorf("delete: %d %s", status, answer)
	}
	if status, _, _ := w.ask(access.Viewer, http.MethodGet, Prefix+"/workflows/"+r.Run, nil); status != http.StatusNotFound {
		t.Errorf("what was deleted: %d", status)
	}
	if sweeps := get[Page[Sweep]](w, access.Viewer, "/sweeps"); sweeps.Total != 0 {
		t.Errorf("its steps are left: %+v", sweeps.Items)
	}
}

func TestWorkflowCommands(t *testing.T) {
	w := newWorld(t)
	r := w.run(access.Operator, WorkflowSubmission{Source: flow})
	w.until(r.Run, "the wait for an approval", func(s WorkflowStatus) bool { return stateIn(s, "ok") == engine.Running })
	for _, c := range []struct {
		role   access.Role
		path   string
		body   any
		status int
	}{
		{access.Submitter, "/cancel", nil, http.StatusForbidden}, // another's
		{access.Submitter, "/skip", WorkflowStepAt{Step: "ok"}, http.StatusForbidden},
		{access.Operator, "/skip", WorkflowStepAt{Step: "none"}, http.StatusNotFound},
		{access.Operator, "/resume", nil, http.StatusConflict},
		{access.Operator, "/restart", nil, http.StatusConflict},
		{access.Operator, "/skip", WorkflowStepAt{Step: "ok"}, http.StatusOK},
	} {
		if status, answer, _ := w.ask(c.role, http.MethodPost, Prefix+"/workflows/"+r.Run+c.path, c.body); status != c.status {
			t.Errorf("%s as %s: %d %s", c.path, c.role, status, answer)
		}
	}
	w.until(r.Run, "the end behind a skip", func(s WorkflowStatus) bool { return s.State == engine.Succeeded && stateIn(s, "ok") == engine.Skipped })

	second := w.run(access.Operator, WorkflowSubmission{Source: flow})
	w.until(second.Run, "the second wait", func(s WorkflowStatus) bool { return stateIn(s, "ok") == engine.Running })
	if status, answer, _ := w.ask(access.Operator, http.MethodDelete, Prefix+"/workflows/"+second.Run, nil); status != http.StatusConflict {
		t.Errorf("delete one at work: %d %s", status, answer)
	}
	if status, answer, _ := w.ask(access.Operator, http.MethodPost, Prefix+"/workflows/"+second.Run+"/cancel", WorkflowReason{Reason: "enough"}); status != http.StatusOK {
		t.Errorf("cancel: %d %s", status, answer)
	}
	w.until(second.Run, "the end", func(s WorkflowStatus) bool { return s.State == engine.Canceled && s.Reason == "enough" && !s.Live })
	if status, answer, _ := w.ask(access.Operator, http.MethodPost, Prefix+"/workflows/"+second.Run+"/cancel", nil); status != http.StatusConflict {
		t.Errorf("cancel what has ended: %d %s", status, answer)
	}

	// What is wrong is told with its place.
	status, answer, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/workflows", WorkflowSubmission{Source: "steps: {a: {type: commnd}}\ngraph: a"})
	var p Problem
	if err := json.Unmarshal(answer, &p); err != nil || status != http.StatusUnprocessableEntity || len(p.Spec) == 0 {
		t.Errorf("a wrong file: %d %s", status, answer)
	}
	status, answer, _ = w.ask(access.Submitter, http.MethodPost, Prefix+"/workflows", WorkflowSubmission{Source: flow, Parameters: Values{"n": "x", "m": 1}})
	if status != http.StatusUnprocessableEntity || !strings.Contains(string(answer), "whole number") && !strings.Contains(string(answer), "integer") {
		t.Errorf("wrong parameters: %d %s", status, answer)
	}
	status, answer, _ = w.ask(access.Viewer, http.MethodPost, Prefix+"/workflows-check", WorkflowSubmission{Source: flow})
	var v WorkflowValid
	if err := json.Unmarshal(answer, &v); err != nil || status != http.StatusOK || v.Steps != 4 || v.Graph == nil {
		t.Errorf("a check: %d %s", status, answer)
	}
}

// One key is one run, however many ask for it at once, also of a file that is kept in another form than it came in.
func TestWorkflowKeys(t *testing.T) {
	w := newWorld(t)
	for name, source := range map[string]string{
		"own": flow, "Maestro's": `{"workflow": {"id": "small", "steps": [{"step": {"id": "a", "type": "NoOp"}}]}}`,
	} {
		var group sync.WaitGroup
		answers := make([]WorkflowRun, 8)
		status := make([]int, len(answers))
		for i := range answers {
			group.Go(func() {
				var text []byte
				status[i], text, _ = w.ask(access.Submitter, http.MethodPost, Prefix+"/workflows", WorkflowSubmission{Source: source}, "Idempotency-Key: "+name)
				if err := json.Unmarshal(text, &answers[i]); err != nil || status[i] >= 300 {
					t.Errorf("%s: %d %s", name, status[i], text)
				}
			})
		}
		group.Wait()
		made := 0
		for i, r := range answers {
			if status[i] == http.StatusCreated {
				made++
			}
			if r.Run != answers[0].Run {
				t.Errorf("%s: runs %s and %s", name, r.Run, answers[0].Run)
			}
		}
		if made != 1 {
			t.Errorf("%s: it was made %d times", name, made)
		}
	}
}

// Whoever sees a run's end may restart and delete it; sweeps of others, whose ids begin as its own, stay.
func TestWorkflowsRightBehindTheirEnd(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		r := w.run(access.Submitter, WorkflowSubmission{Source: "name: quick\nsteps: {a: {command: 'true'}}\ngraph: a"})
		other := w.submit(access.Operator, Submission{Spec: "name: " + r.Run + "-nightly\ncommand: \"true\"\nmethod: grid\nparameters: {x: {values: [1]}}\n"})
		if !strings.HasPrefix(other.ID, r.Run+"-n") {
			t.Fatalf("the other is %s, the run %s", other.ID, r.Run)
		}
		over := func(s WorkflowStatus) bool {
			if s.Live && s.State.Ended() {
				t.Errorf("it has ended, and is live")
			}
			return s.State.Ended()
		}
		w.until(r.Run, "the end", over)
		if status, answer, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/workflows/"+r.Run+"/restart", WorkflowRestart{From: []string{"a"}}); status != http.StatusOK {
			t.Errorf("restart: %d %s", status, answer)
		}
		w.until(r.Run, "the second end", over)
		w.ended(other.ID)
		status, answer, _ := w.ask(access.Submitter, http.MethodDelete, Prefix+"/workflows/"+r.Run, nil)
		if status != http.StatusOK {
			t.Errorf("delete: %d %s", status, answer)
		}
		left := get[Page[Sweep]](w, access.Viewer, "/sweeps")
		for _, s := range left.Items {
			if strings.HasPrefix(s.ID, r.Run) && s.ID != other.ID {
				t.Errorf("%s is left", s.ID)
			}
		}
		get[Sweep](w, access.Viewer, "/sweeps/"+other.ID)
	}
}

// A server that is closed in the middle goes on with its runs when it is opened again, and starts nothing twice.
func TestWorkflowsGoOn(t *testing.T) {
	w := newWorld(t)
	marks := filepath.Join(w.dir, "marks")
	source := strings.ReplaceAll(flow, "echo written by one;", "echo one >> "+marks+"; ")
	r := w.run(access.Submitter, WorkflowSubmission{Source: source})
	w.until(r.Run, "the wait for an approval", func(s WorkflowStatus) bool { return stateIn(s, "ok") == engine.Running })
	w.api.cfg.Workflows.Close()
	if err := w.server.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.open()
	if s := get[WorkflowStatus](w, access.Viewer, "/workflows/"+r.Run); !s.Live || stateIn(s, "one") != engine.Succeeded {
		t.Errorf("it is %+v", s)
	}
	w.ask(access.Submitter, http.MethodPost, Prefix+"/workflows/"+r.Run+"/approve", WorkflowStepAt{Step: "ok"})
	w.until(r.Run, "the end", func(s WorkflowStatus) bool { return s.State == engine.Succeeded })
	if text, err := os.ReadFile(marks); err != nil || string(text) != "one\n" {
		t.Errorf("it ran %q, %v", text, err)
	}
}

// What somebody from elsewhere submits does nothing in the server's own process but wait and speak, and reads nothing of its machine.
func TestAttackWorkflowsOfOthers(t *testing.T) {
	w := newWorld(t)
	secret := filepath.Join(w.dir, "secret")
	if err := os.WriteFile(secret, []byte("hidden-line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KAON_TEST_SECRET", "hidden-line")
	asked := false
	for name, text := range map[string]string{
		"custom":   "steps: {a: {type: custom, program: [touch, '" + secret + ".touched']}}\ngraph: a",
		"http":     "steps: {a: {type: http, url: '" + w.address + "/v1/whoami'}}\ngraph: a",
		"notify":   "steps: {a: {type: notify, message: x, url: '" + w.address + "/v1/whoami'}}\ngraph: a",
		"wait":     "steps: {a: {type: wait, url: '" + w.address + "/livez'}}\ngraph: a",
		"file":     "steps: {a: {type: wait, file: '" + secret + "'}}\ngraph: a",
		"object":   "steps: {a: {type: wait, file: 's3://bucket/key'}}\ngraph: a",
		"lines":    "steps: {a: {type: notify, message: \"${lines('" + secret + "')[0]}\"}}\ngraph: a",
		"each":     "steps: {a: {type: notify, message: '${x}'}}\ngraph: \"**(x = lines('" + secret + "')) --< a >--\"",
		"envvar":   "steps: {a: {type: notify, message: '${envvar:KAON_TEST_SECRET}'}}\ngraph: a",
		"secrets":  "secrets: [KAON_TEST_SECRET]\nsteps: {a: {type: command, command: 'true'}}\ngraph: a",
		"sweep":    "steps: {a: {type: sweep, file: '" + secret + "'}}\ngraph: a",
		"workflow": "steps: {a: {type: workflow, file: '../../../secret'}}\ngraph: a",
		"computed": "parameters: {f: {type: string, default: '" + secret + "'}}\nsteps: {a: {type: sweep, file: '${f}'}}\ngraph: a",
		"code":     "steps: {a: {type: sweep, spec: {method: grid, parameters: {x: {values: [1]}}, command: 'true', task: {code: '" + w.dir + "'}}}}\ngraph: a",
	} {
		status, answer, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/workflows", WorkflowSubmission{Source: text})
		if status >= 300 {
			continue // refused at once
		}
		asked = true
		var r WorkflowRun
		if err := json.Unmarshal(answer, &r); err != nil {
			t.Fatal(err)
		}
		s := w.until(r.Run, "the end of "+name, func(s WorkflowStatus) bool { return s.State.Ended() })
		if s.State != engine.Failed {
			t.Errorf("%s: it is %s", name, s.State)
		}
		all, err := json.Marshal([]any{s, get[StepDetail](w, access.Viewer, "/workflows/"+r.Run+"/steps/a")})
		if err != nil || strings.Contains(string(all), "hidden-line") {
			t.Errorf("%s: it shows %s", name, all)
		}
	}
	if _, err := os.Stat(secret + ".touched"); err == nil || !asked {
		t.Error("a program ran in the server's place")
	}
	for _, id := range []string{"%2e%2e%2fserve", ".cache", "a%2fb", "%00", strings.Repeat("a", 199)} {
		if status, _, _ := w.ask(access.Operator, http.MethodDelete, Prefix+"/workflows/"+id, nil); status < 400 {
			t.Errorf("delete %s: %d", id, status)
		}
	}
	began := time.Now()
	big := WorkflowSubmission{Source: flow + strings.Repeat("#", 1<<20)}
	if status, _, _ := w.ask(access.Submitter, http.MethodPost, Prefix+"/workflows", big); status != http.StatusUnprocessableEntity || time.Since(began) > time.Minute {
		t.Errorf("a large file: %d", status)
	}
}

const talking = `
steps:
  task: {type: command, command: 'while ! grep -q end $KAON_CONTROL; do sleep 0.02; done'}
  go: {type: wait, signal: go}
  each: {type: wait, signal: "${x}"}
graph: "s ==> (task, go, **(x = ['one', 'two']) --< each >--) >== e"
`

// Who may tell a run something: its owner and operators. What is too long, or for nobody, is refused.
func TestTalkingToRuns(t *testing.T) {
	w := newWorld(t)
	r := w.run(access.Operator, WorkflowSubmission{Source: talking})
	w.until(r.Run, "all to run", func(s WorkflowStatus) bool {
		return stateIn(s, "task") == engine.Running && stateIn(s, "each") == engine.Running
	})
	long := json.RawMessage(`"` + strings.Repeat("x", 70_000) + `"`)
	for _, c := range []struct {
		role   access.Role
		path   string
		body   any
		status int
		says   string
	}{
		{access.Viewer, "/message", WorkflowMessage{"task", json.RawMessage("1")}, http.StatusForbidden, ""},
		{access.Submitter, "/message", WorkflowMessage{"task", json.RawMessage("1")}, http.StatusForbidden, "only they and operators"},
		{access.Submitter, "/signal", WorkflowSignal{"go", nil}, http.StatusForbidden, "only they and operators"},
		{access.Operator, "/message", WorkflowMessage{"none", json.RawMessage("1")}, http.StatusNotFound, "no such step"},
		{access.Operator, "/message", WorkflowMessage{"go", json.RawMessage("1")}, http.StatusConflict, "hears no messages"},
		{access.Operator, "/message", WorkflowMessage{"each", json.RawMessage("1")}, http.StatusConflict, "each[0]"},
		{access.Operator, "/message", WorkflowMessage{"task/../../x", json.RawMessage("1")}, http.StatusConflict, "nothing within it"},
		{access.Operator, "/message", WorkflowMessage{"task", long}, http.StatusUnprocessableEntity, "65536 are possible"},
		{access.Operator, "/signal", WorkflowSignal{"go", long}, http.StatusUnprocessableEntity, "65536 are possible"},
		{access.Operator, "/signal", WorkflowSignal{"../go", nil}, http.StatusUnprocessableEntity, ""},
		{access.Operator, "/message", WorkflowMessage{"task", json.RawMessage(`"end"`)}, http.StatusOK, ""},
		{access.Operator, "/signal", WorkflowSignal{"go", json.RawMessage(`{"a": 1}`)}, http.StatusOK, ""},
		{access.Operator, "/signal", WorkflowSignal{"one", nil}, http.StatusOK, ""},
		{access.Operator, "/signal", WorkflowSignal{"two", nil}, http.StatusOK, ""},
	} {
		if status, answer, _ := w.ask(c.role, http.MethodPost, Prefix+"/workflows/"+r.Run+c.path, c.body); status != c.status || !strings.Contains(string(answer), c.says) {
			t.Errorf("%s %.80v as %s: %d %s", c.path, c.body, c.role, status, answer)
		}
	}
	w.until(r.Run, "the end", func(s WorkflowStatus) bool { return s.State == engine.Succeeded && !s.Live })
	if d := get[StepDetail](w, access.Viewer, "/workflows/"+r.Run+"/steps/go"); d.Outputs["a"] != int64(1) {
		t.Errorf("the signal brought %+v", d.Outputs)
	}
	d := get[StepDetail](w, access.Viewer, "/workflows/"+r.Run+"/steps/task")
	if len(d.Messages) != 1 || d.Messages[0].Who != "operator" || d.Messages[0].Text != `from operator: "end"` {
		t.Errorf("said to it was %+v", d.Messages)
	}
	if later := get[[]StepMessage](w, access.Viewer, "/workflows/"+r.Run+"/messages?from=9999999999999"); len(later) != 0 {
		t.Errorf("of the future is %+v", later)
	}
	if status, answer, _ := w.ask(access.Operator, http.MethodPost, Prefix+"/workflows/"+r.Run+"/signal", WorkflowSignal{"go", nil}); status != http.StatusConflict {
		t.Errorf("a signal for what has ended: %d %s", status, answer)
	}
}
