package mcp

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/server/client"
)

const spec = `
name: agent
method: grid
metric: {name: loss, goal: minimize}
parameters: {x: {values: [1, 2, 3, 4, 5, 6]}, y: {values: [1, 2, 3, 4]}}
command: "echo begin ${param.x}; echo loss=${param.x}"
task: {resources: {cpus: 0.1, memory: 16MB}, timeout: 1m, logs: all}
`

type object = map[string]any

// An agent checks, plans, submits, waits and reads, and is told in few words.
func TestAgentRunsASweep(t *testing.T) {
	w := newWorld(t)
	s := w.agent(access.Submitter, Config{AllowWrite: true, Budget: Usual})
	s.refused("validate", object{"spec": "method: grid\nparameters: {x: {valus: [1]}}\ncommand: echo\n"}, ":2:18", "valus", "did you mean")
	var p struct {
		Trials int
		First  []struct{ Command, Needs string } `json:"first_trials"`
		Most   struct {
			CPUHours float64 `json:"cpu_hours"`
		} `json:"at_most"`
		Left string `json:"left_out"`
	}
	s.get("plan", object{"spec": spec, "set": []string{"run_cap=20"}}, &p)
	if p.Trials != 20 || len(p.First) != 3 || !strings.Contains(p.First[0].Command, "begin 1") || p.Most.CPUHours <= 0 || p.Left == "" {
		t.Errorf("plan %+v", p)
	}
	var at struct {
		Sweep, State, Note, Mark string
		Ended, Changed           bool
		Trials                   map[string]int
		Best                     struct{ Trial int }
	}
	s.get("submit", object{"spec": spec, "labels": []string{"tried"}, "budget": object{"max_trials": 24, "max_hours": 0.5}}, &at)
	if at.Trials["total"] != 24 || !strings.Contains(at.Note, "limits.wall=1800s") {
		t.Errorf("submitted %+v", at)
	}
	id := at.Sweep
	s.get("watch", object{"sweep": "tried", "until_end": true, "seconds": 120}, &at)
	if !at.Ended || at.State != "succeeded" || at.Trials["succeeded"] != 24 || at.Best.Trial > 3 {
		t.Errorf("watched %+v", at)
	}
	if text := s.get("watch", object{"sweep": id, "mark": "before"}, &at); !at.Changed || len(text) > 1000 {
		t.Errorf("what changed before: %s", text)
	}
	var listed struct {
		Sweeps []struct{ Sweep string }
		Total  int
	}
	if s.get("list", object{"label": "tried"}, &listed); listed.Total != 1 || listed.Sweeps[0].Sweep != id {
		t.Errorf("list %+v", listed)
	}
	var best struct {
		Value  float64
		Params object
	}
	if s.get("best", object{}, &best); best.Value != 1 || best.Params["x"] != 1.0 {
		t.Errorf("best %+v", best)
	}
	var why struct {
		Importance []struct {
			Parameter string
			Share     float64
		}
	}
	if s.get("explain", object{"sweep": id}, &why); len(why.Importance) != 2 || why.Importance[0].Parameter != "x" || why.Importance[0].Share < 0.5 {
		t.Errorf("explain %+v", why)
	}
	w.reads(s, id)
	if s.get("extend", object{"sweep": id, "set": []string{"parameters.x.values=[7,8,9,10,11,12,13]"}}, &at); at.Trials["total"] <= 24 {
		t.Errorf("extended %+v", at)
	}
	s.get("watch", object{"sweep": id, "until_end": true, "seconds": 120}, &at)
	s.get("submit", object{"like": id, "set": []string{"command=sleep 600", "name=slow"}}, &at)
	for _, name := range []string{"pause", "resume", "stop"} {
		s.get(name, object{"sweep": "slow-"}, &at)
	}
	if s.get("watch", object{"sweep": "slow-", "until_end": true, "seconds": 120}, &at); at.State != "stopped" {
		t.Errorf("stopped %+v", at)
	}
}

