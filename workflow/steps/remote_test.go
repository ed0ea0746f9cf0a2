package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// standIn stands in for Livy, Genie and Titus: what it answers is what their public descriptions say.
type standIn struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []map[string]any // of what was submitted
	looks  int
	state  func(looks int) string // how the job stands
	killed bool
	log    []string
	taking func() // as a job is taken, before that is answered; nil: nothing
}

func (s *standIn) say(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (s *standIn) took(r *http.Request) map[string]any {
	var body map[string]any
	_ = json.NewDecoder(r.Body).Decode(&body)
	s.bodies = append(s.bodies, body)
	if s.taking != nil {
		s.taking()
	}
	return body
}

// now is the job's state, which is that of one that was killed once it was.
func (s *standIn) now(killed string) string {
	s.looks++
	if s.killed {
		return killed
	}
	return s.state(s.looks)
}

func (s *standIn) serve(t *testing.T, routes map[string]func(w http.ResponseWriter, r *http.Request)) {
	mux := http.NewServeMux()
	for route, f := range routes {
		mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.log = append(s.log, r.Method+" "+r.URL.Path)
			f(w, r)
		})
	}
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
}

func (s *standIn) submitted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bodies)
}

// livyBatches stands in for Livy: names of batches are unique, an unknown batch is a 404.
func livyBatches(t *testing.T, s *standIn) {
	batch := func() map[string]any {
		return map[string]any{"id": 7, "name": s.bodies[0]["name"], "appId": "application_1_0007", "state": s.now("killed"),
			"appInfo": map[string]any{"sparkUiUrl": "http://ui:4040", "driverLogUrl": nil}, "log": []string{"x", "ValueError: no data", "bye"}}
	}
	s.serve(t, map[string]func(http.ResponseWriter, *http.Request){
		"POST /batches": func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Requested-By") == "" || len(s.bodies) > 0 {
				s.say(w, 400, "Duplicate session name")
				return
			}
			s.took(r)
			s.say(w, 201, batch())
		},
		"GET /batches": func(w http.ResponseWriter, r *http.Request) {
			all := []any{}
			if len(s.bodies) > 0 {
				all = append(all, batch())
			}
			s.say(w, 200, map[string]any{"from": 0, "total": len(all), "sessions": all})
		},
		"GET /batches/7": func(w http.ResponseWriter, r *http.Request) { s.say(w, 200, batch()) },
		"DELETE /batches/7": func(w http.ResponseWriter, r *http.Request) {
			s.killed = true
			s.say(w, 200, map[string]any{"msg": "deleted"})
		},
	})
}

func genieServer(t *testing.T, s *standIn) {
	job := func(w http.ResponseWriter, id string) {
		if len(s.bodies) == 0 || s.bodies[0]["id"] != id {
			s.say(w, 404, map[string]any{"message": "No job with id " + id + " found."})
			return
		}
		s.say(w, 200, map[string]any{"id": id, "status": s.now("KILLED"), "statusMsg": "as it is", "clusterName": "h2"})
	}
	s.serve(t, map[string]func(http.ResponseWriter, *http.Request){
		"POST /api/v3/jobs": func(w http.ResponseWriter, r *http.Request) {
			if body := s.took(r); len(s.bodies) > 1 {
				s.say(w, 409, map[string]any{"message": fmt.Sprint("A job with id ", body["id"], " already exists")})
				return
			}
			w.Header().Set("Location", "/api/v3/jobs/x")
			w.WriteHeader(202)
		},
		"GET /api/v3/jobs/{id}":                    func(w http.ResponseWriter, r *http.Request) { job(w, r.PathValue("id")) },
		"GET /api/v3/jobs/{id}/output/result.json": func(w http.ResponseWriter, r *http.Request) { s.say(w, 200, map[string]any{"rows": 12}) },
		"DELETE /api/v3/jobs/{id}":                 func(w http.ResponseWriter, r *http.Request) { s.killed = true; w.WriteHeader(202) },
	})
}

