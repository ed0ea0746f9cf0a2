package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/server/access"
)

// A plan says what a submission would do, and what a sweep would do once more; nothing runs.
func TestPlan(t *testing.T) {
	w := newWorld(t)
	status, answer, _ := w.ask(access.Viewer, http.MethodPost, Prefix+"/plan?points=2", Submission{Spec: three, Set: []string{"limits.wall=30m", "limits.parallel=2"}})
	var p Plan
	if err := json.Unmarshal(answer, &p); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s %v", status, answer, err)
	}
	if p.Trials != 3 || len(p.Points) != 2 || !strings.HasPrefix(p.Commands[0], "echo hello 3") || p.Demand[0].CPUs != 0.1 || p.GridSize != "3" {
		t.Errorf("plan %s", answer)
	}
	if m := p.Most; m.Parallel != 2 || m.WallSeconds == nil || *m.WallSeconds != 1800 || m.CPUHours == nil || *m.CPUHours < 0.1 || *m.CPUHours > 0.11 {
		t.Errorf("at most %s", answer)
	}
	large := Submission{Spec: strings.Replace(three, "cpus: 0.1", "cpus: 100000", 1)}
	if _, answer, _ = w.ask(access.Viewer, http.MethodPost, Prefix+"/plan", large); json.Unmarshal(answer, &p) != nil || len(p.Refusals) != 1 {
		t.Errorf("what fits nowhere: %s", answer)
	}
	hostile := strings.Replace(three, "values: [3, 1, 2]", "values: [.nan, .inf, 1.0]", 1)
	if status, answer, _ = w.ask(access.Viewer, http.MethodPost, Prefix+"/plan", Submission{Spec: hostile}); status != http.StatusOK || !strings.Contains(string(answer), `{"x":"NaN"}`) {
		t.Errorf("values that are no numbers: %d %s", status, answer)
	}
	lists := strings.Replace(three, "values: [3, 1, 2]", "values: [[3], [1, {a: 2}]]", 1)
	for _, method := range []string{"grid", "random", "sobol", "halton", "lhs", "tpe", "gp", "cma-es", "bayes", "auto"} {
		set := []string{"method=" + method, "run_cap=2"}
		if status, answer, _ = w.ask(access.Viewer, http.MethodPost, Prefix+"/plan", Submission{Spec: lists, Set: set}); status != http.StatusOK {
			t.Errorf("%s over lists: %d %s", method, status, answer)
		}
	}
	if status, answer, _ = w.ask(access.Viewer, http.MethodPost, Prefix+"/plan", Submission{Spec: three, Like: "x"}); status != http.StatusUnprocessableEntity {
		t.Errorf("a spec and like: %d %s", status, answer)
	}
	if list := get[Page[Sweep]](w, access.Viewer, "/sweeps"); list.Total != 0 {
		t.Errorf("a plan ran %d sweeps", list.Total)
	}
	s := w.submit(access.Submitter, Submission{Spec: three})
	w.ended(s.ID)
	if p := get[Plan](w, access.Viewer, "/plan?points=1&sweep="+s.ID+"&set="+url.QueryEscape("parameters.x.values=[5,6]")); p.Trials != 2 || p.Commands[0] == "" {
		t.Errorf("once more: %+v", p)
	}
}