// reads has an agent look at trials.
func (w *world) reads(s *session, id string) {
	w.t.Helper()
	var trials struct {
		Trials []struct {
			Trial   int
			Params  object
			Metrics map[string]float64
		}
		Total      int
		Next, Left string
	}
	s.get("trials", object{"sweep": id, "filter": "params.x > 2", "limit": 5}, &trials)
	if trials.Total != 16 || len(trials.Trials) != 5 || trials.Next == "" || trials.Trials[0].Metrics["loss"] != 3 {
		w.t.Errorf("trials %+v", trials)
	}
	s.get("trials", object{"sweep": id, "filter": "params.x > 2", "limit": 50, "cursor": trials.Next}, &trials)
	if len(trials.Trials) != 11 {
		w.t.Errorf("the rest %+v", trials)
	}
	var one struct {
		State    string
		Attempts []struct{ State string }
	}
	if s.get("trial", object{"sweep": id, "trial": 5}, &one); one.State != "succeeded" || len(one.Attempts) != 1 {
		w.t.Errorf("trial %+v", one)
	}
	var logs struct {
		Text string
		Left string `json:"left_out"`
	}
	if s.get("logs", object{"sweep": id, "trial": 0, "lines": 1}, &logs); logs.Text != "loss=1\n" || logs.Left == "" {
		w.t.Errorf("logs %+v", logs)
	}
	var compared struct {
		Comparison struct {
			Params  []struct{ Name string }
			Columns []object
		}
	}
	if s.get("compare", object{"sweeps": []string{id, id + "/23"}}, &compared); len(compared.Comparison.Params) != 2 || len(compared.Comparison.Columns) != 2 {
		w.t.Errorf("compare %+v", compared)
	}
}

// What an agent may not, it is not offered; what it asks beyond that, or beyond the protocol, is refused with what helps.
func TestAttackAgent(t *testing.T) {
	w := newWorld(t)
	s := w.agent(access.Submitter, Config{Budget: Budget{Trials: 10, Hours: 1, CPUHours: 1}, Sweeps: 1})
	all := s.tools()
	for _, tool := range all {
		reading := !slices.Contains([]string{"submit", "extend", "pause", "resume"}, tool.Name)
		if a := tool.Annotations; a == nil || a.ReadOnlyHint != reading || a.DestructiveHint == nil || *a.DestructiveHint {
			t.Errorf("%s is annotated %+v", tool.Name, a)
		}
	}
	if all["stop"] != nil || len(all) < 15 {
		t.Errorf("offered are %d tools, stop among them: %v", len(all), all["stop"] != nil)
	}
	s.refused("stop", object{"sweep": "x"}, "stop")
	s.refused("submit", object{"spec": spec}, "24 trials", "the budget is 10", "run_cap=10")
	s.refused("submit", object{"spec": spec, "budget": object{"max_trials": 1000}}, "--max-trials")
	s.refused("submit", object{"spec": spec, "budget": object{"max_trials": -1}}, "not negative")
	s.refused("submit", object{"spec": spec, "set": []string{"run_cap=5", "limits.wall=2h"}}, "limits.wall")
	s.refused("submit", object{"spec": spec, "set": []string{"run_cap=5", "task.resources.cpus=100", "task.timeout=1h"}}, "cpu-hours")
	s.refused("submit", object{"spec": spec, "file": "/etc/passwd"}, "give one of")
	s.refused("submit", object{"file": "/etc/passwd"}, "reads no files")
	s.refused("submit", object{}, "give one of")
	s.refused("submit", object{"spec": spec, "nonsense": 1}, "nonsense")
	s.refused("submit", object{"spec": 1}, "spec")
	s.refused("trials", object{"sweep": "none"}, "no sweep")
	s.refused("status", object{"sweep": "../../etc"}, "no sweep")
	s.refused("compare", object{"sweeps": []string{"a"}}, "two or more")
	s.refused("nonsense", object{}, "nonsense")
	var at struct{ Sweep, State string }
	for range 2 { // the second is the first
		s.get("submit", object{"spec": spec, "set": []string{"run_cap=2"}, "key": "k"}, &at)
	}
	s.refused("submit", object{"spec": spec, "set": []string{"run_cap=2"}}, "allows no more")
	s.refused("submit", object{"spec": spec, "set": []string{"run_cap=2", "name=other"}, "key": "k"}, "allows no more")
	s.refused("extend", object{"sweep": at.Sweep, "set": []string{"run_cap=20"}}, "the budget is 10")
	s.get("watch", object{"sweep": at.Sweep, "until_end": true, "seconds": 120}, &at)
	for _, strange := range []string{"..", "\x00", strings.Repeat("a", 5000), "🦀", "@latest/../x", "1 OR 1"} {
		for name := range all {
			if text, failed := s.call(name, object{"sweep": strange, "trial": 0, "sweeps": []string{strange, strange}, "set": []string{strange}, "spec": strange}); !failed {
				t.Errorf("%s of %.20q answers %s", name, strange, text)
			}
		}
		s.refused("trials", object{"filter": strange + " >"}, "filter")
		s.refused("logs", object{"trial": 1 << 40}, "trials")
	}
	reader := w.agent(access.Submitter, Config{ReadOnly: true, AllowWrite: true})
	for _, name := range []string{"submit", "extend", "pause", "resume", "stop"} {
		reader.refused(name, object{"spec": spec, "sweep": at.Sweep}, name)
	}
	viewer := w.agent(access.Viewer, Config{AllowWrite: true})
	viewer.refused("submit", object{"spec": spec}, "viewer", "submitter")
	viewer.refused("stop", object{"sweep": at.Sweep}, "viewer")
	gone := w.agent(access.Viewer, Config{Connect: func(context.Context) (*client.Client, error) {
		return nil, errors.New("no server runs: start one with `kaon serve`")
	}})
	gone.refused("list", object{}, "kaon serve")
}

