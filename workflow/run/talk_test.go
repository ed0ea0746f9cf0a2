package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// listener is a cluster whose steps run until they hear "end".
type listener struct {
	mu    sync.Mutex
	later int // messages that come too early
	never int // trial for which all do; 0: none
	fails int // messages behind whose trial's end they come, of an attempt that fails
	heard []string

	failed, ended chan struct{}
}

func (l *listener) Run(ctx context.Context, job steps.Job) (steps.Done, error) {
	select {
	case <-l.ended:
		return steps.Done{Phase: sweep.PhaseSucceeded}, nil
	case <-l.failed:
		return steps.Done{Phase: sweep.PhaseFailed, Reason: "it was lost"}, nil
	case <-ctx.Done():
		return steps.Done{}, context.Cause(ctx)
	}
}

func (*listener) Knows(string) bool                                   { return true }
func (*listener) Ended(context.Context, string) (string, bool, error) { return "", false, nil }
func (*listener) Release(context.Context, string) error               { return nil }

func (l *listener) Message(_ context.Context, id string, trial int, m steps.Sent) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.later > 0:
		l.later--
		return steps.ErrLater
	case l.never != 0 && trial == l.never:
		return steps.ErrLater
	case l.fails > 0:
		l.fails--
		l.failed <- struct{}{}
		return &steps.Failure{Fault: engine.Input, Err: errors.New("it has ended")}
	case trial > 0:
		return &steps.Failure{Fault: engine.Input, Err: errors.New("no such trial")}
	}
	l.heard = append(l.heard, fmt.Sprintf("%s %d %s", id, trial, m.Body))
	if string(m.Body) == `"end"` {
		close(l.ended)
	}
	return nil
}

func tell(t *testing.T, all, step, body string) {
	t.Helper()
	if _, err := Ask(all, "r", Request{Kind: MessageStep, Step: step, Body: json.RawMessage(body), Who: "ann"}); err != nil {
		t.Fatal(err)
	}
}

// Messages come to a step in their order, those too that were sent before it began; what no step will hear is refused, and all is kept.
func TestMessagesComeInOrder(t *testing.T) {
	l := &listener{later: 2, ended: make(chan struct{})}
	r, cfg := newTestRun(t, `
steps:
  a: {type: command, command: "true"}
  s: {type: sweep, spec: {method: grid, metric: {name: y}, parameters: {x: {value: 1}}, command: 'echo y=1'}}
  w: {type: wait, for: 0}
graph: "w ==> (a, s) >== e"
`, l)
	tell(t, cfg.Folder, "a", "1")
	tell(t, cfg.Folder, "a", `{"n": 2}`)
	tell(t, cfg.Folder, "s/1", "3")
	tell(t, cfg.Folder, "w", "4")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { _, err := r.Work(ctx); ended <- err }()
	testkit.Await(t, "all but the last message to be taken", func() bool { return len(r.Talk("a")) == 2 && len(r.Talk("s")) == 1 && len(r.Talk("w")) == 1 })
	tell(t, cfg.Folder, "a", `"end"`)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if want := []string{"r-n1-a1 0 1", `r-n1-a1 0 {"n":2}`, `r-n1-a1 0 "end"`}; !slices.Equal(l.heard, want) {
		t.Errorf("these were heard: %q, want %q", l.heard, want)
	}
	all := Talk(cfg.Folder, "r", "")
	var texts []string
	for _, s := range all {
		texts = append(texts, s.Step+": "+s.String())
	}
	for _, want := range []string{`a: from ann: {"n":2}`, "s: from ann to 1, not heard: no such trial", "w: from ann, not heard: the step has ended"} {
		if !slices.Contains(texts, want) {
			t.Errorf("%q is not kept of %q", want, texts)
		}
	}
}

