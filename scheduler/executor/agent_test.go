package executor

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"
	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/scheduler/cluster/recordio"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/testkit"
)

// fakeAgent is a real HTTP server with the agent's executor API, as much of it as one executor needs. It
// acknowledges updates unless told to hold them.
type fakeAgent struct {
	*httptest.Server
	t testing.TB

	mu struct {
		sync.Mutex
		out        chan []byte // records for the current stream
		hold       bool        // acknowledge nothing
		down       bool        // answer 503
		updates    []mesosapi.TaskStatus
		messages   [][]byte
		subscribes []*api.Call_Subscribe
		onUpdate   func(mesosapi.TaskStatus) // instead of keeping updates; nil: they are kept
		changed    chan struct{}             // closed and replaced whenever something arrived
	}
}

func newFakeAgent(t testing.TB) *fakeAgent {
	a := &fakeAgent{t: t}
	a.mu.changed = make(chan struct{})
	a.Server = httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(func() { a.cut(); a.Close() })
	return a
}

func (a *fakeAgent) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var call api.Call
	if err := call.Unmarshal(body); err != nil || r.URL.Path != "/api/v1/executor" || call.ExecutorID.Value != "ex-1" || call.FrameworkID.Value != "fw-1" {
		http.Error(w, "Failed to validate executor::Call", http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	if a.mu.down {
		a.mu.Unlock()
		http.Error(w, "Agent has not finished recovery", http.StatusServiceUnavailable)
		return
	}
	switch call.Type {
	case api.Call_UPDATE:
		a.update(call.Update.Status)
		w.WriteHeader(http.StatusAccepted)
	case api.Call_MESSAGE:
		a.mu.messages = append(a.mu.messages, call.Message.Data)
		w.WriteHeader(http.StatusAccepted)
	case api.Call_SUBSCRIBE:
		out := make(chan []byte, 10000)
		a.mu.out = out
		a.mu.subscribes = append(a.mu.subscribes, call.Subscribe)
		a.say(&api.Event{Type: api.Event_SUBSCRIBED, Subscribed: &api.Event_Subscribed{}})
		for _, u := range call.Subscribe.UnacknowledgedUpdates {
			a.update(u.Status)
		}
		a.signal()
		a.mu.Unlock()
		a.stream(w, r, out)
		return
	}
	a.signal()
	a.mu.Unlock()
}

// signal wakes who waits. The lock is held.
func (a *fakeAgent) signal() {
	close(a.mu.changed)
	a.mu.changed = make(chan struct{})
}

func (a *fakeAgent) update(s mesosapi.TaskStatus) {
	if len(s.UUID) != 16 || s.UUID[6]>>4 != 4 || s.UUID[8]>>6 != 2 {
		a.t.Errorf("update with uuid %x, want RFC 4122 version 4", s.UUID)
	}
	if a.mu.onUpdate != nil {
		a.mu.onUpdate(s)
		a.say(&api.Event{Type: api.Event_ACKNOWLEDGED, Acknowledged: &api.Event_Acknowledged{TaskID: s.TaskID, UUID: s.UUID}})
		return
	}
	known := slices.ContainsFunc(a.mu.updates, func(k mesosapi.TaskStatus) bool { return string(k.UUID) == string(s.UUID) })
	if !known {
		a.mu.updates = append(a.mu.updates, s)
	}
	if !a.mu.hold {
		a.say(&api.Event{Type: api.Event_ACKNOWLEDGED, Acknowledged: &api.Event_Acknowledged{TaskID: s.TaskID, UUID: s.UUID}})
	}
}

func (a *fakeAgent) stream(w http.ResponseWriter, r *http.Request, out chan []byte) {
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	for {
		select {
		case record, ok := <-out:
			if !ok {
				return
			}
			_, _ = w.Write(record)
			w.(http.Flusher).Flush()
		case <-r.Context().Done():
			return
		}
	}
}

// say sends an event. The lock is held.
func (a *fakeAgent) say(e *api.Event) {
	body, err := e.Marshal()
	if err != nil {
		panic(err)
	}
	if a.mu.out != nil {
		a.mu.out <- recordio.Append(nil, body)
	}
}

func (a *fakeAgent) tell(e *api.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.say(e)
}

func (a *fakeAgent) cut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.mu.out != nil {
		close(a.mu.out)
		a.mu.out = nil
	}
}

// set changes how the agent behaves.
func (a *fakeAgent) set(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
}