func titusServer(t *testing.T, s *standIn) {
	state := func() (job, task, reason string) {
		switch now := s.state(s.looks); {
		case s.killed:
			return "Finished", "Finished", "killed"
		case now == "run":
			return "Accepted", "Started", ""
		default:
			return "Finished", "Finished", now
		}
	}
	s.serve(t, map[string]func(http.ResponseWriter, *http.Request){
		"POST /api/v3/jobs": func(w http.ResponseWriter, r *http.Request) { s.took(r); s.say(w, 202, map[string]any{"id": "job-1"}) },
		"GET /api/v3/jobs": func(w http.ResponseWriter, r *http.Request) {
			items := []any{}
			for _, b := range s.bodies {
				attributes, _ := b["attributes"].(map[string]any)
				if r.URL.Query().Get("attributes") == fmt.Sprint("kaon.step:", attributes["kaon.step"]) {
					items = append(items, map[string]any{"id": "job-1"})
				}
			}
			s.say(w, 200, map[string]any{"items": items})
		},
		"GET /api/v3/jobs/job-1": func(w http.ResponseWriter, r *http.Request) {
			s.looks++
			job, _, _ := state()
			s.say(w, 200, map[string]any{"id": "job-1", "status": map[string]any{"state": job}})
		},
		"GET /api/v3/tasks": func(w http.ResponseWriter, r *http.Request) {
			_, task, reason := state()
			first := map[string]any{"id": "t1", "taskContext": map[string]any{"task.index": "0", "task.resubmitNumber": "0"},
				"status": map[string]any{"state": "Finished", "reasonCode": "lost"}}
			again := map[string]any{"id": "t2", "taskContext": map[string]any{"task.index": "0", "task.resubmitNumber": "1"},
				"logLocation": map[string]any{"ui": map[string]any{"url": "http://logs/t2"}},
				"status":      map[string]any{"state": task, "reasonCode": reason, "reasonMessage": "exit code 3"}}
			s.say(w, 200, map[string]any{"items": []any{again, first}})
		},
		"DELETE /api/v3/jobs/job-1": func(w http.ResponseWriter, r *http.Request) { s.killed = true; w.WriteHeader(204) },
	})
}

// remoteTypes are the types that submit jobs elsewhere, each with a stand-in for its service and words for how a job stands.
var remoteTypes = map[string]struct {
	serve              func(*testing.T, *standIn)
	keys               map[string]any
	running, good, bad string
	why                string
	output             string // a name of what it puts out
}{
	"spark": {livyBatches, map[string]any{"application": "s3://b/job.py", "arguments": []any{"a b", int64(3)}, "conf": map[string]any{"spark.cores.max": int64(4)}},
		"running", "success", "dead", "ValueError: no data", "app"},
	"genie": {genieServer, map[string]any{"cluster": []any{"type:h2"}, "command": []any{"type:spark"}, "arguments": []any{"-e", "a 'b"}, "output_file": "result.json"},
		"RUNNING", "SUCCEEDED", "FAILED", "as it is", "rows"},
	"titus": {titusServer, map[string]any{"image": "registry/a:1", "cpus": 2.0, "request": map[string]any{"container": map[string]any{"softConstraints": map[string]any{}}}},
		"run", "normal", "failed", "exit code 3", "logs"},
}

// remoteCall is a call of one of them.
func remoteCall(s *standIn, keys map[string]any) *Call {
	c := &Call{ID: "run-n1-a1", Key: "step", Run: "run", Keys: map[string]any{"url": s.URL, "every": 0.01}, Progress: func(Progress) {}}
	for name, v := range keys {
		c.Keys[name] = v
	}
	return c
}

func TestRemoteJobs(t *testing.T) {
	for name, kind := range remoteTypes {
		for how, want := range map[string]string{"good": kind.good, "bad": kind.bad} {
			t.Run(name+" "+how, func(t *testing.T) {
				s := &standIn{state: func(looks int) string {
					if looks < 3 {
						return kind.running
					}
					return want
				}}
				kind.serve(t, s)
				c := remoteCall(s, kind.keys)
				kept := ""
				c.Keep = func(id string) error { kept = id; return nil }
				of, _ := Named(name)
				result, err := of.Run(t.Context(), c)
				switch {
				case how == "good" && (err != nil || result.Outputs[kind.output] == nil):
					t.Errorf("it puts out %v, %v", result.Outputs, err)
				case how == "bad" && (err == nil || !strings.Contains(err.Error(), kind.why)):
					t.Errorf("it fails with %v, want %q in it", err, kind.why)
				}
				if kept == "" || s.submitted() != 1 {
					t.Errorf("kept is %q, %d were submitted", kept, s.submitted())
				}
			})
		}
	}
}

