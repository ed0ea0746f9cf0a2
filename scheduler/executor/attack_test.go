package executor

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/task"
)

// plants put something at $N, in the place of a file that the executor reads or writes. $V is a file of
// somebody else's.
var plants = map[string]string{
	"absolute": `ln -s $V $N`,
	"relative": `ln -s ../../../../../../../../../..$V $N`,
	"dangling": `ln -s $V.new $N`,
	"fifo":     `mkfifo $N`,
	"folder":   `mkdir -p $N/x`,
	"socket":   `python3 -c 'import os, socket; s = socket.socket(socket.AF_UNIX); s.bind(os.environ["N"])'`,
	"device":   `mknod $N c 5 0`,
	"endless":  `mknod $N c 1 5`, // /dev/zero
	"swapped":  `mkdir own; (while :; do ln -sfn $V $N; rm -rf $N; echo own > $N; rm -f $N; done) & sleep 0.05`,
}

// A trial that plants links, pipes, devices and folders under the names that its executor uses ends as soon
// as its program does, by itself, at its timeout and when it is stopped; nothing outside its folder is read
// or written, and its neighbours go on.
func TestAttackPlantedNames(t *testing.T) {
	for _, name := range []string{"stdout", "stderr", "stdout.tail", "stdout.tail.1", "control", "metrics.jsonl", "artifacts", "artifacts/a", ".points", ".stdout.zst"} {
		t.Run(strings.ReplaceAll(name, "/", " "), func(t *testing.T) {
			t.Parallel()
			f := newFiles(t)
			victim := filepath.Join(t.TempDir(), "victim")
			text := `{"stolen": 7}` + "\n"
			if err := os.WriteFile(victim, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			i := 0
			for kind, plant := range plants {
				i++
				for _, end := range []string{"itself", "timeout", "stop"} {
					i++
					id := fmt.Sprintf("s.%d.1", i)
					o := task.Order{Trial: i, Attempt: 1, Env: []string{"N=" + name, "V=" + victim}, Deliver: f.deliver(i, nil, "all"), Metrics: []string{"a"},
						Shell: fmt.Sprintf("mkdir -p artifacts; rm -rf $N; %s\necho a=1; head -c 100000 /dev/zero | tr '\\0' x; echo said >&2; %s", plant,
							map[string]string{"itself": "exit 0", "timeout": "exec sleep 100", "stop": "exec sleep 100"}[end])}
					if end == "timeout" {
						o.Timeout = 300 * time.Millisecond
					}
					began := time.Now()
					f.launch(id, o)
					if end == "stop" {
						f.ready(id)
						f.tell(&api.Event{Type: api.Event_MESSAGE, Message: &api.Event_Message{Data: task.Encode(task.Control{Task: id, Body: []byte(`{"x": 1}`)})}})
						f.tell(&api.Event{Type: api.Event_KILL, Kill: &api.Event_Kill{TaskID: mesosapi.TaskID{Value: id}}})
					}
					got := f.finished(id)
					if took := time.Since(began); took > 20*time.Second {
						t.Errorf("%s, ended by %s: took %v", kind, end, took)
					}
					for _, p := range got.points {
						if _, ok := p.Metrics["stolen"]; ok {
							t.Errorf("%s, ended by %s: read another's file", kind, end)
						}
					}
					for _, a := range got.end.Artifacts {
						if body := f.object(results.ArtifactsPrefix("s", i, 1) + a.Name); strings.Contains(body, "stolen") {
							t.Errorf("%s, ended by %s: delivered another's file as %s", kind, end, a.Name)
						}
					}
					if data, err := os.ReadFile(victim); err != nil || string(data) != text {
						t.Fatalf("%s, ended by %s: another's file is %q, %v", kind, end, data, err)
					}
					if _, err := os.Lstat(victim + ".new"); err == nil {
						t.Fatalf("%s, ended by %s: made another's file", kind, end)
					}
				}
			}
			f.launch("s.999.1", task.Order{Trial: 999, Attempt: 1, Shell: "true"})
			if o := f.finished("s.999.1"); o.state != mesosapi.TASK_FINISHED {
				t.Errorf("the neighbour: %+v", o)
			}
		})
	}
}

// The folder of artifacts, or one in it, is swapped for a link to another's folder while it is delivered.
func TestAttackSwappedArtifacts(t *testing.T) {
	f := newFiles(t)
	out := t.TempDir()
	if err := os.WriteFile(filepath.Join(out, "a"), []byte("stolen"), 0o644); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		id := fmt.Sprintf("s.%d.1", i)
		f.launch(id, task.Order{Trial: i, Attempt: 1, Deliver: f.deliver(i, nil, "none"), Env: []string{"OUT=" + out}, Shell: `cd $KAON_ARTIFACTS; mkdir d; echo own > d/a; ln -s $OUT l
for i in 1 2 3 4 5 6 7 8 9; do echo $i > $i; done
setsid sh -c 'while [ -e ../control ]; do mv d e; mv l d; mv d l; mv e d; done' >/dev/null 2>&1 &`})
		o := f.finished(id)
		for _, a := range o.end.Artifacts {
			if body := f.object(results.ArtifactsPrefix("s", i, 1) + a.Name); strings.Contains(body, "stolen") {
				t.Errorf("delivered another's file as %s", a.Name)
			}
		}
		_ = os.RemoveAll(filepath.Join(f.root, id)) // which ends the daemon
	}
	if data, err := os.ReadFile(filepath.Join(out, "a")); err != nil || string(data) != "stolen" {
		t.Errorf("another's file is %q, %v", data, err)
	}
}

