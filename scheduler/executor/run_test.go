package executor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"
	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/executor/outbox"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/testkit"
)

func TestTrialRunsAndReports(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, nil)
	a.launch("s.7.1", task.Order{Sweep: "s", Trial: 7, Attempt: 1, Seed: 42, Params: []byte(`{"lr":0.1,"opt":"sgd","net.depth":3}`),
		Metrics: []string{"loss"}, Objective: "accuracy", Env: []string{"WHERE=" + task.Folder + "/x"},
		Files: []task.File{{Name: "conf/args.json", Data: []byte("{}")}},
		Shell: `test "$KAON_SWEEP/$KAON_TRIAL/$KAON_ATTEMPT/$KAON_SEED" = s/7/1/42 || exit 1
test "$KAON_PARAM_LR/$KAON_PARAM_OPT/$KAON_PARAM_NET_DEPTH" = 0.1/sgd/3 || exit 2
test "$KAON_PARAMS" = '{"lr":0.1,"opt":"sgd","net.depth":3}' || exit 3
test -f conf/args.json && test -d "$KAON_ARTIFACTS" && test -f "$KAON_CONTROL" || exit 4
test "$WHERE" = "$PWD/x" || exit 5
echo '{"accuracy": 0.5, "step": 10}' >> $KAON_METRICS
echo 'epoch 1: loss=0.25 other=3'
echo '{"accuracy": NaN}'
echo not a metric
printf 'accuracy=0.75'`})
	o := a.finished("s.7.1")
	if o.state != mesosapi.TASK_FINISHED || o.end.Exit != 0 || o.end.StartMs == 0 || o.end.EndMs < o.end.StartMs {
		t.Fatalf("got %+v", o)
	}
	if len(o.points) != 4 {
		t.Fatalf("got points %+v", o.points)
	}
}

