package mlflow

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// tracking is a tracking server that keeps its word: what its REST API documents of the operations that are asked for, bounds too.
type tracking struct {
	t  *testing.T
	mu sync.Mutex

	experiments map[string]string // id by name
	runs        []*keptRun
	requests    int
	failAt      int  // that request has status 500
	lost        bool // and what it asked for is not done
	page        int  // how many runs an answer of a search has
	user        string
}

type keptRun struct {
	id, experiment, status string
	start, end             int64
	deleted                bool
	params, tags           map[string]string
	metrics                []metric
}

func newTracking(t *testing.T) (*tracking, *Client) {
	s := &tracking{t: t, experiments: map[string]string{}, page: 2}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c, err := Open(server.URL+"/", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

type request struct {
	Name       string          `json:"name"`
	Experiment string          `json:"experiment_id"`
	In         []string        `json:"experiment_ids"`
	Run        string          `json:"run_id"`
	Called     string          `json:"run_name"`
	Start      int64           `json:"start_time"`
	End        int64           `json:"end_time"`
	Status     string          `json:"status"`
	Filter     string          `json:"filter"`
	Token      string          `json:"page_token"`
	Metrics    json.RawMessage `json:"metrics"`
	Params     []pair          `json:"params"`
	Tags       []pair          `json:"tags"`
}

func (s *tracking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.user, _, _ = r.BasicAuth()
	var ask request
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&ask); err != nil {
			s.refuse(w, 400, "BAD_REQUEST", err.Error())
			return
		}
	}
	if s.requests++; s.requests == s.failAt && s.lost {
		http.Error(w, "<html>no", 500)
		return
	}
	answer, code, why := s.answer(r, ask)
	switch {
	case s.requests == s.failAt:
		http.Error(w, "<html>no", 500)
	case code != "":
		status := map[string]int{"RESOURCE_DOES_NOT_EXIST": 404}[code]
		s.refuse(w, max(status, 400), code, why)
	default:
		_ = json.NewEncoder(w).Encode(answer)
	}
}

func (s *tracking) refuse(w http.ResponseWriter, status int, code, why string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error_code": code, "message": why})
}

type object = map[string]any

const invalid = "INVALID_PARAMETER_VALUE"

func (s *tracking) answer(r *http.Request, ask request) (answer any, code, why string) {
	var run *keptRun
	for _, one := range s.runs {
		if one.id == ask.Run {
			run = one
		}
	}
	what := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/2.0/mlflow/")
	switch what {
	case "GET experiments/get-by-name":
		id, known := s.experiments[r.FormValue("experiment_name")]
		if !known {
			return nil, "RESOURCE_DOES_NOT_EXIST", "no such experiment"
		}
		return object{"experiment": object{"experiment_id": id, "lifecycle_stage": "active"}}, "", ""
	case "POST experiments/create":
		id := strconv.Itoa(len(s.experiments) + 1)
		s.experiments[ask.Name] = id
		return object{"experiment_id": id}, "", ""
	case "POST runs/search":
		return s.search(ask), "", ""
	case "POST runs/create":
		run = &keptRun{id: fmt.Sprintf("run%d", len(s.runs)), experiment: ask.Experiment, status: "RUNNING", start: ask.Start,
			params: map[string]string{}, tags: map[string]string{}}
		s.runs = append(s.runs, run)
		for _, tag := range ask.Tags {
			run.tags[tag.Key] = tag.Value
		}
		return object{"run": object{"info": object{"run_id": run.id}}}, "", ""
	}
	if run == nil || run.deleted {
		return nil, "RESOURCE_DOES_NOT_EXIST", "no run " + ask.Run
	}
	switch what {
	case "POST runs/update":
		if !slices.Contains([]string{"FINISHED", "FAILED", "KILLED"}, ask.Status) {
			return nil, invalid, ask.Status
		}
		run.status, run.end = ask.Status, ask.End
	case "POST runs/delete":
		run.deleted = true
	case "POST runs/log-batch":
		return s.batch(run, ask)
	default:
		return nil, "ENDPOINT_NOT_FOUND", what
	}
	return object{}, "", ""
}

func (s *tracking) search(ask request) any {
	var found []object
	for _, run := range s.runs {
		if run.deleted || !slices.Contains(ask.In, run.experiment) ||
			ask.Filter != fmt.Sprintf("tags.`kaon.sweep` = '%s'", run.tags["kaon.sweep"]) {
			continue
		}
		var tags []pair
		for key, value := range run.tags {
			tags = append(tags, pair{key, value})
		}
		found = append(found, object{"info": object{"run_id": run.id}, "data": object{"tags": tags}})
	}
	from, _ := strconv.Atoi(ask.Token)
	to := min(from+s.page, len(found))
	answer := object{"runs": found[from:to]}
	if to < len(found) {
		answer["next_page_token"] = strconv.Itoa(to)
	}
	return answer
}

func (s *tracking) batch(run *keptRun, ask request) (answer any, code, why string) {
	var metrics []metric
	if len(ask.Metrics) > 0 {
		if err := json.Unmarshal(ask.Metrics, &metrics); err != nil {
			return nil, invalid, err.Error()
		}
	}
	if len(metrics) > 1000 || len(ask.Params) > 100 || len(ask.Tags) > 100 || len(metrics)+len(ask.Params)+len(ask.Tags) > 1000 {
		return nil, invalid, "too many"
	}
	for _, m := range metrics {
		if m.Key == "" || len(m.Key) > 250 || m.Millis <= 0 || path.Clean(m.Key) != m.Key || strings.HasPrefix(m.Key, "..") {
			return nil, invalid, m.Key
		}
	}
	params := maps.Clone(run.params)
	for _, p := range ask.Params {
		if was, set := params[p.Key]; p.Key == "" || len(p.Key) > 250 || len([]rune(p.Value)) > 6000 || set && was != p.Value {
			return nil, invalid, p.Key
		}
		params[p.Key] = p.Value
	}
	for _, tag := range ask.Tags {
		if len(tag.Value) > 8000 {
			return nil, invalid, tag.Key
		}
		run.tags[tag.Key] = tag.Value
	}
	run.params, run.metrics = params, append(run.metrics, metrics...)
	return object{}, "", ""
}

// kept is what the server has, a line a run that is not deleted, without the ids that it gave.
func (s *tracking) kept() (lines []string) {
	names := map[string]string{}
	for _, run := range s.runs {
		names[run.id] = run.tags["kaon.trial"]
	}
	for _, run := range s.runs {
		if run.deleted {
			continue
		}
		tags := maps.Clone(run.tags)
		if parent, nested := tags["mlflow.parentRunId"]; nested && names[parent] == "" {
			tags["mlflow.parentRunId"] = "parent"
		}
		lines = append(lines, fmt.Sprint(run.experiment, run.status, run.start, run.end, run.params, tags, run.metrics))
	}
	slices.Sort(lines)
	return lines
}
