package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// A message to a trial that does not run keeps none from another trial, and is refused when the run ends, as whatever lies there then; a
// signal that no step has used stays for a restart.
func TestMessagesBehindTheEnd(t *testing.T) {
	l := &listener{never: 7, ended: make(chan struct{})}
	r, cfg := newTestRun(t, `
steps:
  s: {type: sweep, spec: {method: grid, metric: {name: y}, parameters: {x: {value: 1}}, command: 'echo y=1'}}
graph: s
`, l)
	ask := func(q Request) string {
		file, err := Ask(cfg.Folder, "r", q)
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	tell(t, cfg.Folder, "s/7", "1")
	tell(t, cfg.Folder, "s/0", "2")
	ask(Request{Kind: ApproveStep, Step: "s"})
	signal := ask(Request{Kind: SignalRun, Name: "go"})
	ended := make(chan error, 1)
	go func() { _, err := r.Work(t.Context()); ended <- err }()
	testkit.Await(t, "the other trial to hear", func() bool { return len(r.Talk("s")) == 1 })
	tell(t, cfg.Folder, "s/0", `"end"`)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if want := []string{"r-n0-a1 0 2", `r-n0-a1 0 "end"`}; !slices.Equal(l.heard, want) {
		t.Errorf("these were heard: %q, want %q", l.heard, want)
	}
	var refused []string
	for _, s := range Talk(cfg.Folder, "r", "s") {
		if s.Refused != "" {
			refused = append(refused, s.String())
		}
	}
	if want := []string{"from ann to 7, not heard: the run has ended"}; !slices.Equal(refused, want) {
		t.Errorf("these were refused: %q, want %q", refused, want)
	}
	if left, _ := asked(Folder(cfg.Folder, "r"), nil); !slices.Equal(left, []string{signal}) {
		t.Errorf("there lies %q, want %s alone", left, signal)
	}
}

// A message that comes between an attempt that has failed and the next is heard by that.
func TestMessageComesToTheNextAttempt(t *testing.T) {
	l := &listener{fails: 1, failed: make(chan struct{}), ended: make(chan struct{})}
	r, cfg := newTestRun(t, "steps:\n  a: {type: command, command: \"true\", retry: {times: 1, backoff: 0}}\ngraph: a\n", l)
	tell(t, cfg.Folder, "a", `"end"`)
	work(t, r, engine.Succeeded)
	if said := r.Talk("a"); len(said) != 1 || said[0].Refused != "" || said[0].Attempt != 2 {
		t.Errorf("it is %+v", said)
	}
}

// A step that has sent its signal has done so when it is begun again, whatever has become of the other run.
func TestSignalWasSent(t *testing.T) {
	r, cfg := newTestRun(t, "steps:\n  a: {type: wait, signal: go}\ngraph: a\n", cluster(nil))
	sender := func(id string) *Run {
		wf, err := Parse(r.flow.File, []byte("steps:\n  s: {type: signal, run: r, signal: go}\ngraph: s\n"))
		if err != nil {
			t.Fatal(err)
		}
		x, err := Create(cfg, id, "", wf, nil)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	used := sender("used")
	log := filepath.Join(used.folder, LogFile)
	before, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	work(t, used, engine.Succeeded)
	work(t, r, engine.Succeeded)
	if err := os.WriteFile(log, before, 0o600); err != nil { // as a process leaves it that is killed right behind the signal
		t.Fatal(err)
	}
	if used, err = Open(cfg, "used"); err != nil {
		t.Fatal(err)
	}
	work(t, used, engine.Succeeded)
	if _, err := Ask(cfg.Folder, "r", Request{Kind: SignalRun, Name: "go", ID: "lies-n0-a1", At: 1, Who: "lies"}); err != nil {
		t.Fatal(err)
	}
	work(t, sender("lies"), engine.Succeeded)
	if view := work(t, sender("late"), engine.Failed); !strings.Contains(view.Reason, "r has ended") {
		t.Errorf("it fails since %s", view.Reason)
	}
}

// Who has left as much as may lie there may repeat what lies there, and nothing else.
func TestRequestsAreBounded(t *testing.T) {
	all := t.TempDir()
	first := Request{Kind: SignalRun, Name: "go", ID: "first", At: 1, Who: "ann"}
	for i := range mostRequests {
		q := first
		if i > 0 {
			q.ID = fmt.Sprint(i)
		}
		if _, err := Ask(all, "r", q); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Ask(all, "r", first); err != nil {
		t.Errorf("the first again: %v", err)
	}
	other := first
	other.ID = ""
	if _, err := Ask(all, "r", other); !errors.Is(err, ErrFull) {
		t.Errorf("one more: %v, want %v", err, ErrFull)
	}
}

// A secret parameter comes into no file, neither by a name that a step says nor by a signal to another run.
func TestSecretsInNoFile(t *testing.T) {
	const secret = "hush-hush-99"
	says := cluster(func(job steps.Job) (steps.Done, error) {
		job.Told(steps.Progress{Name: "by " + secret, Text: "by " + secret, Value: json.RawMessage(`"` + secret + `"`)})
		return steps.Done{Phase: sweep.PhaseSucceeded}, nil
	})
	r, cfg := newTestRun(t, "steps:\n  a: {type: wait, signal: go}\ngraph: a\n", says)
	for i, x := range []struct {
		keys string
		want engine.State
	}{
		{`signal: go, payload: {deep: ["Bearer ${TOKEN}"]}`, engine.Failed}, {`signal: go, payload: "${parameters.TOKEN}"`, engine.Failed},
		{`signal: "${TOKEN}"`, engine.Failed}, {`signal: go, payload: {n: 1, f: 12345678901234567890, t: text}`, engine.Succeeded},
	} {
		wf, err := Parse(r.flow.File, []byte("parameters: {TOKEN: {type: string, secret: true}}\nsteps:\n  c: {type: command, command: \"true\"}\n"+
			"  s: {type: signal, run: r, "+x.keys+"}\ngraph: c -> s\n"))
		if err != nil {
			t.Fatal(err)
		}
		given, err := wf.Bind(map[string]any{"TOKEN": secret})
		if err != nil {
			t.Fatal(err)
		}
		sender, err := Create(cfg, fmt.Sprint("x", i), "", wf, given)
		if err != nil {
			t.Fatal(err)
		}
		if view := work(t, sender, x.want); x.want == engine.Failed && !strings.Contains(view.Reason, "a secret parameter cannot be sent") {
			t.Errorf("%s: it fails since %s", x.keys, view.Reason)
		}
		if said := sender.Talk("c"); len(said) != 1 || said[0].Name != "by ***" {
			t.Errorf("the step says %+v", said)
		}
	}
	work(t, r, engine.Succeeded)
	files := 0
	err := filepath.WalkDir(cfg.Folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), secret) {
			t.Errorf("%s has the secret", path)
		}
		return err
	})
	if err != nil || files < 5 {
		t.Errorf("%d files, %v", files, err)
	}
}