func TestEndsAreTold(t *testing.T) {
	a := newFakeAgent(t)
	s := startExecutor(t, a, nil)
	script := filepath.Join(s.sandbox, "script")
	if err := os.WriteFile(script, []byte("#!/no/such/interpreter\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(s.sandbox, "data")
	if err := os.WriteFile(data, []byte("hello\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		order   task.Order
		exit    int
		signal  int
		message string
	}{
		{task.Order{Shell: "echo one >&2; echo two >&2; exit 3"}, 3, 0, "exit code 3: two"},
		{task.Order{Shell: `printf 'a\377b\033[1m' >&2; exit 1`}, 1, 0, "exit code 1: a\uFFFDb[1m"},
		{task.Order{Shell: "kill -SEGV $$"}, -1, 11, "ended by signal 11 (SIGSEGV, segmentation fault)"},
		{task.Order{Argv: []string{"no-such-program"}}, -1, 0, `start "no-such-program": no such program in PATH (/usr/local/bin:/usr/bin:/bin)`},
		{task.Order{Argv: []string{"./none"}}, -1, 0, `start "./none": no such program: ` + s.sandbox + "/t.4/none"},
		{task.Order{Argv: []string{data}}, -1, 0, "is " + data + " executable (chmod +x)?"},
		{task.Order{Argv: []string{script}}, -1, 0, script + " exists, but its interpreter does not"},
		{task.Order{Argv: []string{"true"}, Dir: "/no/such/folder"}, -1, 0, `working directory "/no/such/folder" does not exist on this agent`},
		{task.Order{Argv: []string{"true"}, Params: []byte("{")}, -1, 0, "read parameters"},
		{task.Order{Argv: []string{"true"}, Filters: []string{"("}}, -1, 0, "read metrics filter"},
		{task.Order{Argv: []string{"true"}, Files: []task.File{{Name: "../x"}}}, -1, 0, "leads out of the attempt's folder"},
		{task.Order{Argv: []string{"true", strings.Repeat("x", 1<<20)}}, -1, 0, "arguments and environment are too long"},
		{task.Order{Argv: []string{"true"}, Env: []string{"=x"}}, -1, 0, "bad environment entry"},
		{task.Order{}, -1, 0, "want exactly one of argv and shell"},
		{task.Order{Shell: "sleep 60", Timeout: 50 * time.Millisecond}, -1, 15, "timed out after 50ms"},
		{task.Order{Shell: "trap '' TERM; while :; do sleep 0.01; done", Timeout: 3 * time.Second, Grace: 50 * time.Millisecond}, -1, 9, "timed out after 3s"},
	}
	for _, sig := range []int{1, 2, 3, 4, 6, 7, 8, 9, 10, 12, 13, 14, 15, 24, 25, 31} {
		c := cases[2]
		c.order.Shell, c.signal, c.message = fmt.Sprintf("ulimit -c 0; kill -%d $$; sleep 10", sig), sig, fmt.Sprintf("ended by signal %d (", sig)
		cases = append(cases, c)
	}
	for i, c := range cases {
		a.launch(fmt.Sprintf("t.%d", i), c.order)
	}
	for i, c := range cases {
		o := a.finished(fmt.Sprintf("t.%d", i))
		if o.state != mesosapi.TASK_FAILED || o.end.Exit != c.exit || o.end.Signal != c.signal || !strings.Contains(o.message, c.message) {
			t.Errorf("%.100q: got %s %q %+v", fmt.Sprint(c.order.Argv, c.order.Shell), o.state, o.message, o.end)
		}
		if want := strings.HasPrefix(c.message, "timed out"); o.end.TimedOut != want {
			t.Errorf("%q: timed out %v", c.order.Shell, o.end.TimedOut)
		}
		if started := c.exit >= 0 || c.signal > 0; started == (o.end.Error != "") {
			t.Errorf("%v: error %q", c.order, o.end.Error)
		}
	}
	if o := a.finished("t.0"); !slices.Equal(o.end.Stderr, []string{"one", "two"}) {
		t.Errorf("got last lines %q", o.end.Stderr)
	}
}

// A program that is open for writing, as one that was just written may be in a child that has yet to execute,
// is awaited.
func TestBusyProgramIsAwaited(t *testing.T) {
	a := newFakeAgent(t)
	s := startExecutor(t, a, nil)
	path := filepath.Join(s.sandbox, "program")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, "#!/bin/sh\nexit 0\n")
	time.AfterFunc(50*time.Millisecond, func() { f.Close() })
	a.launch("t.1", task.Order{Argv: []string{path}})
	if o := a.finished("t.1"); o.state != mesosapi.TASK_FINISHED {
		t.Errorf("got %s %q", o.state, o.message)
	}
}

func TestForeignOrderIsRefused(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, nil)
	data := task.Encode(task.Order{Argv: []string{"true"}})
	data[0]++
	for id, data := range map[string][]byte{"version": data, "nonsense": []byte("hello"), "nothing": nil} {
		a.tell(&api.Event{Type: api.Event_LAUNCH, Launch: &api.Event_Launch{Task: mesosapi.TaskInfo{TaskID: mesosapi.TaskID{Value: id}, Data: data}}})
		if o := a.finished(id); o.state != mesosapi.TASK_FAILED || !strings.Contains(o.end.Error, "decode task.Order") {
			t.Errorf("%s: got %+v", id, o)
		}
	}
}

func TestLastWordsBeforeTheEndCount(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, func(c *Config) { c.Poll = time.Hour; c.Interval = time.Hour; c.Settle = time.Hour })
	for i := range 20 {
		a.launch(fmt.Sprintf("t.%d", i), task.Order{Objective: "b", Shell: `printf '{"a":1}\n{"a":2}' >> $KAON_METRICS; printf 'b=3'`})
	}
	for i := range 20 {
		if o := a.finished(fmt.Sprintf("t.%d", i)); len(o.points) != 3 || o.updates != 1 {
			t.Fatalf("got %+v", o)
		}
	}
}

