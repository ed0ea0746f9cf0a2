package mlflow

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
)

// logged is a Tracking with what it handed on.
type logged struct {
	*Tracking
	mu     sync.Mutex
	lines  []string
	passed []string
}

func newLogged(folder string) *logged {
	l := &logged{Tracking: &Tracking{Folder: folder}}
	l.Emit = func(line []byte) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !json.Valid([]byte(strings.NewReplacer(": NaN", ": 0", ": -Infinity", ": 0", ": Infinity", ": 0").Replace(string(line)))) {
			panic("no JSON: " + string(line))
		}
		l.lines = append(l.lines, string(line))
	}
	l.Sent = func() {}
	l.Passed = func(name string) { l.passed = append(l.passed, name) }
	return l
}

func (l *logged) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n") + "\n"
}

// opened opens a server for l, to be asked for paths below api/2.0/mlflow.
func opened(t *testing.T, l *logged) (uri string, s *Server) {
	t.Helper()
	s = &Server{}
	t.Cleanup(s.Stop)
	uri, err := s.Open(l.Tracking)
	if err != nil {
		t.Fatal(err)
	}
	return uri, s
}

// ask asks, and returns the status and what was answered.
func ask(t *testing.T, method, uri, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequest(method, uri, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatalf("%s %s: %d %.300s", method, uri, resp.StatusCode, data)
	}
	return resp.StatusCode, got
}

// begin starts a run.
func begin(t *testing.T, uri, more string) string {
	t.Helper()
	status, got := ask(t, "POST", uri+"/api/2.0/mlflow/runs/create", `{"experiment_id": "0"`+more+`}`)
	if status != 200 {
		t.Fatalf("%d %v", status, got)
	}
	return got["run"].(map[string]any)["info"].(map[string]any)["run_id"].(string)
}