// A secret that is handed to a run within another comes into no file of that, and the step that would have it there is refused.
func TestAttackSecretsOfRunsWithin(t *testing.T) {
	const secret = "hush-hush-99"
	for declared, want := range map[string]engine.State{
		"{type: string, secret: true}": engine.Succeeded, `{type: string, default: ""}`: engine.Failed, "{type: list, default: []}": engine.Failed,
	} {
		r, cfg := newTestRun(t, "steps:\n  a: {type: notify, message: x}\ngraph: a\n", cluster(func(steps.Job) (steps.Done, error) {
			return steps.Done{Phase: sweep.PhaseSucceeded}, nil
		}))
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		value := `"by ${TOKEN}"`
		if strings.Contains(declared, "list") {
			value = `["${TOKEN}"]`
		}
		write := "parameters: {token: " + declared + "}\nsteps:\n  c: {type: command, command: 'true'}\ngraph: c\n"
		if err := os.WriteFile(filepath.Join(filepath.Dir(r.flow.File), "c.yaml"), []byte(write), 0o600); err != nil {
			t.Fatal(err)
		}
		wf, err := Parse(r.flow.File, []byte("parameters: {TOKEN: {type: string, secret: true}}\nsteps:\n  a: {type: workflow, file: c.yaml, parameters: {token: "+value+"}}\ngraph: a\n"))
		if err != nil {
			t.Fatal(err)
		}
		given, err := wf.Bind(map[string]any{"TOKEN": secret})
		if err != nil {
			t.Fatal(err)
		}
		outer, err := Create(cfg, "outer", "", wf, given)
		if err != nil {
			t.Fatal(err)
		}
		if view := work(t, outer, want); want == engine.Failed && !strings.Contains(view.Reason, "declare `token: {secret: true}` in") {
			t.Errorf("%s: it failed since %s", declared, view.Reason)
		}
		if err := filepath.WalkDir(cfg.Folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			if strings.Contains(string(data), secret) {
				t.Errorf("%s: %s has the secret", declared, path)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	}
}