// A metrics file of hundreds of megabytes freezes nobody: neighbours end, and the trial itself can be stopped
// and times out.
func TestAttackFloodOfMetrics(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, nil)
	// Several times as much a second as an executor reads, for as long as the test may take.
	const flood = `for i in $(seq 1000); do yes '{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}' | head -c 1000000; sleep 0.1; done > $KAON_METRICS`
	a.launch("s.1.1", task.Order{Shell: flood})
	a.launch("s.2.1", task.Order{Shell: flood, Timeout: 2 * time.Second})
	a.ready("s.1.1")
	for i := range 4 {
		began := time.Now()
		id := fmt.Sprintf("n.%d.1", i)
		a.launch(id, task.Order{Shell: "echo '{\"n\": 1}'"})
		if o := a.finished(id); o.state != mesosapi.TASK_FINISHED || len(o.points) != 1 {
			t.Errorf("the neighbour: %+v", o)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("the neighbour took %v", took)
		}
		time.Sleep(300 * time.Millisecond)
	}
	began, states := time.Now(), map[string]mesosapi.TaskState{}
	a.tell(&api.Event{Type: api.Event_KILL, Kill: &api.Event_Kill{TaskID: mesosapi.TaskID{Value: "s.1.1"}}})
	for _, id := range []string{"s.1.1", "s.2.1"} {
		a.await("the end of "+id, func() bool {
			for _, s := range a.mu.updates {
				if s.TaskID.Value == id && s.GetState() != mesosapi.TASK_RUNNING {
					states[id] = s.GetState()
					return true
				}
			}
			return false
		})
	}
	if states["s.1.1"] != mesosapi.TASK_KILLED {
		t.Errorf("the flood ended by %v before it was stopped", states["s.1.1"])
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("stopping took %v", took)
	}
}

// A file server that takes its time, or never answers, is waited for until the timeout or the stop, and no
// neighbour waits with it.
func TestAttackSlowFileServer(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, nil)
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() { close(release); slow.Close() })
	deliver := &task.Deliver{URL: slow.URL + "/x"}
	a.launch("s.1.1", task.Order{Shell: "echo 1 > $KAON_ARTIFACTS/a", Deliver: deliver, Timeout: time.Second})
	a.launch("s.2.1", task.Order{Shell: "echo '{\"a\": 1}'; echo 1 > $KAON_ARTIFACTS/a", Deliver: deliver})
	a.launch("s.3.1", task.Order{Shell: "true"})
	if o := a.finished("s.3.1"); o.state != mesosapi.TASK_FINISHED {
		t.Errorf("the neighbour: %+v", o)
	}
	o := a.finished("s.1.1")
	if want := "timed out after 1s, while its files were delivered"; o.state != mesosapi.TASK_FAILED || !o.end.TimedOut || o.message != want {
		t.Errorf("got %s %q %+v", o.state, o.message, o.end)
	}
	a.ready("s.2.1")
	a.tell(&api.Event{Type: api.Event_KILL, Kill: &api.Event_Kill{TaskID: mesosapi.TaskID{Value: "s.2.1"}}})
	if o := a.finished("s.2.1"); o.state != mesosapi.TASK_KILLED {
		t.Errorf("got %s %q", o.state, o.message)
	}
}