func TestMetricsBecomeLines(t *testing.T) {
	const log, batch = "runs/log-metric", "runs/log-batch"
	tests := []struct {
		name  string
		calls [][2]string // path and body, with RUN and NESTED for runs
		want  []string
	}{
		{"steps", [][2]string{{log, `{"run_id": "RUN", "key": "loss", "value": 0.5, "timestamp": 1, "step": 3}`},
			{log, `{"run_id": "RUN", "key": "loss", "value": 0.25, "timestamp": "2", "step": "4"}`}},
			[]string{`{"_step": 3, "loss": 0.5}`, `{"_step": 4, "loss": 0.25}`}},
		{"none given are counted", [][2]string{{log, `{"run_id": "RUN", "key": "a", "value": 1, "timestamp": 1, "step": 0}`},
			{log, `{"run_id": "RUN", "key": "a", "value": 2, "timestamp": 2}`}, {log, `{"run_id": "RUN", "key": "b", "value": 2, "timestamp": 2}`},
			{log, `{"run_uuid": "RUN", "key": "a", "value": 2, "timestamp": 3, "step": 7}`}},
			[]string{`{"_step": 0, "a": 1}`, `{"_step": 1, "a": 2}`, `{"_step": 0, "b": 2}`, `{"_step": 7, "a": 2}`}},
		{"one that is asked for again counts once", [][2]string{{log, `{"run_id": "RUN", "key": "a", "value": 1, "timestamp": 1, "step": 2}`},
			{log, `{"run_id": "RUN", "key": "a", "value": 1, "timestamp": 1, "step": 2}`}, {log, `{"run_id": "RUN", "key": "a", "value": 1, "timestamp": 2, "step": 2}`}},
			[]string{`{"_step": 2, "a": 1}`, `{"_step": 2, "a": 1}`}},
		{"a batch", [][2]string{{batch, `{"run_id": "RUN", "params": [{"key": "p", "value": "1"}], "tags": [{"key": "t", "value": "x"}], "metrics": [` +
			`{"key": "a", "value": 1, "timestamp": 1, "step": 1}, {"key": "b/c d", "value": 1e300, "timestamp": 1, "step": 1}, {"key": "a", "value": 2, "timestamp": 1, "step": 1}, ` +
			`{"key": "a", "value": 3, "timestamp": 1, "step": 2}]}`}},
			[]string{`{"_step": 1, "a": 1, "b/c d": 1e+300}`, `{"_step": 1, "a": 2}`, `{"_step": 2, "a": 3}`}},
		{"not finite", [][2]string{{log, `{"run_id": "RUN", "key": "a", "value": "NaN", "timestamp": 1, "step": 1}`},
			{log, `{"run_id": "RUN", "key": "a", "value": "-Infinity", "timestamp": 1, "step": 2}`}},
			[]string{`{"_step": 1, "a": NaN}`, `{"_step": 2, "a": -Infinity}`}},
		{"nested runs", [][2]string{{log, `{"run_id": "NESTED", "key": "a", "value": 1, "timestamp": 1, "step": 1}`},
			{log, `{"run_id": "RUN", "key": "a", "value": 2, "timestamp": 1, "step": 1}`}},
			[]string{`{"_step": 1, "fold 1.a": 1}`, `{"_step": 1, "a": 2}`}},
		{"a batch that is wrong", [][2]string{{batch, `{"run_id": "RUN", "metrics": [{"key": "a", "value": 1}, {"key": "b", "value": "high"}]}`}}, nil},
		{"names with another meaning", [][2]string{{log, `{"run_id": "RUN", "key": "step", "value": 9, "timestamp": 1}`}}, nil},
		{"a name in need of escapes", [][2]string{{log, `{"run_id": "RUN", "key": "a\"\n", "value": 9, "timestamp": 1}`}}, []string{`{"_step": 0, "a\"\n": 9}`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLogged("/a/artifacts/mlflow")
			uri, _ := opened(t, l)
			run := begin(t, uri, "")
			nested := begin(t, uri, `, "run_name": "fold 1", "tags": [{"key": "mlflow.parentRunId", "value": "`+run+`"}]`)
			for _, c := range tt.calls {
				ask(t, "POST", uri+"/api/2.0/mlflow/"+c[0], strings.NewReplacer("RUN", run, "NESTED", nested).Replace(c[1]))
			}
			if got, want := strings.TrimSpace(l.text()), strings.Join(tt.want, "\n"); got != want {
				t.Errorf("handed on\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// Of a batch of any size no line is beyond the bounds of a metrics file's.
func TestLargeBatches(t *testing.T) {
	l := newLogged("/a")
	uri, _ := opened(t, l)
	run := begin(t, uri, "")
	var all []string
	for i := range 1000 {
		all = append(all, fmt.Sprintf(`{"key": "%s%d", "value": 1, "timestamp": 1, "step": 1}`, strings.Repeat("k", 240), i))
	}
	ask(t, "POST", uri+"/api/2.0/mlflow/runs/log-batch", `{"run_id": "`+run+`", "metrics": [`+strings.Join(all, ",")+`]}`)
	n := 0
	for _, line := range l.lines {
		n += strings.Count(line, ": 1") - 1
		if len(line) > 64<<10 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	if n != 1000 {
		t.Errorf("%d metrics in %d lines", n, len(l.lines))
	}
}

func TestSearchesOfRuns(t *testing.T) {
	l := newLogged("/a")
	uri, _ := opened(t, l)
	for i, lr := range []string{"0.1", "0.2", "0.3"} {
		run := begin(t, uri, `, "run_name": "r`+lr+`", "start_time": `+fmt.Sprint(i+1)+`, "tags": [{"key": "my tag", "value": "`+lr+`"}]`)
		ask(t, "POST", uri+"/api/2.0/mlflow/runs/log-parameter", `{"run_id": "`+run+`", "key": "lr", "value": "`+lr+`"}`)
		ask(t, "POST", uri+"/api/2.0/mlflow/runs/log-metric", `{"run_id": "`+run+`", "key": "val/acc", "value": `+lr+`, "timestamp": 1}`)
		if i == 1 {
			ask(t, "POST", uri+"/api/2.0/mlflow/runs/update", `{"run_id": "`+run+`", "status": "FINISHED", "end_time": 5}`)
		}
	}
	tests := []struct{ filter, order, want string }{
		{"", "", "r0.3 r0.2 r0.1"},
		{"metrics.`val/acc` >= 0.2", `"metrics.` + "`val/acc`" + ` ASC"`, "r0.2 r0.3"},
		{"metrics.\\\"val/acc\\\" < 0.2 and params.lr = '0.1'", "", "r0.1"},
		{"tags.`my tag` IN ('0.1', '0.3')", `"attributes.start_time ASC"`, "r0.1 r0.3"},
		{"tags.`my tag` != '0.1'", `"params.lr DESC"`, "r0.3 r0.2"},
		{"attributes.status = 'FINISHED'", "", "r0.2"},
		{"run_name LIKE '%.2'", "", "r0.2"},
		{"params.none = 'x'", "", ""},
		{"params.lr = ", "", "INVALID_PARAMETER_VALUE"},
		{"; drop table runs", "", "INVALID_PARAMETER_VALUE"},
	}
	for _, tt := range tests {
		_, got := ask(t, "POST", uri+"/api/2.0/mlflow/runs/search", `{"experiment_ids": ["0"], "filter": "`+tt.filter+`", "order_by": [`+tt.order+`]}`)
		var names []string
		if code, ok := got["error_code"]; ok {
			names = append(names, code.(string))
		}
		runs, _ := got["runs"].([]any)
		for _, r := range runs {
			names = append(names, r.(map[string]any)["info"].(map[string]any)["run_name"].(string))
		}
		if s := strings.Join(names, " "); s != tt.want {
			t.Errorf("%s by %s: %s, want %s", tt.filter, tt.order, s, tt.want)
		}
	}
	_, got := ask(t, "POST", uri+"/api/2.0/mlflow/runs/search", `{"experiment_ids": ["0"], "max_results": 2}`)
	_, next := ask(t, "POST", uri+"/api/2.0/mlflow/runs/search", `{"experiment_ids": ["0"], "max_results": 2, "page_token": "`+got["next_page_token"].(string)+`"}`)
	if len(got["runs"].([]any)) != 2 || len(next["runs"].([]any)) != 1 || next["next_page_token"] != nil {
		t.Errorf("pages are %v and %v", got, next)
	}
}

// Who does not know the address of an attempt gets nothing, nor anybody after its end.
func TestAttackStrangers(t *testing.T) {
	mine, theirs := newLogged("/a"), newLogged("/b")
	uri, s := opened(t, mine)
	other, err := s.Open(theirs.Tracking)
	if err != nil {
		t.Fatal(err)
	}
	run := begin(t, uri, "")
	metric := `{"run_id": "` + run + `", "key": "a", "value": 1, "timestamp": 1}`
	base := "http://" + s.address
	for _, address := range []string{base, base + "/", base + "//", base + "/" + strings.Repeat("0", 32), base + "/../" + mine.token[:31]} {
		if status, _ := ask(t, "POST", address+"/api/2.0/mlflow/runs/log-metric", metric); status != http.StatusForbidden {
			t.Errorf("%s: %d", address, status)
		}
	}
	if status, _ := ask(t, "POST", other+"/api/2.0/mlflow/runs/log-metric", metric); status != http.StatusNotFound {
		t.Errorf("the run of another trial: %d", status)
	}
	req, _ := http.NewRequest("GET", uri+"/api/2.0/mlflow/runs/get?run_id="+run, nil)
	req.Host = "evil.example"
	if resp, err := http.DefaultClient.Do(req); err != nil || resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("by another name: %v %v", resp, err)
	}
	s.Close(mine.Tracking)
	if status, _ := ask(t, "POST", uri+"/api/2.0/mlflow/runs/log-metric", metric); status != http.StatusForbidden {
		t.Errorf("after the end: %d", status)
	}
	if len(mine.lines)+len(theirs.lines) != 0 {
		t.Errorf("%v %v", mine.lines, theirs.lines)
	}
}

// Whatever is asked for gets an answer, and what is kept stays bounded.
func TestAttackRequests(t *testing.T) {
	l := newLogged("/a")
	uri, _ := opened(t, l)
	run := begin(t, uri, "")
	api := uri + "/api/2.0/mlflow/"
	for _, c := range [][3]string{
		{"POST", "runs/log-metric", ""}, {"POST", "runs/log-metric", "{"}, {"POST", "runs/log-metric", "[]"},
		{"POST", "runs/log-metric", `{"run_id": "` + run + `", "key": "", "value": 1}`},
		{"POST", "runs/log-metric", `{"run_id": "` + run + `", "key": "` + strings.Repeat("k", 251) + `", "value": 1}`},
		{"POST", "runs/log-metric", `{"run_id": "` + run + `", "key": "a", "value": {"b": 1}}`},
		{"POST", "runs/log-metric", `{"run_id": "` + run + `", "key": "a", "value": 1, "step": 1e99}`},
		{"POST", "runs/log-metric", `{"run_id": "` + run + `", "key": "a", "value": 1, "step": "9223372036854775808"}`},
		{"POST", "runs/log-batch", strings.Repeat(`{"metrics":[`, 20000)}, {"POST", "runs/log-batch", strings.Repeat(" ", maxBody+1)},
		{"POST", "runs/search", `{"experiment_ids": ["0"], "filter": "` + strings.Repeat("a", 17<<10) + `"}`},
		{"POST", "runs/update", `{"run_id": "` + run + `", "status": "DONE"}`},
		{"GET", "runs/get?run_id=..%2F..%2Fetc%2Fpasswd", ""}, {"GET", "../../../etc/passwd", ""}, {"DELETE", "runs/get", ""},
		{"GET", "logged-models/" + strings.Repeat("x", 1000), ""}, {"POST", "registered-models/create", `{}`},
		{"GET", "runs/get?max_results=x", ""}, {"GET", "traces", ""},
	} {
		status, got := ask(t, c[0], api+c[1], c[2])
		if status < 400 || status > 499 || status == 429 || status == 408 || got["error_code"] == nil || len(fmt.Sprint(got["message"])) > 1000 {
			t.Errorf("%s %.60s %.60s: %d %v", c[0], c[1], c[2], status, got)
		}
	}
	big := strings.Repeat("v", 1<<20)
	full := 0
	for i := range 12 {
		if status, got := ask(t, "POST", api+"runs/set-tag", fmt.Sprintf(`{"run_id": "%s", "key": "t%d", "value": "%s"}`, run, i, big)); status == 400 &&
			got["error_code"] == "RESOURCE_LIMIT_EXCEEDED" {
			full++
		}
	}
	if full == 0 || l.kept > maxKept {
		t.Errorf("%d were refused, and %d bytes are kept", full, l.kept)
	}
	if status, _ := ask(t, "POST", api+"runs/log-metric", `{"run_id": "`+run+`", "key": "a", "value": 1}`); status == 200 && len(l.lines) != 1 {
		t.Errorf("a metric was answered with %d and not handed on", status)
	}
}

// Runs within runs within runs: their metrics' names stay bounded, and beyond a number nothing is read.
func TestAttackNestedRuns(t *testing.T) {
	l := newLogged("/a")
	parent := ""
	for i := range 500 {
		body := fmt.Sprintf(`{"experiment_id": "0", "run_name": "%s", "tags": [{"key": "mlflow.parentRunId", "value": "%s"}]}`, strings.Repeat("n", 60), parent)
		answer, bad := l.Answer("POST", "/api/2.0/mlflow/runs/create", nil, []byte(body))
		if bad != nil {
			t.Fatal(i, bad)
		}
		var made struct{ Run struct{ Info runInfo } }
		if err := json.Unmarshal(answer.(json.RawMessage), &made); err != nil {
			t.Fatal(err)
		}
		parent = made.Run.Info.ID
		if _, bad := l.Answer("POST", "/api/2.0/mlflow/runs/log-metric", nil, []byte(`{"run_id": "`+parent+`", "key": "a", "value": 1}`)); bad != nil {
			t.Fatal(bad)
		}
	}
	if len(l.lines) == 0 || len(l.lines) > maxNested+1 || len(l.passed) != 1 {
		t.Errorf("%d lines, passed %v", len(l.lines), l.passed)
	}
	for _, r := range l.runs {
		if len(r.prefix) > maxKey {
			t.Errorf("a prefix of %d bytes", len(r.prefix))
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for name := range calls {
		method, path, _ := strings.Cut(name, " ")
		f.Add(method, "/api/2.0/mlflow/"+path, "", `{"run_id": "r", "key": "a", "value": 1, "filter": "metrics.a > 1", "name": "n"}`)
	}
	f.Add("POST", "/api/2.0/mlflow/runs/search", "", `{"experiment_ids": ["0"], "filter": "tags.x ilike '%a_' and name in ('a')", "order_by": ["a desc"]}`)
	f.Fuzz(func(_ *testing.T, method, path, query, body string) {
		l := newLogged("/a")
		q, _ := url.ParseQuery(query)
		_, _ = l.Answer("POST", "/api/2.0/mlflow/runs/create", nil, []byte(`{}`))
		_, _ = l.Answer(method, path, q, []byte(strings.ReplaceAll(body, `"r"`, `"`+l.runs[0].info.ID+`"`)))
		l.Summary()
	})
}

// exchange is a request of a client's and what it was answered; ids are written as their names in the recording.
type exchange struct {
	Method, Path string
	Body         json.RawMessage `json:",omitempty"`
	Status       int
	Answer       json.RawMessage `json:",omitempty"`
}

// What clients of MLflow were seen to ask for is answered as it was, and gives the same lines.
func TestAsClientsWereRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			l := newLogged("/ARTIFACTS")
			uri, _ := opened(t, l)
			now := newIDs()
			for i, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
				var x exchange
				if err := json.Unmarshal(line, &x); err != nil {
					t.Fatal(err)
				}
				path, err := httpPath(now.real(x.Path))
				if err != nil {
					t.Fatal(err)
				}
				body := now.real(string(x.Body))
				now.asked(path + body)
				status, got := ask(t, x.Method, uri+path, body)
				text, _ := json.Marshal(got)
				if named := now.named(string(text)); status != x.Status || !same(named, x.Answer) {
					t.Errorf("%d: %s %s %s: %d %s, want %d %s", i+1, x.Method, x.Path, x.Body, status, named, x.Status, x.Answer)
				}
			}
			testkit.Golden(t, strings.TrimSuffix(file, ".jsonl")+".lines", []byte(l.text()))
		})
	}
}

func httpPath(s string) (string, error) {
	path, query, ok := strings.Cut(s, "?")
	if !ok {
		return path, nil
	}
	q, err := url.ParseQuery(query)
	return path + "?" + q.Encode(), err
}

// MLflow's own client, with what programs do.
func TestMlflowItself(t *testing.T) {
	python := cmp.Or(os.Getenv("KAON_MLFLOW_PYTHON"), "python3")
	out, err := exec.Command(python, "-c", "import mlflow; print(mlflow.__version__)").Output()
	if err != nil {
		t.Log("mlflow is not here, and was not tried: python3 -m venv V && V/bin/pip install mlflow-skinny, then KAON_MLFLOW_PYTHON=V/bin/python")
		return
	}
	for _, program := range []string{"program.py", "autolog.py"} {
		if program == "autolog.py" && exec.Command(python, "-c", "import sklearn, pandas").Run() != nil {
			continue // what it says is in the recordings
		}
		t.Run(program, func(t *testing.T) {
			artifacts := filepath.Join(t.TempDir(), "mlflow")
			l := newLogged(artifacts)
			_, s := opened(t, l)
			rec := &recorder{ids: newIDs(), artifacts: artifacts}
			target, _ := url.Parse("http://" + s.address)
			through := httptest.NewServer(rec.before(httputil.NewSingleHostReverseProxy(target)))
			defer through.Close()
			folder := t.TempDir() // where there is no repository to tell of
			text, err := os.ReadFile(filepath.Join("testdata", program))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, program), text, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(python, program)
			cmd.Dir = folder
			address := through.URL + "/" + l.token
			cmd.Env = Environment([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "http_proxy=http://127.0.0.1:1"}, Attempt{URI: address})
			if text, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			want := strings.TrimSuffix(program, ".py")
			if testkit.Rewriting() {
				name := fmt.Sprintf("testdata/%s-%s.jsonl", want, strings.TrimSpace(string(out)))
				if err := os.WriteFile(name, rec.text(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if program == "program.py" {
				testkit.Golden(t, "testdata/program.want", []byte(l.text()))
				if data, err := os.ReadFile(filepath.Join(artifacts, "run-1", "notes", "note.txt")); err != nil || string(data) != "a note" {
					t.Errorf("its artifact is %q, %v", data, err)
				}
			}
			if !json.Valid(l.Summary()) || !strings.Contains(string(l.Summary()), `"FINISHED"`) {
				t.Errorf("summary is %s", l.Summary())
			}
		})
	}
}