// A sweep is run once more from what the server keeps of it: by its owner also with its folder, by others only where that is
// no more than everybody reads.
func TestClone(t *testing.T) {
	w := newWorld(t)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "train.sh"), []byte("#!/bin/sh\necho loss=$1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	f := w.upload(folder, 0)
	train := strings.Replace(three, `"echo hello ${param.x}; for i in 9 8 7; do echo loss=${param.x}.$i; done"`, "./train.sh ${param.x}", 1)
	s := w.submit(access.Submitter, Submission{Folder: f.ID, Spec: train, Set: []string{"name=first"}, Labels: []string{"nightly"}})
	w.ended(s.ID)
	at := Prefix + "/sweeps/" + s.ID + "/clone"
	status, answer, _ := w.ask(access.Submitter, http.MethodPost, at, Clone{Set: []string{"parameters.x.values=[7,8]"}}, "Idempotency-Key: k")
	var next Sweep
	if err := json.Unmarshal(answer, &next); err != nil || status != http.StatusCreated || next.ID == s.ID || !strings.HasPrefix(next.ID, "first-") || !slices.Equal(next.Labels, s.Labels) {
		t.Fatalf("clone: %d %s", status, answer)
	}
	if next = w.ended(next.ID); next.State != "succeeded" || next.Trials.Total != 2 || next.Best.Value != 7 {
		t.Errorf("the clone ended %+v", next)
	}
	if status, answer, _ = w.ask(access.Submitter, http.MethodPost, at, Clone{Set: []string{"parameters.x.values=[7,8]"}}, "Idempotency-Key: k"); status != http.StatusOK || !strings.Contains(string(answer), next.ID) {
		t.Errorf("the same key: %d %s", status, answer)
	}
	if status, answer, _ = w.ask(access.Submitter, http.MethodPost, at, Clone{Set: []string{"parameters.x.values=[9]"}}, "Idempotency-Key: k"); status != http.StatusConflict {
		t.Errorf("the same key with other changes: %d %s", status, answer)
	}
	if status, answer, _ = w.ask(access.Operator, http.MethodPost, at, nil); status != http.StatusCreated {
		t.Errorf("by an operator, without a body: %d %s", status, answer)
	}
	_, other, err := w.tokens.Create("eve", access.Submitter, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.as["eve"] = other
	if status, answer, _ = w.ask("eve", http.MethodPost, at, Clone{}); status != http.StatusForbidden {
		t.Errorf("with another's folder: %d %s", status, answer)
	}
	plain := w.submit(access.Submitter, Submission{Spec: three})
	if status, answer, _ = w.ask("eve", http.MethodPost, Prefix+"/sweeps/"+plain.ID+"/clone", Clone{}); status != http.StatusCreated {
		t.Errorf("of another, without a folder: %d %s", status, answer)
	}
	secret := w.submit(access.Submitter, Submission{Spec: three, Set: []string{"task.env.API_KEY=hunter2"}})
	for _, path := range []string{"/plan?sweep=" + secret.ID, "/sweeps/" + secret.ID + "/clone"} {
		method := http.MethodPost
		if strings.HasPrefix(path, "/plan") {
			method = http.MethodGet
		}
		if status, answer, _ = w.ask("eve", method, Prefix+path, nil); status != http.StatusForbidden || strings.Contains(string(answer), "hunter2") {
			t.Errorf("%s with another's secret: %d %s", path, status, answer)
		}
	}
	for path, want := range map[string]int{"/sweeps/none/clone": 404, "/sweeps/..%2f..%2fx/clone": 404, "/sweeps/" + strings.Repeat("a", 300) + "/clone": 422} {
		if status, answer, _ = w.ask(access.Submitter, http.MethodPost, Prefix+path, Clone{}); status != want {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	if status, _, _ = w.ask(access.Submitter, http.MethodPost, at, Clone{Set: slices.Repeat([]string{"x=1"}, 1001)}); status != http.StatusUnprocessableEntity {
		t.Errorf("a thousand changes and one: %d", status)
	}
}

// Lists leave archived sweeps out unless they are asked for them; what runs is always seen.
func TestArchive(t *testing.T) {
	w := newWorld(t)
	yes, no := true, false
	s := w.submit(access.Submitter, Submission{Spec: strings.Replace(three, "echo hello", "sleep 60; echo hello", 1)})
	at := Prefix + "/sweeps/" + s.ID
	if status, answer, _ := w.ask(access.Submitter, http.MethodPatch, at, Change{Archived: &yes}); status != http.StatusConflict {
		t.Errorf("while it runs: %d %s", status, answer)
	}
	w.ask(access.Submitter, http.MethodPost, at+"/stop", nil)
	w.ended(s.ID)
	seen := func(query string, want int) {
		t.Helper()
		if list := get[Page[Sweep]](w, access.Viewer, "/sweeps"+query); list.Total != want {
			t.Errorf("list%s has %d sweeps, want %d", query, list.Total, want)
		}
	}
	if status, answer, _ := w.ask(access.Submitter, http.MethodPatch, at, Change{Archived: &yes}); status != http.StatusOK || !strings.Contains(string(answer), `"archived":"2`) {
		t.Errorf("archive: %d %s", status, answer)
	}
	seen("", 0)
	seen("?archived=true", 1)
	seen("?state=stopped", 0)
	if status, answer, _ := w.ask(access.Submitter, http.MethodPatch, at, Change{Archived: &no}); status != http.StatusOK || strings.Contains(string(answer), `"archived"`) {
		t.Errorf("unarchive: %d %s", status, answer)
	}
	seen("", 1)
	_, other, err := w.tokens.Create("eve", access.Submitter, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.as["eve"] = other
	if status, answer, _ := w.ask("eve", http.MethodPatch, at, Change{Archived: &yes}); status != http.StatusForbidden {
		t.Errorf("of another: %d %s", status, answer)
	}
	foreign := store.Sweep{ID: "old-aaaaaa", State: "succeeded", Created: "2020-01-01T00:00:00Z", Finished: "2020-01-01T00:00:01Z"}
	if err := store.WriteSweep(t.Context(), w.bucket, foreign); err != nil {
		t.Fatal(err)
	}
	if status, answer, _ := w.ask(access.Operator, http.MethodPatch, Prefix+"/sweeps/old-aaaaaa", Change{Archived: &yes}); status != http.StatusOK {
		t.Errorf("one that no server has: %d %s", status, answer)
	}
}

const many = `
name: many
method: grid
metric: {name: loss, goal: minimize}
metrics: [{name: size}]
parameters: {x: {values: [1, 2, 3, 4, 5, 6]}, y: {values: [1, 2, 3, 4]}, z: {value: 1}}
command: "echo loss=${param.x}; echo size=${param.y}"
task: {resources: {cpus: 0.1, memory: 16MB}, filters: ['(\w+)=(.*)']}
`

// What values depend on, and what is different between sweeps, the server says by itself.
func TestInsight(t *testing.T) {
	w := newWorld(t)
	s := w.submit(access.Submitter, Submission{Spec: many})
	other := w.submit(access.Submitter, Submission{Spec: many, Set: []string{"parameters.x.values=[9]", "task.resources.memory=32MB"}})
	lists := w.submit(access.Submitter, Submission{Spec: many, Set: []string{"parameters.z={values: [[3], {a: [2]}]}", "run_cap=30"}})
	w.ended(s.ID)
	w.ended(lists.ID)
	if r := get[Explanation](w, access.Viewer, "/sweeps/"+lists.ID+"/importance"); r.Trials != 30 || len(r.Importance) != 3 {
		t.Errorf("importance of lists %+v", r)
	}
	w.ended(other.ID)
	r := get[Explanation](w, access.Viewer, "/sweeps/"+s.ID+"/importance")
	if r.Trials != 24 || len(r.Importance) != 2 || r.Importance[0].Parameter != "x" || r.Importance[0].Share < 0.5 {
		t.Errorf("importance %+v", r)
	}
	c := get[Comparison](w, access.Viewer, "/compare?sweep="+s.ID+"&sweep="+other.ID+"&sweep="+s.ID+"/23")
	names := func(n int, name func(int) string) (out []string) {
		for i := range n {
			out = append(out, name(i))
		}
		return out
	}
	params := names(len(c.Params), func(i int) string { return c.Params[i].Name })
	settings := names(len(c.Settings), func(i int) string { return c.Settings[i].Name })
	if len(c.Columns) != 3 || c.Leader == nil || *c.Leader != 0 || !slices.Equal(params, []string{"x", "y"}) || c.SameParams != 1 ||
		!slices.Equal(settings, []string{"parameters.x.values", "seed", "task.resources.memory"}) {
		t.Errorf("parameters %v, settings %v, leader %v of %+v", params, settings, c.Leader, c.Columns)
	}
	if string(c.Params[0].Values[1]) != "9" || len(c.Metrics) != 2 || c.Metrics[0].Name != "loss" || *c.Metrics[0].Values[2] != 6 || *c.Columns[2].Trial != 23 {
		t.Errorf("parameters %s, metrics %+v", c.Params, c.Metrics)
	}
	for query, want := range map[string]int{
		"": 422, "?sweep=none": 404, "?sweep=" + s.ID + "/x": 422, "?sweep=" + s.ID + "/99": 404, "?sweep=" + s.ID + "/-1": 422, "?sweep=..%2f..": 404,
		"?sweep=" + strings.Repeat("a&sweep=", 30) + "a": 422,
	} {
		if status, answer, _ := w.ask(access.Viewer, http.MethodGet, Prefix+"/compare"+query, nil); status != want {
			t.Errorf("compare%.80s: %d, want %d: %s", query, status, want, answer)
		}
	}
}

// Who asks too often waits; others, and probes, do not wait for them.
func TestRates(t *testing.T) {
	w := newWorld(t)
	w.guarded(access.Config{Rate: 0.001})
	for i := range 2 {
		status, answer, rs := w.ask(access.Viewer, http.MethodGet, Prefix+"/whoami", nil)
		if i == 1 && (status != http.StatusTooManyRequests || rs.Header.Get("Retry-After") == "") {
			t.Errorf("request %d: %d %s", i, status, answer)
		}
	}
	if status, _, _ := w.ask(access.Admin, http.MethodGet, Prefix+"/whoami", nil); status != http.StatusOK {
		t.Errorf("of another: %d", status)
	}
	if status, _, _ := w.ask("", http.MethodGet, "/healthz", nil); status != http.StatusOK {
		t.Errorf("a probe: %d", status)
	}
}