// A process that goes on with a step finds the job by what was kept, or where that was cut off by the mark on it: none is submitted twice.
func TestRemoteJobsAreNotSubmittedTwice(t *testing.T) {
	for name, kind := range remoteTypes {
		for _, keeps := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s keeps %v", name, keeps), func(t *testing.T) {
				ready := false
				s := &standIn{}
				s.state = func(int) string {
					if ready {
						return kind.good
					}
					return kind.running
				}
				kind.serve(t, s)
				c := remoteCall(s, kind.keys)
				kept := ""
				c.Keep = func(id string) error { kept = id; return nil }
				ctx, leave := context.WithCancelCause(t.Context())
				ended := make(chan error, 1)
				of, _ := Named(name)
				go func() { _, err := of.Run(ctx, c); ended <- err }()
				testkit.Await(t, "the job to be looked at", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.looks > 2 })
				gone := errors.New("the process ends")
				leave(gone)
				if err := <-ended; !errors.Is(err, gone) || s.killed {
					t.Fatalf("left, it ends with %v, killed %v", err, s.killed)
				}
				s.mu.Lock()
				ready = true
				s.mu.Unlock()
				again := remoteCall(s, kind.keys)
				if keeps {
					again.Kept = kept
				}
				if result, err := of.Run(t.Context(), again); err != nil || result.Outputs == nil {
					t.Errorf("again it is %v, %v", result.Outputs, err)
				}
				if s.submitted() != 1 {
					t.Errorf("%d were submitted: %v", s.submitted(), s.log)
				}
			})
		}
	}
}

func TestRemoteJobsAreKilled(t *testing.T) {
	for name, kind := range remoteTypes {
		t.Run(name, func(t *testing.T) {
			s := &standIn{state: func(int) string { return kind.running }}
			kind.serve(t, s)
			ctx, cancel := context.WithCancelCause(t.Context())
			ended := make(chan error, 1)
			of, _ := Named(name)
			go func() { _, err := of.Run(ctx, remoteCall(s, kind.keys)); ended <- err }()
			testkit.Await(t, "the job to be looked at", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.looks > 2 })
			cancel(ErrStop)
			if err := <-ended; !errors.Is(err, ErrStop) || !s.killed {
				t.Errorf("it ends with %v, killed %v", err, s.killed)
			}
		})
	}
}

// An attempt that is to end while it submits leaves no job, nor does one of which the process was killed then.
func TestRemoteJobsAreKilledAsTheyBegin(t *testing.T) {
	for name, kind := range remoteTypes {
		for _, again := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s again %v", name, again), func(t *testing.T) {
				s := &standIn{state: func(int) string { return kind.running }}
				kind.serve(t, s)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				of, _ := Named(name)
				s.taking = func() { cancel(ErrStop); time.Sleep(50 * time.Millisecond) }
				c := remoteCall(s, kind.keys)
				if again {
					s.taking = func() { cancel(ErrStop); panic(http.ErrAbortHandler) }
				}
				if _, err := of.Run(ctx, c); !errors.Is(err, ErrStop) || !s.killed || s.submitted() != 1 {
					t.Errorf("it ends with %v, killed %v, %d submitted", err, s.killed, s.submitted())
				}
				s.killed = false
				if _, err := of.Run(ctx, remoteCall(s, kind.keys)); !errors.Is(err, ErrStop) || !s.killed || s.submitted() != 1 {
					t.Errorf("after a crash it ends with %v, killed %v, %d submitted", err, s.killed, s.submitted())
				}
			})
		}
	}
}

// A job whose submission got no answer is found, and not submitted again by the next attempt.
func TestRemoteJobsOfLostAnswers(t *testing.T) {
	for name, kind := range remoteTypes {
		t.Run(name, func(t *testing.T) {
			s := &standIn{state: func(int) string { return kind.good }, taking: func() { panic(http.ErrAbortHandler) }}
			kind.serve(t, s)
			of, _ := Named(name)
			if result, err := of.Run(t.Context(), remoteCall(s, kind.keys)); err != nil || result.Outputs == nil || s.submitted() != 1 {
				t.Errorf("it puts out %v, %v, %d submitted", result.Outputs, err, s.submitted())
			}
		})
	}
}

// What a service refuses is the step's input; what does not answer is the platform's.
func TestRemoteJobsThatAreRefused(t *testing.T) {
	of, _ := Named("genie")
	for status, fault := range map[int]engine.Fault{400: engine.Input, 403: engine.Input, 429: engine.Platform, 503: engine.Platform} {
		s := &standIn{}
		s.serve(t, map[string]func(http.ResponseWriter, *http.Request){
			"GET /api/v3/jobs/{id}": func(w http.ResponseWriter, r *http.Request) { s.say(w, 404, nil) },
			"POST /api/v3/jobs":     func(w http.ResponseWriter, r *http.Request) { s.say(w, status, "no: x") },
		})
		_, err := of.Run(t.Context(), remoteCall(s, remoteTypes["genie"].keys))
		var f *Failure
		if !errors.As(err, &f) || f.Fault != fault || !strings.Contains(err.Error(), "no: x") {
			t.Errorf("%d is %v, %+v", status, err, f)
		}
	}
}