// await waits until f, called with the lock held, gives true.
func (a *fakeAgent) await(what string, f func() bool) {
	a.t.Helper()
	deadline := time.After(testkit.Patience)
	for {
		a.mu.Lock()
		ok, changed := f(), a.mu.changed
		a.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			a.t.Fatalf("waited in vain for %s", what)
		}
	}
}

func (a *fakeAgent) launch(id string, o task.Order) {
	a.tell(&api.Event{Type: api.Event_LAUNCH, Launch: &api.Event_Launch{Task: mesosapi.TaskInfo{
		Name: id, TaskID: mesosapi.TaskID{Value: id}, AgentID: mesosapi.AgentID{Value: "a1"}, Data: task.Encode(o)}}})
}

// ready waits for the first point of a task.
func (a *fakeAgent) ready(id string) {
	a.t.Helper()
	a.await("a point of "+id, func() bool {
		return slices.ContainsFunc(a.mu.updates, func(s mesosapi.TaskStatus) bool {
			return slices.ContainsFunc(parts(a.t, s), func(p task.Part) bool { return p.Task == id && len(p.Points) > 0 })
		})
	})
}

// parts is the points in an update, of its own task and of others.
func parts(t testing.TB, s mesosapi.TaskStatus) []task.Part {
	r, err := task.Decode[task.Report](s.Data)
	if err != nil {
		t.Errorf("update of %s: %v", s.TaskID.Value, err)
	}
	return append([]task.Part{{Task: s.TaskID.Value, First: r.First, Points: r.Points}}, r.Others...)
}

// outcome is what one attempt said in all.
type outcome struct {
	state   mesosapi.TaskState
	message string
	points  []results.Point
	end     task.End
	updates int
	largest int // bytes of the largest update
}

// finished waits for the end of a task and puts its updates together, checking that points are numbered
// without gaps and that the end comes last.
func (a *fakeAgent) finished(id string) outcome {
	a.t.Helper()
	a.await("the end of "+id, func() bool {
		return slices.ContainsFunc(a.mu.updates, func(s mesosapi.TaskStatus) bool {
			return s.TaskID.Value == id && s.GetState() != mesosapi.TASK_RUNNING
		})
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	var o outcome
	for _, s := range a.mu.updates {
		for _, p := range parts(a.t, s) {
			if p.Task != id {
				continue
			}
			if p.First != uint64(len(o.points)) {
				a.t.Fatalf("update %d of %s begins with point %d, want %d", o.updates, id, p.First, len(o.points))
			}
			if o.updates > 0 && o.state != mesosapi.TASK_RUNNING {
				a.t.Fatalf("update of %s after its end", id)
			}
			o.points = append(o.points, p.Points...)
		}
		if s.TaskID.Value != id {
			continue
		}
		r, err := task.Decode[task.Report](s.Data)
		if err != nil {
			a.t.Fatal(err)
		}
		o.updates++
		o.largest = max(o.largest, len(s.Data))
		o.state, o.message = s.GetState(), s.GetMessage()
		if r.End != nil {
			o.end = *r.End
		}
	}
	return o
}

// started is an executor under test.
type started struct {
	sandbox string
	ended   chan error
	stop    context.CancelFunc
}

func startExecutor(t testing.TB, a *fakeAgent, change func(*Config)) *started {
	t.Helper()
	c := Config{
		Agent: strings.TrimPrefix(a.URL, "http://"), Framework: "fw-1", Executor: "ex-1", Sandbox: t.TempDir(),
		Checkpoint: true, RecoveryTimeout: testkit.Patience, BackoffMax: 10 * time.Millisecond, ShutdownGrace: 2 * time.Second,
		Environ: []string{"PATH=/usr/local/bin:/usr/bin:/bin"}, Settle: time.Millisecond, Interval: 10 * time.Millisecond,
		Poll: 10 * time.Millisecond,
	}
	if change != nil {
		change(&c)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &started{sandbox: c.Sandbox, ended: make(chan error, 1), stop: stop}
	go func() { s.ended <- Run(ctx, c) }()
	t.Cleanup(func() {
		stop()
		s.result(t)
		if !c.Subreaper {
			return
		}
		// Or this process adopts what other tests leave behind.
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0); err != nil {
			t.Error(err)
		}
	})
	a.await("the subscription", func() bool { return a.mu.out != nil })
	return s
}

// result waits for Run.
func (s *started) result(t testing.TB) error {
	t.Helper()
	select {
	case err := <-s.ended:
		s.ended <- err
		return err
	case <-time.After(testkit.Patience):
		t.Fatal("Run did not end")
		return nil
	}
}