// A signal lets one wait go on, before which or behind which it was sent, and no second one, whenever the process is killed.
func TestSignalIsUsedOnce(t *testing.T) {
	r, cfg := newTestRun(t, `
steps:
  a: {type: wait, signal: go, outputs: {x: integer}}
  b: {type: wait, signal: go}
graph: a -> b
`, cluster(nil))
	send := func(id, body string) string {
		file, err := Ask(cfg.Folder, "r", Request{Kind: SignalRun, Name: "go", ID: id, At: 1, Body: json.RawMessage(body)})
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	file := send("one", `{"x": 7}`)
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ctx, kill := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { _, err := r.Work(ctx); ended <- err }()
	testkit.Await(t, "the second wait", func() bool { d, _ := r.Detail("b"); return d.State == engine.Running })
	kill()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	// A process that was killed before it could remove the request has left it.
	if err := os.WriteFile(file, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err = Open(cfg, "r"); err != nil {
		t.Fatal(err)
	}
	go func() { _, err := r.Work(t.Context()); ended <- err }()
	testkit.Await(t, "the request to be forgotten", func() bool { _, err := os.Stat(file); return os.IsNotExist(err) })
	if d, _ := r.Detail("b"); d.State != engine.Running {
		t.Errorf("the signal was used twice: b is %s", d.State)
	}
	send("two", `"text"`)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	a, _ := r.Detail("a")
	b, _ := r.Detail("b")
	if a.Outputs["x"] != int64(7) || b.Outputs["payload"] != "text" {
		t.Errorf("put out were %v and %v", a.Outputs, b.Outputs)
	}
}

// A signal of a step comes to a run of the same owner, and one that no step has used yet is there behind a restart.
func TestSignalIsKept(t *testing.T) {
	r, cfg := newTestRun(t, "steps:\n  a: {type: wait, signal: go}\n  b: {type: wait, signal: go}\ngraph: a -> b\n", cluster(nil))
	sender := func(id, owner, step string) (*Run, error) {
		wf, err := Parse(r.flow.File, []byte("steps:\n  s: {type: signal, "+step+"}\ngraph: s\n"))
		if err != nil {
			t.Fatal(err)
		}
		of := cfg
		of.Origin.Owner = owner
		return Create(of, id, "", wf, nil)
	}
	for i, bad := range []struct{ owner, step, want string }{
		{"", "run: ../r, signal: go", "is no id of a run"}, {"eve", "run: r, signal: go", "no run r of the same owner"},
		{"", "run: r, signal: '../go'", "is no name of a signal"}, {"", "run: r, signal: go, payload: " + strings.Repeat("x", steps.MaxPayload), "too long"},
	} {
		x, err := sender(fmt.Sprint("bad", i), bad.owner, bad.step)
		if err != nil {
			t.Fatal(err)
		}
		if view := work(t, x, engine.Failed); !strings.Contains(view.Reason, bad.want) {
			t.Errorf("%s as %s fails since %s", bad.step, bad.owner, view.Reason)
		}
	}
	x, err := sender("good", "", "run: r, signal: go, payload: {by: s}")
	if err != nil {
		t.Fatal(err)
	}
	work(t, x, engine.Succeeded)
	ended := make(chan error, 1)
	go func() { _, err := r.Work(t.Context()); ended <- err }()
	testkit.Await(t, "the second wait", func() bool { d, _ := r.Detail("b"); return d.State == engine.Running })
	if d, _ := r.Detail("a"); d.Outputs["by"] != "s" {
		t.Errorf("a has put out %v", d.Outputs)
	}
	if _, err := Ask(cfg.Folder, "r", Request{Kind: CancelRun}); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{"1", "2"} {
		if _, err := Ask(cfg.Folder, "r", Request{Kind: SignalRun, Name: "go", Body: json.RawMessage(body)}); err != nil {
			t.Fatal(err)
		}
	}
	r, err = Open(cfg, "r")
	if err == nil {
		err = r.Restart([]string{"a"}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	work(t, r, engine.Succeeded)
	a, _ := r.Detail("a")
	b, _ := r.Detail("b")
	if a.Outputs["payload"] != int64(1) || b.Outputs["payload"] != int64(2) {
		t.Errorf("put out were %v and %v", a.Outputs, b.Outputs)
	}
}

// What was said is bounded, whatever is said, and the file of it can be cut off anywhere.
func TestTalkIsBounded(t *testing.T) {
	folder := t.TempDir()
	k := readTalk(folder)
	long := strings.Repeat("ä", 3000)
	for i := range 3 * mostSaid {
		k.add(Said{At: int64(i + 1), Step: fmt.Sprint("s", i), Text: long})
		k.add(Said{At: int64(i + 1), Step: fmt.Sprint("s", i), Name: "n", Value: json.RawMessage(`"` + long + `"`)})
		percent := 50.0
		k.add(Said{At: int64(i + 1), Step: fmt.Sprint("s", i), Percent: &percent})
	}
	k.add(Said{At: 1 << 30, Step: "m", Text: "half", Milestone: true})
	k.add(Said{At: 1 << 30, Step: "m", Text: "half", Milestone: true})
	k.close()
	file := filepath.Join(folder, saidFile)
	info, err := os.Stat(file)
	if err != nil || info.Size() > 16<<20 {
		t.Fatalf("the file has %d bytes, %v", info.Size(), err)
	}
	again := readTalk(folder)
	if len(again.messages) != mostSaid || len(again.values) != mostValues || len(again.percents) > mostValues {
		t.Errorf("%d messages, %d values, %d percents", len(again.messages), len(again.values), len(again.percents))
	}
	if said := again.said("m"); len(said) != 1 || !said[0].Milestone {
		t.Errorf("the milestone is %+v", said)
	}
	text := again.messages[0].Text
	if len(text) > longestSaid+3 || !strings.HasSuffix(text, "ä…") {
		t.Errorf("a text has %d bytes", len(text))
	}
	if err := os.Truncate(file, info.Size()-5); err != nil {
		t.Fatal(err)
	}
	cut := readTalk(folder)
	if len(cut.said("m")) != 0 {
		t.Error("a line that was cut off counts")
	}
	cut.add(Said{At: 1, Step: "m", Text: "again"})
	cut.close()
	if said := readTalk(folder).said("m"); len(said) != 1 || said[0].Text != "again" {
		t.Errorf("behind it stands %+v", said)
	}
}

// A file that has grown large is made small by who goes on with the run, and of one that is too long to be read the newest counts. Names
// are bounded, too.
func TestLargeTalk(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, saidFile)
	percent := 50.0
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for at := int64(1); b.Len() < largeFile; at += 2000 {
		if err := enc.Encode(Said{At: at, Step: "s", Percent: &percent, Text: strings.Repeat(fmt.Sprint(at), 100)}); err != nil {
			t.Fatal(err)
		}
	}
	b.WriteString(`{"at": 1, "step": "m", "text": "old"}` + "\n")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	k := readTalk(folder)
	k.add(Said{At: 2, Step: "m", Text: "new"})
	k.add(Said{At: 3, Step: "m", Text: "newer"})
	k.add(Said{At: 4, Step: "n", Name: strings.Repeat("n", 3000), Value: json.RawMessage("1")})
	k.close()
	if info, err := os.Stat(file); err != nil || info.Size() > 16<<10 {
		t.Fatalf("the file has %d bytes, %v", info.Size(), err)
	}
	again := readTalk(folder)
	var texts []string
	for _, s := range again.said("m") {
		texts = append(texts, s.Text)
	}
	if want := []string{"old", "new", "newer"}; !slices.Equal(texts, want) || len(again.said("s")) != 1 {
		t.Errorf("it is %q, want %q, and %d lines of s", texts, want, len(again.said("s")))
	}
	if said := again.said("n"); len(said) != 1 || len(said[0].Name) > longestSaid+3 {
		t.Errorf("the name is %+v", said)
	}
	long := bytes.Repeat([]byte(strings.Repeat("x", 1023)+"\n"), longestFile/1024)
	long = append(long, `{"at": 9, "step": "m", "text": "last"}`+"\n"...)
	if err := os.WriteFile(file, long, 0o600); err != nil {
		t.Fatal(err)
	}
	if said := readTalk(folder).said("m"); len(said) != 1 || said[0].Text != "last" {
		t.Errorf("at its end stands %+v", said)
	}
}

// What was said in one millisecond is listed as it was said, whatever kind it is of, and so it is when it is read back.
func TestSaidInOneMillisecond(t *testing.T) {
	folder := t.TempDir()
	x := &talk{folder: folder, values: map[[2]string]Said{}, percents: map[string]Said{}}
	half := 50.0
	for _, s := range []Said{
		{Name: "b", Value: []byte("1")}, {Percent: &half}, {Text: "text"}, {Name: "a", Value: []byte("2")}, {Text: "end"},
	} {
		s.At, s.Step = 1, "one"
		x.add(s)
	}
	const want = "b = 1; 50 %; text; a = 2; end"
	heard := func(x *talk) string {
		var texts []string
		for _, s := range x.said("") {
			texts = append(texts, s.String())
		}
		return strings.Join(texts, "; ")
	}
	if got := heard(x); got != want {
		t.Errorf("it is listed as %s", got)
	}
	x.close()
	if got := heard(readTalk(folder)); got != want {
		t.Errorf("it is read as %s", got)
	}
}