// What is submitted is what their descriptions ask for.
func TestRemoteRequests(t *testing.T) {
	for name, want := range map[string]string{
		"spark": `{"args":["a b","3"],"conf":{"spark.cores.max":"4"},"file":"s3://b/job.py","name":"run-n1-a1"}`,
		"genie": `"clusterCriterias":[{"tags":["type:h2"]}],"commandArgs":"'-e' 'a '\\''b'","commandCriteria":["type:spark"],"id":"run-n1-a1","name":"run step"`,
		"titus": `"container":{"env":{},"image":{"name":"registry/a","tag":"1"},"resources":{"cpu":2,"diskMB":10000,"memoryMB":512,"networkMbps":128},"securityProfile":{},"softConstraints":{}}`,
	} {
		kind := remoteTypes[name]
		s := &standIn{state: func(int) string { return kind.good }}
		kind.serve(t, s)
		of, _ := Named(name)
		if _, err := of.Run(t.Context(), remoteCall(s, kind.keys)); err != nil {
			t.Error(err)
		}
		if text, err := json.Marshal(s.bodies[0]); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: it is\n%s, want\n%s", name, text, want)
		}
	}
}

// Code for a session of Livy's: the session is the step's own and ends with it, values are variables, and what the code answers is put out.
func TestLivyRunsCode(t *testing.T) {
	s := &standIn{state: func(looks int) string {
		if looks < 3 {
			return "running"
		}
		return "available"
	}}
	deleted := false
	s.serve(t, map[string]func(http.ResponseWriter, *http.Request){
		"GET /sessions": func(w http.ResponseWriter, r *http.Request) { s.say(w, 200, map[string]any{"sessions": []any{}}) },
		"POST /sessions": func(w http.ResponseWriter, r *http.Request) {
			s.say(w, 201, map[string]any{"id": 3, "state": "starting"})
		},
		"GET /sessions/3":    func(w http.ResponseWriter, r *http.Request) { s.say(w, 200, map[string]any{"id": 3, "state": "idle"}) },
		"DELETE /sessions/3": func(w http.ResponseWriter, r *http.Request) { deleted = true; s.say(w, 200, map[string]any{}) },
		"GET /sessions/3/statements": func(w http.ResponseWriter, r *http.Request) {
			s.say(w, 200, map[string]any{"statements": []any{}})
		},
		"POST /sessions/3/statements": func(w http.ResponseWriter, r *http.Request) {
			s.took(r)
			s.say(w, 201, map[string]any{"id": 0, "state": "waiting"})
		},
		"GET /sessions/3/statements/0": func(w http.ResponseWriter, r *http.Request) {
			s.say(w, 200, map[string]any{"id": 0, "state": s.now(""), "progress": 0.5, "output": map[string]any{
				"status": "ok", "data": map[string]any{"text/plain": "42"}}})
		},
	})
	of, _ := Named("livy")
	c := remoteCall(s, map[string]any{"code": "print(x)\n", "parameters": map[string]any{"x": `"""); import os #`}})
	result, err := of.Run(t.Context(), c)
	if err != nil || result.Outputs["value"] != int64(42) || !deleted {
		t.Errorf("it is %v, %v, the session was deleted: %v", result.Outputs, err, deleted)
	}
	want := "x = __import__(\"json\").loads(\"\\\"\\\\\\\"\\\\\\\"\\\\\\\"); import os #\\\"\")\nprint(x)\n# kaon step run-n1-a1"
	if got := s.bodies[0]["code"]; got != want {
		t.Errorf("the code is\n%s, want\n%s", got, want)
	}
}