// A trial whose artifact is not there as wanted is told why.
func TestAttackArtifacts(t *testing.T) {
	f := newFiles(t)
	for i, c := range []struct{ shell, says string }{
		{"true", `left no artifact "m": write it to $KAON_ARTIFACTS/m`},
		{"ln -s /etc/passwd $KAON_ARTIFACTS/m", "m is a link that leads out of the attempt's folder"},
		{"ln -s nowhere $KAON_ARTIFACTS/m", "m is a link to what is not there"},
		{"ln -s m $KAON_ARTIFACTS/m", "m is a link that leads out"},
		{"mkfifo $KAON_ARTIFACTS/m", "m is a pipe, not a file"},
		{"mknod $KAON_ARTIFACTS/m c 1 5", "m is a device, not a file"},
		{"mkdir $KAON_ARTIFACTS/m", `$KAON_ARTIFACTS/m is a folder without a file: write the artifact "m" as a file`},
		{"mkdir -p $KAON_ARTIFACTS/m/n; mkfifo $KAON_ARTIFACTS/m/n/p", "m/n/p is a pipe, not a file"},
		{`truncate -s 1048577 $KAON_ARTIFACTS/m; : at most 1 MB`, "1048577 bytes, and at most 1048576 bytes"},
		{`truncate -s 3G $KAON_ARTIFACTS/m`, "3072 MB, and at most 1 MB"},
		{`truncate -s 30G $KAON_ARTIFACTS/m`, "30720 MB, and at most 1"},
		{`touch $KAON_ARTIFACTS/m; touch "$(printf '%s/bad\377' $KAON_ARTIFACTS)"`, ""},
		{`rm -r $KAON_ARTIFACTS; ln -s /etc $KAON_ARTIFACTS`, ""},
		{`d=$KAON_ARTIFACTS; for i in $(seq 300); do d=$d/d; done; mkdir -p $d; touch $KAON_ARTIFACTS/m`, "folders lie more than 100 deep"},
	} {
		deliver := f.deliver(i, []string{"m"}, "failed")
		if strings.Contains(c.says, "at most 1 MB") || strings.Contains(c.shell, "at most 1 MB") {
			deliver.Bytes = 1 << 20
		}
		if c.says == "" {
			deliver.Artifacts = nil
		}
		id := fmt.Sprintf("s.%d.1", i)
		f.launch(id, task.Order{Trial: i, Attempt: 1, Shell: c.shell, Deliver: deliver})
		if o := f.finished(id); o.state != mesosapi.TASK_FAILED || o.end.Lacks == "" || !strings.Contains(o.message, c.says) {
			t.Errorf("%s: %s %q", c.shell, o.state, o.message)
		}
	}
}

// The spec's own limit goes before the executor's, for the one attempt that has it.
func TestAttackForkBombOfASpec(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, func(c *Config) { c.MemoryPoll = 10 * time.Millisecond })
	many := `i=0; while [ $i -lt 60 ]; do sleep 1 </dev/null >/dev/null 2>&1 & i=$((i+1)); done; wait; echo '{"a": 1}'`
	a.launch("s.1.1", task.Order{Shell: strings.Replace(many, "sleep 1 ", "sleep 1000 ", 1), Processes: 30})
	a.launch("s.2.1", task.Order{Shell: many})
	if o := a.finished("s.1.1"); o.state != mesosapi.TASK_FAILED || !strings.Contains(o.message, "more than 30 processes at a time (task.process_limit)") {
		t.Errorf("got %s %q %+v", o.state, o.message, o.end)
	}
	if o := a.finished("s.2.1"); o.state != mesosapi.TASK_FINISHED {
		t.Errorf("the neighbour: %s %q", o.state, o.message)
	}
}

// Threads are bounded, too, and count as no processes.
func TestAttackThreadBomb(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, func(c *Config) { c.MaxProcesses, c.MaxThreads, c.MemoryPoll = 30, 100, 10*time.Millisecond })
	threads := func(n int, seconds string) task.Order {
		const code = "import sys, threading, time\nfor i in range(int(sys.argv[1])): threading.Thread(target=time.sleep, args=(float(sys.argv[2]),)).start()"
		return task.Order{Argv: []string{"python3", "-c", code, fmt.Sprint(n), seconds}}
	}
	a.launch("s.1.1", threads(300, "1000"))
	a.launch("s.2.1", threads(60, "1"))
	if o := a.finished("s.1.1"); o.state != mesosapi.TASK_FAILED || !strings.Contains(o.message, "more than 100 threads at a time") || o.end.Lacks != o.message {
		t.Errorf("got %s %q %+v", o.state, o.message, o.end)
	}
	if o := a.finished("s.2.1"); o.state != mesosapi.TASK_FINISHED {
		t.Errorf("the neighbour: %s %q", o.state, o.message)
	}
}

// An attempt with too many processes is ended, says so, and leaves none behind; its neighbour goes on.
func TestAttackForkBomb(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, func(c *Config) { c.MaxProcesses, c.MemoryPoll = 100, 10*time.Millisecond })
	a.launch("s.2.1", task.Order{Shell: `echo '{"a": 1}'; sleep 2`})
	a.launch("s.1.1", task.Order{Shell: `i=0; while [ $i -lt 400 ]; do env -i setsid sleep 1000 </dev/null >/dev/null 2>&1 & i=$((i+1)); done; wait`})
	if o := a.finished("s.1.1"); o.state != mesosapi.TASK_FAILED || !strings.Contains(o.message, "more than 100 processes") || o.end.Lacks != o.message {
		t.Errorf("got %s %q %+v", o.state, o.message, o.end)
	}
	if o := a.finished("s.2.1"); o.state != mesosapi.TASK_FINISHED {
		t.Errorf("the neighbour: %s %q", o.state, o.message)
	}
}
