package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/server/webhook"
	"github.com/kaon-sweep/kaon/testkit"
)

// lateHook is a receiver of webhooks that keeps what it is told of late runs.
type lateHook struct {
	*httptest.Server
	mu   sync.Mutex
	told []webhook.LateRun
}

func newLateHook(t *testing.T) *lateHook {
	h := &lateHook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var one webhook.LateRun
		if err != nil || json.Unmarshal(body, &one) != nil {
			t.Errorf("%v in %q", err, body)
		}
		if r.Header.Get("X-Kaon-Event") != webhook.LateEvent {
			return // of a sweep
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.told = append(h.told, one)
	}))
	t.Cleanup(h.Close)
	return h
}

// of is what was told of a run.
func (h *lateHook) of(run string) (all []webhook.LateRun) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range h.told {
		if one.Run == run {
			all = append(all, one)
		}
	}
	return all
}

func (h *lateHook) serving(p place) (*process, served) {
	return p.serving("--webhook", h.URL, "--webhook-secret", "@secret", "--webhook-allow", "127.0.0.1/32", "--listen", "127.0.0.1:0")
}

// Runs of a server that are late are told by the event stream, webhooks, metrics, lists and whoever watches, each once, whether the server is killed
// behind that or is down when the time comes; they go on. What waits for others is late, too.
func TestServedWorkflowsLate(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	h := newLateHook(t)
	if err := os.Chmod(p.write("secret", "hush\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	flow := "name: nightly\nowner: ann\nrun_strategy: sequential\nsla: %\nsteps: {a: {type: wait, approval: true}}\ngraph: a\n"
	p.write("early.yaml", strings.ReplaceAll(flow, "%", "1s"))
	p.write("down.yaml", strings.ReplaceAll(flow, "%", "4s"))
	p.write("kept.yaml", strings.ReplaceAll(flow, "%", "24h"))
	x, ready := h.serving(p)
	stream := bySocket(ready.Server)
	rs, err := stream.Get("http://kaon/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	lateEvents := make(chan api.Event, 100)
	go func() {
		for lines := bufio.NewScanner(rs.Body); lines.Scan(); {
			var e api.Event
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok && json.Unmarshal([]byte(text), &e) == nil && e.Kind == "late" {
				lateEvents <- e
			}
		}
	}()
	run := func(file string, more ...string) (r api.WorkflowRun) {
		t.Helper()
		p.kaon(append([]string{"workflow", "run", file, "--server", "own", "--detach", "--json"}, more...)...).ends(exitDone).json(&r)
		return r
	}
	stands := func(id string) (f flowJSON) {
		t.Helper()
		p.kaon("workflow", "status", id, "--json", "--server", "own").ends(exitDone).json(&f)
		return f
	}
	early, kept := run("early.yaml"), run("kept.yaml")
	watch := p.start("workflow", "watch", early.Run, "--server", "own")
	testkit.Await(t, "that the webhook is told", func() bool { return len(h.of(early.Run)) > 0 })
	if e := <-lateEvents; e.Run != early.Run || e.Due == 0 || e.State != "running" || !strings.Contains(e.Reason, "(sla: 1s)") {
		t.Errorf("the event is %+v", e)
	}
	if one := h.of(early.Run)[0]; one.Workflow != "nightly" || one.SLA != "1s" || one.State != "running" || one.Due == "" || one.ID == "" {
		t.Errorf("told is %+v", one)
	}
	testkit.Await(t, "that it is watched", func() bool { return strings.Contains(watch.stdout.String(), "late: it was to be done by") })
	noted := stands(early.Run)
	if noted.Late < noted.Due || noted.Due != noted.Began+1000 || noted.State.Ended() {
		t.Errorf("it is %+v", noted.View)
	}
	if f := stands(kept.Run); f.Late != 0 || f.Due != f.Began+24*time.Hour.Milliseconds() {
		t.Errorf("the other is %+v", f.View)
	}
	p.kaon("workflow", "status", kept.Run, "--server", "own").ends(exitDone).prints("to be done by")
	p.kaon("workflow", "status", early.Run, "--server", "own").ends(exitDone).prints("late: it was to be done by")
	p.kaon("workflow", "list", "--server", "own").ends(exitDone).prints("DUE", ", late")
	_, text := page(t, stream, "http://kaon/metrics", "")
	for _, want := range []string{"kaon_workflow_runs_late 1\n", "kaon_workflow_runs_late_total 1\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}

	down := run("down.yaml")
	x.signal(syscall.SIGKILL)
	x.wait()
	watch.wait().ends(exitUnreachable)
	testkit.Await(t, "its time", func() bool { return time.Now().After(time.UnixMilli(down.Created).Add(5 * time.Second)) })
	y, _ := h.serving(p)
	testkit.Await(t, "that it is told", func() bool { return len(h.of(down.Run)) > 0 && stands(down.Run).Late > 0 })
	if again := stands(early.Run); again.Late != noted.Late {
		t.Errorf("it was noted as late at %d, and again at %d", noted.Late, again.Late)
	}

	p.kaon("workflow", "register", "early.yaml").ends(exitDone)
	first := run("nightly")
	second := run("nightly")
	testkit.Await(t, "that the one that waits is told", func() bool { return len(h.of(second.Run)) > 0 && len(h.of(first.Run)) > 0 })
	if one := h.of(second.Run)[0]; one.State != "waiting" || one.Registered != "nightly" || one.Version != 1 {
		t.Errorf("told is %+v", one)
	}
	p.kaon("workflow", "list", "--registered", "--server", "own").ends(exitDone).prints("1, 1 late")
	y.signal(syscall.SIGKILL)
	y.wait()
	z, _ := h.serving(p)
	for _, id := range []string{early.Run, kept.Run, down.Run, first.Run, second.Run} {
		testkit.Await(t, "the end of "+id, func() bool {
			p.kaon("workflow", "approve", id, "a", "--server", "own")
			out := p.kaon("workflow", "status", id, "--json", "--server", "own")
			return out.code == exitDone && strings.Contains(out.stdout, `"state":"succeeded"`)
		})
	}
	for _, id := range []string{early.Run, down.Run, first.Run, second.Run} {
		if told := h.of(id); len(told) != 1 || stands(id).Late == 0 {
			t.Errorf("of %s was told %+v", id, told)
		}
	}
	if told := h.of(kept.Run); len(told) > 0 || stands(kept.Run).Late != 0 {
		t.Errorf("of what was done in time was told %+v", told)
	}
	z.signal(os.Interrupt)
	z.wait().ends(exitDone)
	p.alone()
}

// Without a server who runs it is told on standard error, and whoever watches, lists or asks how it stands; a run that was left is told when it is gone on with.
func TestWorkflowLate(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("flow.yaml", "sla: 1s\nsteps: {a: {type: wait, approval: true}, b: {type: workflow, file: inner.yaml}}\ngraph: a -> b\n")
	p.write("inner.yaml", "sla: 1ms\nsteps: {c: {type: wait, for: 50ms}}\ngraph: c\n")
	x := p.start("workflow", "run", "flow.yaml", "--quiet")
	testkit.Await(t, "that it is told", func() bool { return strings.Contains(x.stderr.String(), "late: it was to be done by") })
	p.kaon("workflow", "status").ends(exitDone).prints("late: it was to be done by")
	p.kaon("workflow", "list").ends(exitDone).prints(", late")
	watch := p.start("workflow", "watch", "--json")
	testkit.Await(t, "that it is watched", func() bool { return strings.Contains(watch.stdout.String(), `"late":`) })
	x.signal(syscall.SIGKILL)
	x.wait()
	watch.wait()
	var f flowJSON
	p.kaon("workflow", "status", "--json").ends(exitDone).json(&f)
	y := p.start("workflow", "resume", f.Run)
	testkit.Await(t, "that it goes on", func() bool { return strings.Contains(y.stdout.String(), "a running") })
	p.kaon("workflow", "approve", f.Run, "a").ends(exitDone)
	if out := y.wait().ends(exitDone).prints(f.Run + "-n1-a1: late: it was to be done by"); strings.Contains(out.stderr, "late") {
		t.Errorf("it is told again:\n%s", out.stderr)
	}
	var ended flowJSON
	p.kaon("workflow", "status", "--json").ends(exitDone).json(&ended)
	if ended.Late == 0 || ended.Late != f.Late || ended.Due != f.Due || !ended.State.Ended() {
		t.Errorf("it was %+v, and is %+v", f.View, ended.View)
	}
	var shown shownWorkflow
	p.kaon("workflow", "show", "flow.yaml", "--json").ends(exitDone).json(&shown)
	if shown.SLA == nil || shown.SLA.Seconds != 1 {
		t.Errorf("it is shown as %+v", shown)
	}
	p.kaon("workflow", "show", "flow.yaml").ends(exitDone).prints("sla: 1s")
	if out := p.kaon("workflow", "export", "flow.yaml", "--format", "airflow").ends(exitDone); !slices.Contains(strings.Split(out.stdout, "\n"), "# not carried: sla: nobody is told there that a run is late; since Airflow 3.1 a DAG takes deadline=DeadlineAlert(…), with a callback of yours") {
		t.Errorf("%s", out.stdout)
	}
}