func TestGenieOfVersion2(t *testing.T) {
	s := &standIn{}
	s.serve(t, map[string]func(http.ResponseWriter, *http.Request){
		"POST /genie/v2/jobs": func(w http.ResponseWriter, r *http.Request) { s.took(r); s.say(w, 201, s.bodies[0]) },
		"GET /genie/v2/jobs/{id}": func(w http.ResponseWriter, r *http.Request) {
			if len(s.bodies) == 0 {
				s.say(w, 404, nil)
				return
			}
			s.say(w, 200, map[string]any{"id": r.PathValue("id"), "status": "SUCCEEDED", "outputURI": s.URL + "/genie-jobs/x"})
		},
		"GET /genie-jobs/x/out.json": func(w http.ResponseWriter, r *http.Request) { s.say(w, 200, map[string]any{"n": 5}) },
	})
	of, _ := Named("genie")
	result, err := of.Run(t.Context(), remoteCall(s, map[string]any{
		"api": int64(2), "cluster": []any{[]any{"a"}, []any{"b"}}, "command": []any{"hive"}, "arguments": []any{"-e", "it's"}, "output_file": "out.json",
	}))
	if err != nil || result.Outputs["n"] != int64(5) || s.bodies[0]["commandArgs"] != `'-e' 'it'\''s'` {
		t.Errorf("it is %v, %v of %v", result.Outputs, err, s.bodies)
	}
}

// What Genie makes a shell's script of has no values but those that are quoted.
func TestAttackGenieArguments(t *testing.T) {
	of, _ := Named("genie")
	refused := func(keys map[string]any) (fields []string) {
		of.(Checker).Check(TreeOf(keys), func(_ *sweep.Tree, field, _, _ string) { fields = append(fields, field) })
		return fields
	}
	for field, keys := range map[string]map[string]any{
		"arguments":                {"arguments": "-e ${params.x}"},
		"request":                  {"request": "${params.x}"},
		"request.commandArgs":      {"request": map[string]any{"commandArgs": "-e ${params.x}"}},
		"request.commandArguments": {"request": map[string]any{"commandArguments": []any{"-e", "${params.x}"}}},
	} {
		if got := refused(keys); len(got) != 1 || got[0] != field {
			t.Errorf("of %v are refused %q", keys, got)
		}
	}
	for _, keys := range []map[string]any{{"arguments": []any{"-e", "${params.x}"}}, {"arguments": "-e 'x y'"}, {"request": map[string]any{"memory": "${params.x}"}}} {
		if got := refused(keys); len(got) > 0 {
			t.Errorf("of %v are refused %q", keys, got)
		}
	}
	s := &standIn{state: func(int) string { return "SUCCEEDED" }}
	genieServer(t, s)
	keys := map[string]any{"cluster": []any{"a"}, "command": []any{"b"}, "arguments": []any{"; curl x | sh", "$(id)", "it's"}}
	if _, err := of.Run(t.Context(), remoteCall(s, keys)); err != nil {
		t.Fatal(err)
	}
	if got := s.bodies[0]["commandArgs"]; got != `'; curl x | sh' '$(id)' 'it'\''s'` || s.bodies[0]["commandArguments"] != nil {
		t.Errorf("it is sent %v", s.bodies[0])
	}
}

// Passwords are in no address that stands in results, journals and lists of processes.
func TestAttackPasswordInAddress(t *testing.T) {
	for _, bad := range []string{
		"postgresql://me:secret@db/x", "mysql://me:se/cr@t@db/x", "postgres://db/x?user=me&password=secret", "trino://me:${params.x}@db", "postgresql://db?PassWord=x",
	} {
		if _, err := (sql{}).Run(t.Context(), &Call{Keys: map[string]any{"database": bad, "query": "SELECT 1"}}); err == nil || !strings.Contains(err.Error(), "secrets") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	for _, good := range []string{"sqlite:///a:b@c", "postgresql://me@db:5432/x", "postgresql://db:5432/x?user=a@b", "$DATABASE_URL"} {
		if hasPassword(good) {
			t.Errorf("%s has one", good)
		}
	}
	if _, err := (hive{}).Run(t.Context(), &Call{Keys: map[string]any{"url": "jdbc:hive2://h:10000/;user=x;Password=y", "query": "SELECT 1"}}); err == nil ||
		!strings.Contains(err.Error(), "password_file") {
		t.Errorf("hive: %v", err)
	}
}

// An answer without end, or none of JSON, ends nothing but the look.
func TestRemoteAnswersAreBounded(t *testing.T) {
	s := &standIn{}
	s.serve(t, map[string]func(http.ResponseWriter, *http.Request){
		"GET /api/v3/jobs/{id}": func(w http.ResponseWriter, r *http.Request) {
			for range 300 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		},
	})
	of, _ := Named("genie")
	if _, err := of.Run(t.Context(), remoteCall(s, remoteTypes["genie"].keys)); err == nil || !strings.Contains(err.Error(), "has more than") {
		t.Errorf("it is %v", err)
	}
}