func gone(pid string) bool {
	n, err := strconv.Atoi(strings.TrimSpace(pid))
	return err == nil && unix.Kill(n, 0) != nil
}

func TestChildrenLeftBehindDoNotHoldUpTheEnd(t *testing.T) {
	a := newFakeAgent(t)
	s := startExecutor(t, a, func(c *Config) { c.Linger = time.Second })
	start := time.Now()
	a.launch("t.0", task.Order{Shell: `sleep 1000 & echo $! > pid; echo '{"a":1}'`})
	a.launch("t.1", task.Order{Shell: `setsid sleep 60 & echo $! > pid; echo '{"a":1}'`}) // out of reach of the group
	a.launch("t.2", task.Order{Shell: `(sleep 0.02; echo '{"a":2}') & echo '{"a":1}'`})
	for i, points := range []int{1, 1, 2} {
		if o := a.finished(fmt.Sprintf("t.%d", i)); o.state != mesosapi.TASK_FINISHED || len(o.points) != points {
			t.Errorf("t.%d: got %+v", i, o)
		}
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("took %v", took)
	}
	if far, err := os.ReadFile(filepath.Join(s.sandbox, "t.1", "pid")); err != nil {
		t.Error(err)
	} else if n, err := strconv.Atoi(strings.TrimSpace(string(far))); err != nil || unix.Kill(n, unix.SIGKILL) != nil {
		t.Errorf("the child out of reach, %q, has ended", far)
	}
	pid, err := os.ReadFile(filepath.Join(s.sandbox, "t.0", "pid"))
	if err != nil {
		t.Fatal(err)
	}
	// The killed child is init's to reap, which may take a moment.
	for deadline := time.Now().Add(testkit.Patience); !gone(string(pid)); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("child %s still runs", pid)
		}
		if stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/stat"); err == nil && strings.Contains(string(stat), ") Z ") {
			break
		}
	}
}

func TestKill(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, nil)
	kill := func(id string, grace int64) {
		e := &api.Event{Type: api.Event_KILL, Kill: &api.Event_Kill{TaskID: mesosapi.TaskID{Value: id}}}
		if grace >= 0 {
			e.Kill.KillPolicy = &mesosapi.KillPolicy{GracePeriod: &mesosapi.DurationInfo{Nanoseconds: grace}}
		}
		a.tell(e)
	}
	stubborn := `trap '' TERM; echo '{"a":1}'; while :; do sleep 0.01; done`
	for id, o := range map[string]task.Order{
		"polite":   {Shell: `trap 'echo "{\"a\":2}"; exit 7' TERM; echo '{"a":1}'; while :; do sleep 0.01; done`},
		"own":      {Shell: stubborn, Grace: 50 * time.Millisecond},
		"override": {Shell: stubborn, Grace: time.Hour},
		"at once":  {Shell: stubborn, Grace: time.Hour},
		"stopped":  {Shell: `echo '{"a":1}'; kill -STOP $$`},
		"shorter":  {Shell: stubborn, Grace: time.Hour},
	} {
		a.launch(id, o)
	}
	for _, c := range []struct {
		id           string
		grace        int64
		exit, signal int
		points       int
	}{
		{"polite", -1, 7, 0, 2}, {"own", -1, -1, 9, 1}, {"override", int64(time.Millisecond), -1, 9, 1},
		{"at once", 0, -1, 9, 1}, {"stopped", -1, -1, 15, 1}, {"shorter", int64(time.Hour), -1, 9, 1},
	} {
		a.ready(c.id)
		kill(c.id, c.grace)
		if c.id == "shorter" {
			kill(c.id, int64(time.Millisecond))
		}
		o := a.finished(c.id)
		if o.state != mesosapi.TASK_KILLED || !o.end.Killed || o.end.Exit != c.exit || o.end.Signal != c.signal || len(o.points) != c.points {
			t.Errorf("%s: got %+v", c.id, o)
		}
	}
	kill("nobody", -1) // must not disturb
	a.launch("after", task.Order{Argv: []string{"true"}})
	a.finished("after")
}

