package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// cluster answers for sweeps.
type cluster func(steps.Job) (steps.Done, error)

func (c cluster) Run(_ context.Context, job steps.Job) (steps.Done, error) { return c(job) }
func (cluster) Knows(string) bool                                          { return false }
func (cluster) Ended(context.Context, string) (string, bool, error)        { return "", false, nil }
func (cluster) Release(context.Context, string) error                      { return nil }
func (cluster) Message(context.Context, string, int, steps.Sent) error     { return nil }

// newTestRun begins a run named r of a workflow in a folder of its own.
func newTestRun(t *testing.T, text string, c steps.Cluster) (*Run, Config) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "names"), []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wf, err := Parse(filepath.Join(folder, "flow.yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	given, err := wf.Bind(nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Folder: filepath.Join(folder, "runs"), Cluster: c}
	r, err := Create(cfg, "r", "", wf, given)
	if err != nil {
		t.Fatal(err)
	}
	return r, cfg
}

// logged are the records of a run's log.
func logged(t *testing.T, all, id string) (payloads []string) {
	t.Helper()
	f, err := os.Open(filepath.Join(Folder(all, id), LogFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := readLog(f, func(p []byte) error { payloads = append(payloads, string(p)); return nil }); err != nil {
		t.Fatal(err)
	}
	return payloads
}

// work works on a run until it ends as it is to.
func work(t *testing.T, r *Run, want engine.State) engine.View {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Second, fmt.Errorf("it does not end"))
	defer cancel()
	view, err := r.Work(ctx)
	if err != nil || view.State != want {
		t.Fatalf("it is %s (%s), %v; want %s", view.State, view.Reason, err, want)
	}
	return view
}

// What a sweep's keys have read is durable before the sweep begins, and what a decision has read before the decision.
func TestFactsAreDurableFirst(t *testing.T) {
	var all string
	r, cfg := newTestRun(t, `
steps:
  a: {type: notify, message: "${n}"}
  b: {type: sweep, spec: {method: grid, metric: {name: y}, parameters: {x: {value: "${workflow.name + lines('./names')[0]}"}}, command: 'echo y=1'}}
graph: "**(n = lines('names')) --< a >-- b"
`, cluster(func(job steps.Job) (steps.Done, error) {
		if !strings.Contains(strings.Join(logged(t, all, "r"), "\n"), `"text":"./names"`) {
			t.Error("the sweep begins, and what its spec has read is not in the log")
		}
		return steps.Done{Phase: sweep.PhaseSucceeded}, nil
	}))
	all = cfg.Folder
	view := work(t, r, engine.Succeeded)
	if got := logged(t, all, "r"); !strings.Contains(got[1], `"fact"`) || !strings.Contains(got[2], `"begin"`) {
		t.Errorf("the log is %q", got)
	}
	read, err := Read(all, "r", false)
	if err != nil || !reflect.DeepEqual(read.View, view) {
		t.Errorf("read again, it is\n%#v, %v, and was\n%#v", read, err, view)
	}
}

// An attempt that leaves what no log can hold has failed; the run goes on, and can be read.
func TestWhatCannotBeKeptFails(t *testing.T) {
	r, cfg := newTestRun(t, "steps:\n  a: {type: command, command: 'true'}\ngraph: a\n", cluster(func(steps.Job) (steps.Done, error) {
		return steps.Done{Phase: sweep.PhaseSucceeded, Artifacts: map[string]any{"x": math.NaN()}}, nil
	}))
	if view := work(t, r, engine.Failed); !strings.Contains(view.Reason, "cannot be kept") {
		t.Errorf("it failed since %q", view.Reason)
	}
	if read, err := Read(cfg.Folder, "r", false); err != nil || read.View.State != engine.Failed {
		t.Errorf("read again, it is %+v, %v", read, err)
	}
}

// Whatever the program under a step says when its context ends, one that was to end has.
func TestStoppedOverHTTP2(t *testing.T) {
	came := make(chan struct{}, 1)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("it is %s", r.Proto)
		}
		came <- struct{}{}
		<-r.Context().Done()
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	former := http.DefaultTransport
	http.DefaultTransport = s.Client().Transport
	defer func() { http.DefaultTransport = former }()
	for _, step := range []string{"{type: http, url: %q}", "{type: notify, message: x, url: %q}"} {
		r, cfg := newTestRun(t, fmt.Sprintf("steps:\n  a: "+step+"\ngraph: a\n", s.URL), cluster(nil))
		go func() {
			<-came
			if _, err := Ask(cfg.Folder, "r", Request{Kind: CancelRun}); err != nil {
				t.Error(err)
			}
		}()
		work(t, r, engine.Canceled)
	}
}

// A request that came too late for a run is none for its restart.
func TestRestartDropsRequests(t *testing.T) {
	r, cfg := newTestRun(t, "steps:\n  a: {type: notify, message: x}\ngraph: a\n", cluster(nil))
	work(t, r, engine.Succeeded)
	if _, err := Ask(cfg.Folder, "r", Request{Kind: CancelRun}); err != nil {
		t.Fatal(err)
	}
	r, err := Open(cfg, "r")
	if err == nil {
		err = r.Restart([]string{"a"}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if files, _ := asked(r.folder, nil); len(files) > 0 {
		t.Errorf("these are left: %q", files)
	}
	work(t, r, engine.Succeeded)
}

// Outputs that were kept stand for a step only where they are what it is to put out.
func TestCachedOutputsAreChecked(t *testing.T) {
	const text = "steps:\n  a: {type: command, command: './names', cache: {scope: global}, outputs: {x: %s}}\ngraph: a\n"
	ran := 0
	c := cluster(func(steps.Job) (steps.Done, error) {
		ran++
		return steps.Done{Phase: sweep.PhaseSucceeded, Output: []byte(`{"x": 1}`)}, nil
	})
	first, cfg := newTestRun(t, fmt.Sprintf(text, "integer"), c)
	work(t, first, engine.Succeeded)
	for i, kind := range []string{"integer", "string"} {
		wf, err := Parse(first.flow.File, []byte(fmt.Sprintf(text, kind)))
		if err != nil {
			t.Fatal(err)
		}
		r, err := Create(cfg, fmt.Sprint("again", i), "", wf, nil)
		if err != nil {
			t.Fatal(err)
		}
		work(t, r, []engine.State{engine.Succeeded, engine.Failed}[i])
		if ran != 1+i {
			t.Errorf("as %s, it ran %d times", kind, ran)
		}
	}
}

// A step does its work again when a file has changed that it names, wherever the name stands and whatever is in it.
func TestCacheKnowsFilesByAnyName(t *testing.T) {
	for file, step := range map[string]string{
		"data/a.csv":         "command: 'cat ${f}'",
		"data/[b], c=d.csv":  "command: 'cat ${f}'",
		"data/e.csv":         "command: [cat, '${f}']",
		"data/f g.csv":       "command: 'cat \"data/f g.csv\" ${f}'",
		"data/h.csv":         "command: 'cat x ${n}', fetch: {x: '${f}'}",
		"data/i.csv":         "command: 'cat \"$X\" ${n}', env: {X: '${f}'}",
		"data/my book.ipynb": "file: '${f}'",
	} {
		kind := "command"
		if strings.HasPrefix(step, "file") {
			kind = "notebook"
		}
		ran := 0
		text := "steps:\n  a: {type: " + kind + ", cache: {scope: global}, " + step + "}\ngraph: |\n  **(f = files(\"data/*\"), n = [1]) --< a >--\n"
		r, cfg := newTestRun(t, text, cluster(func(steps.Job) (steps.Done, error) {
			ran++
			return steps.Done{Phase: sweep.PhaseSucceeded}, nil
		}))
		path := filepath.Join(filepath.Dir(r.flow.File), file)
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		write := func(content string) {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("1")
		work(t, r, engine.Succeeded)
		for i, want := range []int{1, 2} {
			if i == 1 {
				write("2")
			}
			wf, err := Parse(r.flow.File, []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			again, err := Create(cfg, fmt.Sprint("again", i), "", wf, nil)
			if err != nil {
				t.Fatal(err)
			}
			if work(t, again, engine.Succeeded); ran != want {
				t.Errorf("%s: it ran %d times, want %d", file, ran, want)
			}
		}
	}
}

// While the results are asked whether a cached step's files are still there, its run hears all else, and where they do not say the step
// does its work again.
func TestCachedFilesAreLookedForBeside(t *testing.T) {
	const text = "steps:\n  a: {type: command, command: './names', cache: {scope: global}, artifacts: [out.txt]}\n  b: {type: notify, message: hello}\ngraph: \"start ==> ( a, b ) >== end\"\n"
	const file = "sweeps/s/artifacts/0/1/out.txt"
	ran := 0
	c := cluster(func(steps.Job) (steps.Done, error) {
		ran++
		return steps.Done{Phase: sweep.PhaseSucceeded, Artifacts: map[string]any{"x": file}}, nil
	})
	first, cfg := newTestRun(t, text, c)
	work(t, first, engine.Succeeded)
	again := func(id string, stored func(context.Context, []string) (bool, error)) *Run {
		wf, err := Parse(first.flow.File, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		cfg.Stored = stored
		r, err := Create(cfg, id, "", wf, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for id, c := range map[string]struct {
		all bool
		err error
		ran int
	}{"there": {true, nil, 0}, "gone": {false, nil, 1}, "unknown": {false, bucket.ErrUnavailable, 1}} {
		ran = 0
		r := again(id, func(_ context.Context, files []string) (bool, error) {
			if !slices.Equal(files, []string{file}) {
				t.Errorf("%s: the results are asked for %q", id, files)
			}
			return c.all, c.err
		})
		if work(t, r, engine.Succeeded); ran != c.ran {
			t.Errorf("%s: it ran %d times, want %d", id, ran, c.ran)
		}
	}

	ran = 0
	r := again("away", func(ctx context.Context, _ []string) (bool, error) {
		<-ctx.Done() // the results are tried on
		return false, ctx.Err()
	})
	ended := make(chan engine.View, 1)
	go func() {
		view, err := r.Work(t.Context())
		if err != nil {
			t.Error(err)
		}
		ended <- view
	}()
	testkit.Await(t, "the other step to end", func() bool {
		return strings.Contains(strings.Join(logged(t, cfg.Folder, "away"), "\n"), `"ended"`)
	})
	if _, err := Ask(cfg.Folder, "away", Request{Kind: CancelRun}); err != nil {
		t.Fatal(err)
	}
	if view := <-ended; view.State != engine.Canceled || ran != 0 {
		t.Errorf("it is %s (%s), and ran %d times", view.State, view.Reason, ran)
	}
}

// While a file that a step with a cache names is read, which may take as long as a gigabyte does, its run hears all else.
func TestCachedFilesAreReadBeside(t *testing.T) {
	const text = "steps:\n  a: {type: command, command: './big', cache: {scope: global}}\n  b: {type: notify, message: hello}\ngraph: \"start ==> ( a, b ) >== end\"\n"
	ran := 0
	r, cfg := newTestRun(t, text, cluster(func(steps.Job) (steps.Done, error) {
		ran++
		return steps.Done{Phase: sweep.PhaseSucceeded}, nil
	}))
	big, err := os.OpenFile(filepath.Join(filepath.Dir(r.flow.File), "big"), os.O_RDWR|os.O_CREATE, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	defer big.Close()
	if _, err := unix.FcntlInt(big.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil { // who opens it waits until it is given up
		t.Skipf("needs leases: %v", err)
	}
	ended := make(chan engine.View, 1)
	go func() {
		view, err := r.Work(t.Context())
		if err != nil {
			t.Error(err)
		}
		ended <- view
	}()
	says := func(what string) func() bool {
		return func() bool { return strings.Contains(strings.Join(logged(t, cfg.Folder, "r"), "\n"), what) }
	}
	testkit.Await(t, "the other step to end", says(`"ended"`))
	if _, err := Ask(cfg.Folder, "r", Request{Kind: CancelRun}); err != nil {
		t.Fatal(err)
	}
	testkit.Await(t, "the cancel to be done", func() bool { // its attempts are told before it is removed
		files, _ := asked(r.folder, nil)
		return len(files) == 0
	})
	if _, err := unix.FcntlInt(big.Fd(), unix.F_SETLEASE, unix.F_UNLCK); err != nil {
		t.Fatal(err)
	}
	if view := <-ended; view.State != engine.Canceled || ran != 0 {
		t.Errorf("it is %s (%s), and ran %d times", view.State, view.Reason, ran)
	}
}

// A file is read once for its hash as long as it is the same, and again when it is not.
func TestSumsAreOfTheFilesThereAre(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "f")
	s := &sums{}
	seen := map[string]string{}
	ages := map[string]time.Duration{"one": time.Hour, "two": time.Minute} // the others are so new that their time tells nothing
	for _, text := range []string{"one", "two", "tri", "for"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-ages[text])
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
		of := func() string {
			all, err := s.of(t.Context(), "", folder, []string{"f"})
			if err != nil {
				t.Fatal(err)
			}
			return all["f"]
		}
		got := of()
		if got == "" || seen[got] != "" || got != of() {
			t.Errorf("%s has %q, as %s", text, got, seen[got])
		}
		seen[got] = text
	}
	if len(s.all) != 1 || s.all[file].size != 3 {
		t.Errorf("it remembers %v", s)
	}
}

// Of files that a step with a cache names, none outside the one folder is read, none without an end for long, and none when nobody wants it.
func TestAttackSumsOfOtherFiles(t *testing.T) {
	within, outside := t.TempDir(), filepath.Join(t.TempDir(), "secret")
	for file, text := range map[string]string{outside: "s", filepath.Join(within, "own"): "o"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(within, "link")); err != nil {
		t.Fatal(err)
	}
	huge := filepath.Join(within, "huge")
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, 1<<40); err != nil {
		t.Fatal(err)
	}
	up, err := filepath.Rel(within, outside)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"own", "link", "huge", outside, up, "/proc/self/pagemap", "/etc/passwd"}
	all, err := (&sums{}).of(t.Context(), within, within, names)
	if err != nil || len(all) != 2 || all["own"] == "" || !strings.Contains(all["huge"], "bytes") {
		t.Errorf("%v, %v", all, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := os.Truncate(huge, mostHashed); err != nil {
		t.Fatal(err)
	}
	if all, err := (&sums{}).of(ctx, "", within, []string{"huge"}); err == nil {
		t.Errorf("%v", all)
	}
}

// Nobody leaves more requests for a run than it looks at in a moment; a cancel is taken for all that.
func TestAttackRequestsWithoutEnd(t *testing.T) {
	all := t.TempDir()
	for range mostRequests {
		if _, err := Ask(all, "r", Request{Kind: ApproveStep, Step: "a", Who: "ann"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Ask(all, "r", Request{Kind: ApproveStep, Step: "b", Who: "ann"}); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
	for _, q := range []Request{{Kind: CancelRun, Who: "ann"}, {Kind: ApproveStep, Step: "a", Who: "bob"}} {
		if _, err := Ask(all, "r", q); err != nil {
			t.Error(err)
		}
	}
}

// What a live run shows is what its log says.
func TestOutputsAreTheSameWhenRead(t *testing.T) {
	r, cfg := newTestRun(t, `
steps:
  a: {type: sweep, spec: {method: grid, metric: {name: y}, parameters: {x: {values: [1]}}, command: 'echo y=1'}}
graph: a
`, cluster(func(steps.Job) (steps.Done, error) {
		return steps.Done{Phase: sweep.PhaseSucceeded, Counts: sweep.Counts{Total: 3}}, nil
	}))
	view := work(t, r, engine.Succeeded)
	read, err := Read(cfg.Folder, "r", false)
	if err != nil || !reflect.DeepEqual(read.View, view) {
		was, _ := json.Marshal(view)
		t.Errorf("it was %s, and is %#v, %v", was, read, err)
	}
}

// A step whose text would be of more than any machine has fails, in each process that goes on with its run.
func TestAttackTextsOfSteps(t *testing.T) {
	r, _ := newTestRun(t, `
parameters:
  l: {type: list, default: []}
  g: {type: string, default: ""}
steps:
  join: {type: notify, message: "${join(parameters.l, parameters.g)}", on_failure: continue}
  many: {type: notify, message: "`+strings.Repeat("${parameters.g}", 100)+`", on_failure: continue}
  env: {type: notify, message: x, on_failure: continue, inputs: {a: "${parameters.l}", b: "a${parameters.g}"}}
graph: join; many; env
`, cluster(nil))
	list := make([]any, 500_000)
	for i := range list {
		list[i] = ""
	}
	r.header.Given["l"], r.header.Given["g"] = list, strings.Repeat("g", 2<<20)
	view := work(t, r, engine.Succeeded)
	for i, want := range []string{"too much", "more than 64 MB", ""} {
		if s := view.Steps[i]; !strings.Contains(s.Reason, want) || (want == "") != (s.State == engine.Succeeded) {
			t.Errorf("%s is %s: %s", s.Key, s.State, s.Reason)
		}
	}
}

// A run's timeout is of what began or was restarted, however long ago it first began, also for a process that goes on with it.
func TestTimeoutAfterRestart(t *testing.T) {
	r, cfg := newTestRun(t, "timeout: 2s\nsteps:\n  a: {type: command, command: 'true'}\n  b: {type: wait, approval: x}\ngraph: a -> b\n", cluster(func(steps.Job) (steps.Done, error) {
		return steps.Done{Phase: sweep.PhaseSucceeded}, nil
	}))
	if view := work(t, r, engine.Canceled); !strings.Contains(view.Reason, "it took longer than 2s") {
		t.Fatalf("it ended since %s", view.Reason)
	}
	again := func() *Run {
		r, err := Open(cfg, "r")
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r = again()
	before := time.Now()
	if err := r.Restart(nil, nil); err != nil {
		t.Fatal(err)
	}
	over := r.deadline()
	if over < before.Add(2*time.Second).UnixMilli() || r.View(false).Ended != 0 {
		t.Errorf("restarted at %v, it is over at %v; it has ended at %d", before, timeOf(over), r.View(false).Ended)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if r = again(); r.deadline() != over {
		t.Errorf("read again, it is over at %v, and was at %v", timeOf(r.deadline()), timeOf(over))
	}
	if view := work(t, r, engine.Canceled); !strings.Contains(view.Reason, "it took longer than 2s") || view.Ended < over {
		t.Errorf("it ended at %v since %s", timeOf(view.Ended), view.Reason)
	}
}

// lastingCluster has each sweep take a while, and tells of each.
type lastingCluster struct {
	cluster
	begun chan struct{}
}

func (c lastingCluster) Run(ctx context.Context, _ steps.Job) (steps.Done, error) {
	c.begun <- struct{}{}
	select {
	case <-time.After(3 * time.Second):
		return steps.Done{Phase: sweep.PhaseSucceeded}, nil
	case <-ctx.Done():
		return steps.Done{}, context.Cause(ctx)
	}
}

// The timeout of a step is of each attempt, which does not take long while it waits for others of its run to end; a process that goes on with
// the run knows that.
func TestTimeoutOfStepsThatWait(t *testing.T) {
	c := lastingCluster{begun: make(chan struct{}, 10)}
	r, cfg := newTestRun(t, "parallel: 1\nsteps:\n  a: {type: command, command: 'true', timeout: 5s}\ngraph: \"**(n = 1..3) --< a >--\"\n", c)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-c.begun
		<-c.begun
		cancel()
	}()
	if _, err := r.Work(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	r, err := Open(cfg, "r")
	if err != nil {
		t.Fatal(err)
	}
	view := work(t, r, engine.Succeeded)
	read, err := Read(cfg.Folder, "r", false)
	if err != nil || !reflect.DeepEqual(read.View, view) {
		t.Errorf("read again, it is\n%#v, %v, and was\n%#v", read, err, view)
	}
	count := map[string]int{}
	for _, line := range logged(t, cfg.Folder, "r") {
		for _, kind := range []string{`"queued"`, `"placed"`, `"due"`} {
			if strings.Contains(line, kind) {
				count[kind]++
			}
		}
	}
	if count[`"queued"`] != 1 || count[`"placed"`] != 2 || count[`"due"`] != 0 {
		t.Errorf("the log has %v", count)
	}
}

// knowing is a cluster that has begun all sweeps that it is asked for.
type knowing struct{ cluster }

func (knowing) Knows(string) bool { return true }

// What a former process has begun is gone on with, whatever has become known of the same work meanwhile, or cannot be.
func TestCacheDoesNotStandForWhatHasBegun(t *testing.T) {
	const text = "steps:\n  a: {type: command, command: './names', cache: {scope: global}}\ngraph: a\n"
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	r, cfg := newTestRun(t, text, lasting{begun: func(steps.Job) { leave() }})
	if _, err := r.Work(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	var ran []string
	does := cluster(func(job steps.Job) (steps.Done, error) {
		ran = append(ran, job.ID)
		return steps.Done{Phase: sweep.PhaseSucceeded}, nil
	})
	cfg.Cluster = does
	other, err := Create(cfg, "other", "", r.flow, nil)
	if err != nil {
		t.Fatal(err)
	}
	work(t, other, engine.Succeeded)
	cfg.Cluster = knowing{does}
	if r, err = Open(cfg, "r"); err != nil {
		t.Fatal(err)
	}
	view := work(t, r, engine.Succeeded)
	if want := []string{"other-n0-a1", "r-n0-a1"}; !slices.Equal(ran, want) || view.Steps[0].Cached {
		t.Errorf("these have run: %q, want %q; it is %+v", ran, want, view.Steps[0])
	}
}

// Of a run that ends while it is read nobody is told that it goes on and nobody works on it.
func TestReadWhileItEnds(t *testing.T) {
	const text = "steps: {a: {type: notify, message: x}}\ngraph: a\n"
	for range 20 {
		r, cfg := newTestRun(t, text, cluster(nil))
		ended := make(chan error, 1)
		go func() {
			_, err := r.Work(t.Context())
			ended <- err
		}()
		for over := false; !over; {
			read, err := Read(cfg.Folder, "r", false)
			if err != nil {
				t.Fatal(err)
			}
			if over = read.View.State.Ended(); !over && !read.Live {
				t.Errorf("it is %s, and nobody works on it", read.View.State)
				over = true
			}
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// What a step put out that it was not to counts for nothing behind it: the value that stands in for a step that failed
// is taken.
func TestOutputsOfTheWrongKindCountForNothing(t *testing.T) {
	const text = "steps:\n  a: {type: command, command: 'true', outputs: {x: number}, on_failure: continue}\n" +
		"  b: {type: notify, message: 'x is ${steps.a.outputs.x ?? 7}'}\ngraph: a -> b\n"
	c := cluster(func(steps.Job) (steps.Done, error) {
		return steps.Done{Phase: sweep.PhaseSucceeded, Output: []byte(`{"x": "text"}`)}, nil
	})
	r, cfg := newTestRun(t, text, c)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := r.Work(ctx); err != nil {
		t.Fatal(err)
	}
	read, err := Read(cfg.Folder, "r", false)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := read.Detail("a")
	if a.State != engine.Failed || len(a.Outputs) > 0 {
		t.Errorf("a is %s with %v", a.State, a.Outputs)
	}
	if said := Talk(cfg.Folder, "r", "b"); len(said) == 0 || said[0].Text != "x is 7" {
		t.Errorf("b said %v", said)
	}
}