// That a sweep has no best trial is said when the server says so, and no other trouble is taken for it.
func TestNoBestTrial(t *testing.T) {
	w := newWorld(t)
	to, err := url.Parse(w.address)
	if err != nil {
		t.Fatal(err)
	}
	var broken atomic.Bool
	way := httputil.NewSingleHostReverseProxy(to)
	h := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, rq *http.Request) {
		if broken.Load() && strings.HasSuffix(rq.URL.Path, "/winner") {
			http.Error(rw, "the disk is gone", http.StatusInternalServerError)
			return
		}
		way.ServeHTTP(rw, rq)
	}))
	t.Cleanup(h.Close)
	c, err := client.New(h.URL, w.token(access.Submitter))
	if err != nil {
		t.Fatal(err)
	}
	s := w.agent(access.Submitter, Config{Connect: func(context.Context) (*client.Client, error) { return c, nil }})
	var at struct{ Sweep string }
	s.get("submit", object{"spec": spec, "set": []string{"run_cap=1", "command=exit 1", "task.retries=0"}}, &at)
	s.refused("best", object{"sweep": at.Sweep}, "has no best trial", "finite loss")
	broken.Store(true)
	if text, failed := s.call("best", object{"sweep": at.Sweep}); !failed || strings.Contains(text, "no best trial") {
		t.Errorf("what is broken is told as %s", text)
	}
}

// Answers are bounded whatever trials are like.
func TestLongAnswersAreCut(t *testing.T) {
	w := newWorld(t)
	s := w.agent(access.Submitter, Config{Budget: Usual})
	long := strings.Replace(spec, "y: {values: [1, 2, 3, 4]}", "y: {values: ["+strings.Repeat("long ", 1000)+"]}", 1)
	long = strings.Replace(long, "echo begin ${param.x}", "seq 1 20000", 1)
	var at struct{ Sweep string }
	s.get("submit", object{"spec": long}, &at)
	s.get("watch", object{"sweep": at.Sweep, "until_end": true, "seconds": 120}, &at)
	var out struct {
		Text string
		Left string `json:"left_out"`
	}
	for name, arguments := range map[string]object{"trials": {"limit": 100}, "logs": {"trial": 0, "lines": 400}, "plan": {"spec": long, "points": 20}, "best": {}, "trial": {"trial": 1}, "compare": {"sweeps": []string{at.Sweep, at.Sweep}}} {
		if name != "plan" && name != "compare" {
			arguments["sweep"] = at.Sweep
		}
		s.get(name, arguments, new(object))
	}
	if s.get("logs", object{"trial": 0, "lines": 400}, &out); len(out.Text) > largestTail || !strings.HasSuffix(out.Text, "20000\nloss=1\n") || out.Left == "" {
		t.Errorf("logs %d bytes, %q", len(out.Text), out.Left)
	}
}

// Over HTTP the tools are those of the token's role, and nobody gets in without one.
func TestAgentsOverHTTP(t *testing.T) {
	w := newWorld(t)
	for _, secret := range []string{"", "kaon_x"} {
		rq, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.address+Path, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
		if err != nil {
			t.Fatal(err)
		}
		rq.Header.Set("Authorization", "Bearer "+secret)
		rs, err := http.DefaultClient.Do(rq)
		if err != nil {
			t.Fatal(err)
		}
		rs.Body.Close()
		if rs.StatusCode != http.StatusUnauthorized || rs.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("with token %q: %d", secret, rs.StatusCode)
		}
	}
	viewer := w.overHTTP(w.token(access.Viewer))
	if all := viewer.tools(); all["submit"] != nil || all["list"] == nil {
		t.Errorf("a viewer is offered %d tools, submit among them: %v", len(all), all["submit"] != nil)
	}
	s := w.overHTTP(w.token(access.Submitter))
	var at struct{ Sweep, State string }
	s.get("submit", object{"spec": spec}, &at)
	if s.get("watch", object{"sweep": at.Sweep, "until_end": true, "seconds": 120}, &at); at.State != "succeeded" {
		t.Errorf("ended %+v", at)
	}
	s.refused("submit", object{"spec": spec, "set": []string{"parameters.y={min: 1, max: 5000}"}}, "the budget is 1000")
	viewer.get("best", object{}, &at)
	s.refused("validate", object{"file": "/etc/passwd"}, "reads no files")
}