func TestFloodsOfOutputStayBounded(t *testing.T) {
	a := newFakeAgent(t)
	s := startExecutor(t, a, func(c *Config) { c.HeadBytes, c.TailBytes = 10000, 5000 })
	a.launch("t.0", task.Order{Objective: "loss", Shell: `
		head -c 20000000 /dev/zero; head -c 5000000 /dev/urandom; yes | head -c 20000000; echo; echo 'loss=1'
		yes error | head -n 200000 >&2; echo last >&2; echo end; exit 1`})
	o := a.finished("t.0")
	if len(o.points) != 1 || o.points[0].Metrics["loss"] != 1 || o.message != "exit code 1: last" || len(o.end.Stderr) != lastCount {
		t.Fatalf("got %+v", o)
	}
	for name, want := range map[string]int64{"stdout": 10000, "stdout.tail.1": 5000, "stderr": 10000, "stderr.tail.1": 5000} {
		info, err := os.Stat(filepath.Join(s.sandbox, "t.0", name))
		if err != nil || info.Size() != want {
			t.Errorf("%s: %v, %v, want %d bytes", name, info, err, want)
		}
	}
	var tail []byte
	for _, name := range []string{"stdout.tail.1", "stdout.tail"} {
		text, err := os.ReadFile(filepath.Join(s.sandbox, "t.0", name))
		if err != nil {
			t.Fatal(err)
		}
		tail = append(tail, text...)
	}
	if !strings.HasSuffix(string(tail), "y\n\nloss=1\nend\n") || len(tail) > 10000 {
		t.Errorf("end of stdout: %d bytes", len(tail))
	}
}

func TestFloodOfMetricsIsDeliveredWhole(t *testing.T) {
	const n = 100_000
	a := newFakeAgent(t)
	startExecutor(t, a, nil)
	a.launch("t.0", task.Order{Shell: fmt.Sprintf(`seq -f '{"loss": %%.0f}' %d >> $KAON_METRICS; seq -f '{"loss": %%.0f}' %d`, n/2, n/2)})
	o := a.finished("t.0")
	if len(o.points) != n || o.end.Dropped != 0 || o.largest > 80<<10 {
		t.Fatalf("%d points in %d updates of at most %d bytes, %d dropped", len(o.points), o.updates, o.largest, o.end.Dropped)
	}
	sum := 0.0
	for _, p := range o.points {
		sum += p.Metrics["loss"]
	}
	if want := float64(n/2) * (n/2 + 1); sum != want {
		t.Fatalf("sum of losses %v, want %v", sum, want)
	}
}

func TestPointsBeyondTheBoundAreCounted(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, func(c *Config) { c.MaxPoints = 1000 })
	a.launch("t.0", task.Order{Shell: `seq -f '{"loss": %.0f}' 1500 >> $KAON_METRICS; truncate -s 1T $KAON_METRICS.sparse`})
	if o := a.finished("t.0"); len(o.points) != 1000 || o.end.Dropped != 500 {
		t.Fatalf("%d points, %d dropped", len(o.points), o.end.Dropped)
	}
}

