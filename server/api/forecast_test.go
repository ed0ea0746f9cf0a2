package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/fairness"
	"github.com/kaon-sweep/kaon/server/access"
)

// What would be submitted comes behind what is there, as the queues' limits have it.
func TestPlanSaysWhen(t *testing.T) {
	w := newWorld(t)
	plan := func(spec, query string) *Plan {
		t.Helper()
		status, answer, _ := w.ask(access.Viewer, http.MethodPost, Prefix+"/plan"+query, Submission{Spec: spec})
		var p Plan
		if err := json.Unmarshal(answer, &p); err != nil || status != http.StatusOK || p.When == nil {
			t.Fatalf("plan: %d %s %v", status, answer, err)
		}
		return &p
	}
	one := "name: one\nqueue: single\nmethod: grid\nparameters: {x: {values: [1, 2, 3]}}\ncommand: \"sleep 100\"\n" +
		"task: {resources: {cpus: 0.1, memory: 16MB}}\n"
	if status, answer, _ := w.ask(access.Admin, http.MethodPost, Prefix+"/queues", QueueChange{Name: "single", Limit: &fairness.Amounts{"trials": 1}}); status >= 300 {
		t.Fatalf("%d %s", status, answer)
	}
	if p := plan(one, ""); p.When.Basis != "unknown" || p.When.Start == nil || p.When.Start.Latest != 0 || p.When.End != nil {
		t.Errorf("nothing is known: %+v", p.When)
	}
	if p := plan(one, "?trial_seconds=10"); p.When.End == nil || p.When.End.Expected != 30 || p.When.Ahead.Sweeps != 0 {
		t.Errorf("three of ten seconds, one at a time: %+v", p.When)
	}
	s := w.submit(access.Admin, Submission{Spec: one})
	p := plan(one, "?trial_seconds=10")
	if p.When.Ahead.Sweeps != 1 || p.When.Ahead.Running+p.When.Ahead.Waiting != 3 || p.When.End.Expected < 31 || p.When.End.Latest <= p.When.End.Expected {
		t.Errorf("behind another: %+v %+v", p.When, p.When.End)
	}
	if p := plan(strings.Replace(one, "task: {", "task: {timeout: 20s, ", 1), ""); p.When.Basis != "timeout" || p.When.TrialSeconds != 10 {
		t.Errorf("by a timeout: %+v", p.When)
	}
	huge := "name: huge\nmethod: grid\nparameters: {x: {values: [1]}}\ncommand: \"true\"\ntask: {resources: {cpus: 100000}}\n"
	if p := plan(huge, "?trial_seconds=10"); p.When.Start != nil || p.When.End != nil || p.When.Sentence != "would never start here as things stand" {
		t.Errorf("more than there is: %+v", p.When)
	}
	if status, _, _ := w.ask(access.Viewer, http.MethodPost, Prefix+"/plan?trial_seconds=-1", Submission{Spec: one}); status != http.StatusUnprocessableEntity {
		t.Errorf("a negative time: %d", status)
	}
	if status, answer, _ := w.ask(access.Admin, http.MethodPost, Prefix+"/sweeps/"+s.ID+"/stop", nil); status >= 300 {
		t.Errorf("stop: %d %s", status, answer)
	}
	w.ended(s.ID)
}