func TestUnacknowledgedPointsCoalesceSpillAndAreResent(t *testing.T) {
	a := newFakeAgent(t)
	s := startExecutor(t, a, func(c *Config) { c.BatchBytes, c.MemoryBytes = 4096, 10000 })
	a.set(func() { a.mu.hold = true })
	a.launch("t.0", task.Order{Shell: `seq -f '{"loss": %.0f}' 3000; while [ ! -e go ]; do sleep 0.01; done; echo '{"loss": 0}'`})
	a.await("the first update", func() bool { return len(a.mu.updates) > 0 })
	spilled := filepath.Join(s.sandbox, "t.0", outbox.SpillName)
	testkit.Await(t, "points to be spilled", func() bool {
		info, err := os.Stat(spilled)
		return err == nil && info.Size() > 50000
	})
	a.set(func() {
		if n := len(a.mu.updates); n != 1 {
			t.Errorf("%d updates while the first is unacknowledged", n)
		}
		a.mu.down = true
	})
	a.cut() // the agent restarts
	if err := os.WriteFile(filepath.Join(s.sandbox, "t.0", "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	a.set(func() { a.mu.down, a.mu.hold = false, false })
	o := a.finished("t.0")
	if len(o.points) != 3001 || o.points[2999].Metrics["loss"] != 3000 || o.largest > 4500 {
		t.Fatalf("%d points, largest update %d", len(o.points), o.largest)
	}
	a.set(func() {
		again := a.mu.subscribes[len(a.mu.subscribes)-1]
		if len(again.UnacknowledgedTasks) != 1 || len(again.UnacknowledgedUpdates) != 1 ||
			string(again.UnacknowledgedUpdates[0].Status.UUID) != string(a.mu.updates[0].UUID) {
			t.Errorf("subscribed again with %d tasks and %d updates", len(again.UnacknowledgedTasks), len(again.UnacknowledgedUpdates))
		}
	})
	s.stop()
	if err := s.result(t); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(spilled); err == nil {
		t.Error("the spill is left behind")
	}
}

// sleeper is a trial that runs until it is killed, and its process id once it runs.
func sleeper(t *testing.T, a *fakeAgent, s *started) (pid string) {
	t.Helper()
	a.launch("t.0", task.Order{Shell: `echo $$ > pid; echo '{"a":1}'; exec sleep 1000`, Grace: 20 * time.Millisecond})
	a.ready("t.0")
	text, err := os.ReadFile(filepath.Join(s.sandbox, "t.0", "pid"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAgentGoneForGoodEndsEverything(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"without checkpoints": func(c *Config) { c.Checkpoint = false },
		"after the time out":  func(c *Config) { c.RecoveryTimeout = 50 * time.Millisecond },
	} {
		a := newFakeAgent(t)
		s := startExecutor(t, a, change)
		pid := sleeper(t, a, s)
		a.set(func() { a.mu.down = true })
		a.cut()
		if err := s.result(t); !errors.Is(err, errLost) {
			t.Errorf("%s: got %v", name, err)
		}
		if !gone(pid) {
			t.Errorf("%s: the trial still runs", name)
		}
	}
}

func TestShutdownKillsAndTells(t *testing.T) {
	for name, end := range map[string]func(*fakeAgent, *started){
		"event":   func(a *fakeAgent, _ *started) { a.tell(&api.Event{Type: api.Event_SHUTDOWN}) },
		"context": func(_ *fakeAgent, s *started) { s.stop() },
	} {
		a := newFakeAgent(t)
		s := startExecutor(t, a, nil)
		pid := sleeper(t, a, s)
		end(a, s)
		if o := a.finished("t.0"); o.state != mesosapi.TASK_KILLED || !o.end.Killed || len(o.points) != 1 {
			t.Errorf("%s: got %+v", name, o)
		}
		if err := s.result(t); err != nil || !gone(pid) {
			t.Errorf("%s: Run ended with %v", name, err)
		}
	}
}

func TestIdleExecutorExits(t *testing.T) {
	a := newFakeAgent(t)
	s := startExecutor(t, a, func(c *Config) { c.Idle = 2 * time.Second })
	a.launch("t.0", task.Order{Shell: "sleep 3"})
	if o := a.finished("t.0"); o.state != mesosapi.TASK_FINISHED {
		t.Fatalf("got %+v", o)
	}
	if err := s.result(t); err != nil {
		t.Fatal(err)
	}
}

func TestControl(t *testing.T) {
	a := newFakeAgent(t)
	startExecutor(t, a, nil)
	a.launch("t.0", task.Order{Shell: `echo '{"progress": 40}'; while ! grep -q stop $KAON_CONTROL; do sleep 0.01; done; echo $(cat $KAON_CONTROL) >&2; exit 1`})
	a.ready("t.0")
	for _, data := range [][]byte{
		[]byte("nonsense"),
		task.Encode(task.Control{Task: "nobody", Body: []byte("{}")}),
		task.Encode(task.Control{Task: "t.0", Body: []byte("not json")}),
		task.Encode(task.Control{Task: "t.0", Body: []byte("1"), ID: "a"}),
		task.Encode(task.Control{Task: "t.0", Body: []byte("1"), ID: "a"}), // sent again
		task.Encode(task.Control{Task: "t.0", Body: []byte("1"), ID: "b"}),
		task.Encode(task.Control{Task: "t.0", Body: []byte("{\n  \"stop\": true\n}")}),
	} {
		a.tell(&api.Event{Type: api.Event_MESSAGE, Message: &api.Event_Message{Data: data}})
	}
	if o := a.finished("t.0"); o.message != `exit code 1: 1 1 {"stop":true}` {
		t.Fatalf("got %q", o.message)
	}
	a.set(func() {
		if len(a.mu.messages) > 0 { // how far it is stands in its points
			t.Errorf("%d messages cost the master as much as updates", len(a.mu.messages))
		}
	})
}

func TestFromEnvironment(t *testing.T) {
	c, err := FromEnvironment([]string{
		"MESOS_AGENT_ENDPOINT=127.0.0.1:5052", "MESOS_CHECKPOINT=1", "MESOS_DIRECTORY=/var/lib/mesos/runs/1", "MESOS_SANDBOX=/mnt/mesos/sandbox",
		"MESOS_EXECUTOR_ID=ex-1", "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD=5secs", "MESOS_FRAMEWORK_ID=fw-1", "MESOS_RECOVERY_TIMEOUT=15mins",
		"MESOS_SUBSCRIPTION_BACKOFF_MAX=2secs", "MESOS_EXECUTOR_AUTHENTICATION_TOKEN=secret", "LIBPROCESS_PORT=0", "KAON_TRIAL=3", "HOME=/root"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Agent != "127.0.0.1:5052" || !c.Checkpoint || c.RecoveryTimeout != 15*time.Minute || c.BackoffMax != 2*time.Second ||
		c.ShutdownGrace != 5*time.Second || c.Token != "secret" || c.HostSandbox != "/var/lib/mesos/runs/1" ||
		!slices.Equal(c.Environ, []string{"MESOS_SANDBOX=/mnt/mesos/sandbox", "HOME=/root"}) {
		t.Fatalf("got %+v", c)
	}
	for _, environ := range [][]string{nil, {"MESOS_AGENT_ENDPOINT=x:1", "MESOS_EXECUTOR_ID=e", "MESOS_FRAMEWORK_ID=f", "MESOS_RECOVERY_TIMEOUT=soon"}} {
		if _, err := FromEnvironment(environ); err == nil {
			t.Errorf("%q taken", environ)
		}
	}
}

// Python prints at once, unless the user has said how it is to print.
func TestPythonIsUnbuffered(t *testing.T) {
	for _, c := range []struct {
		base, env []string
		want      string
	}{
		{nil, nil, "1"},
		{[]string{"PYTHONUNBUFFERED=x"}, nil, "x"},
		{[]string{"PYTHONUNBUFFERED="}, nil, ""},
		{nil, []string{"PYTHONUNBUFFERED="}, ""},
		{[]string{"PYTHONUNBUFFERED=x"}, []string{"PYTHONUNBUFFERED=0"}, "0"},
	} {
		env, err := environment(c.base, &task.Order{Env: c.env}, "/d")
		if err != nil || !slices.Contains(env, "PYTHONUNBUFFERED="+c.want) {
			t.Errorf("%q, %q: got %q, %v", c.base, c.env, env, err)
		}
	}
}
