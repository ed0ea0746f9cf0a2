package hollow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/cluster/recordio"
	"github.com/kaon-sweep/kaon/scheduler/cluster/stdio"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/scheduler/timer"
)

const (
	eventMax  = 64 << 20
	mediaType = "application/x-protobuf"
	again     = 200 * time.Millisecond // before a subscription is tried again
)

// executor is a simulated one: it speaks as a real one does, and its tasks are timers.
type executor struct {
	behave        embedded.Behaviour
	agent         protocol.AgentID
	url           string
	id, framework string
	single        bool // it ends after its first task
	client        *http.Client
	in            *io.PipeWriter
	out           output
	reader        *io.PipeReader
	over          chan struct{} // closed when it has ended
	wake          chan struct{} // capacity 1: there is something to send, or it may end

	mu struct {
		sync.Mutex
		tasks    map[string]*task
		unacked  []mesos.TaskStatus
		queue    []mesos.TaskStatus // of them, those that are to be sent
		finished bool               // no task will come any more
	}
}

type task struct {
	info   mesos.TaskInfo
	timers []*time.Timer
}

// output leads what an executor prints to who is attached last; else it is lost, as the log of a hollow pod is.
type output struct {
	mu   sync.Mutex
	to   func([]byte) error
	turn int
}

func (o *output) lead(to func([]byte) error) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.to = to
	o.turn++
	return o.turn
}

func (o *output) leave(turn int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.turn == turn {
		o.to = nil
	}
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	to := o.to
	o.mu.Unlock()
	if to != nil && to(p) != nil {
		return len(p), nil // whoever was attached is gone, and the next one asks again
	}
	return len(p), nil
}

func newExecutor(behave embedded.Behaviour, command []string, env map[string]string) *executor {
	x := &executor{behave: behave, over: make(chan struct{}), wake: make(chan struct{}, 1),
		single: slices.Contains(command, "--once")}
	x.id, x.framework, x.agent = env["MESOS_EXECUTOR_ID"], env["MESOS_FRAMEWORK_ID"],
		protocol.AgentID(env["MESOS_SLAVE_ID"])
	x.url = "http://" + env["MESOS_AGENT_ENDPOINT"] + "/api/v1/executor"
	x.mu.tasks = map[string]*task{}
	x.reader, x.in = io.Pipe()
	return x
}

// run runs it until it has done its work, or is ended; false: that.
func (x *executor) run(ctx context.Context, ended <-chan struct{}) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, crash.Func(func() { _ = x.in.CloseWithError(io.EOF) }))
	defer stop()
	x.client = &http.Client{Transport: stdio.NewClient(x.reader, &x.out)}
	var wg sync.WaitGroup
	wg.Go(crash.Func(func() { x.follow(ctx) }))
	done := make(chan struct{})
	wg.Go(crash.Func(func() { x.send(ctx, done) }))
	finished := false
	select {
	case <-done:
		finished = true
	case <-ended:
	case <-ctx.Done():
	}
	cancel()
	_ = x.in.CloseWithError(io.EOF)
	wg.Wait()
	x.mu.Lock()
	for _, t := range x.mu.tasks {
		t.stop()
	}
	x.mu.Unlock()
	close(x.over)
	return finished
}

func (t *task) stop() {
	for _, timer := range t.timers {
		timer.Stop()
	}
}

// follow keeps a subscription.
func (x *executor) follow(ctx context.Context) {
	for ctx.Err() == nil {
		_ = x.session(ctx) // whoever was attached is gone
		timer.Sleep(ctx, again)
	}
}

func (x *executor) session(ctx context.Context) error {
	call := &api.Call{Type: api.Call_SUBSCRIBE, Subscribe: &api.Call_Subscribe{}}
	x.mu.Lock()
	for _, s := range x.mu.unacked {
		call.Subscribe.UnacknowledgedUpdates = append(call.Subscribe.UnacknowledgedUpdates, api.Call_Update{Status: s})
	}
	for _, t := range x.mu.tasks {
		call.Subscribe.UnacknowledgedTasks = append(call.Subscribe.UnacknowledgedTasks, t.info)
	}
	x.mu.queue = nil
	x.mu.Unlock()
	resp, err := x.post(ctx, call)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for events := recordio.NewReader(resp.Body, eventMax); ; {
		record, err := events.Read()
		if err != nil {
			return err
		}
		var e api.Event
		if err := e.Unmarshal(record); err != nil {
			return err
		}
		x.handle(&e)
	}
}

func (x *executor) post(ctx context.Context, c *api.Call) (*http.Response, error) {
	c.ExecutorID, c.FrameworkID = mesos.ExecutorID{Value: x.id}, mesos.FrameworkID{Value: x.framework}
	body, err := c.Marshal()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, x.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", mediaType)
	req.Header.Set("Accept", mediaType)
	resp, err := x.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1024))
		return nil, errors.Join(fmt.Errorf("%s: %s: %s", c.Type, resp.Status, text), resp.Body.Close())
	}
	return resp, nil
}

func (x *executor) handle(e *api.Event) {
	switch e.Type {
	case api.Event_LAUNCH:
		x.launch(e.Launch.Task)
	case api.Event_KILL:
		x.end(e.Kill.TaskID.Value, mesos.TASK_KILLED, nil)
	case api.Event_ACKNOWLEDGED:
		x.mu.Lock()
		x.mu.unacked = slices.DeleteFunc(x.mu.unacked, func(s mesos.TaskStatus) bool {
			return bytes.Equal(s.UUID, e.Acknowledged.UUID)
		})
		x.mu.Unlock()
		x.look()
	case api.Event_SHUTDOWN:
		x.mu.Lock()
		x.mu.finished, x.mu.unacked = true, nil
		x.mu.Unlock()
		x.look()
	}
}

func (x *executor) look() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// launch begins a task, unless it is known.
func (x *executor) launch(info mesos.TaskInfo) {
	id := info.TaskID.Value
	var script embedded.Script
	if x.behave != nil {
		script = x.behave(&info, x.agent)
	}
	x.mu.Lock()
	if x.mu.tasks[id] != nil || x.mu.finished {
		x.mu.Unlock()
		return
	}
	t := &task{info: info}
	x.mu.tasks[id] = t
	for _, u := range script.Updates {
		t.timers = append(t.timers, time.AfterFunc(u.At, crash.Func(func() {
			x.update(id, mesos.TASK_RUNNING, u.Data)
		})))
	}
	x.mu.Unlock()
	x.update(id, mesos.TASK_RUNNING, nil)
	state := script.State
	if !protocol.Terminal(state) {
		state = mesos.TASK_FINISHED
	}
	end := time.AfterFunc(script.Duration, crash.Func(func() { x.end(id, state, script.Data) }))
	x.mu.Lock()
	t.timers = append(t.timers, end)
	x.mu.Unlock()
}

func (x *executor) end(id string, state mesos.TaskState, data []byte) {
	x.mu.Lock()
	t := x.mu.tasks[id]
	if t == nil {
		x.mu.Unlock()
		return
	}
	t.stop()
	delete(x.mu.tasks, id)
	x.mu.finished = x.mu.finished || x.single
	x.mu.Unlock()
	x.update(id, state, data)
}

// update has an update sent.
func (x *executor) update(id string, state mesos.TaskState, data []byte) {
	u := uuid.New()
	seconds := float64(time.Now().UnixMicro()) / 1e6
	s := mesos.TaskStatus{TaskID: mesos.TaskID{Value: id}, State: &state, Source: mesos.SOURCE_EXECUTOR.Enum(),
		ExecutorID: &mesos.ExecutorID{Value: x.id}, UUID: u[:], Data: data, Timestamp: &seconds}
	x.mu.Lock()
	x.mu.unacked, x.mu.queue = append(x.mu.unacked, s), append(x.mu.queue, s)
	x.mu.Unlock()
	x.look()
}

// send sends updates one after the other, and closes done when nothing is left to do.
func (x *executor) send(ctx context.Context, done chan<- struct{}) {
	for ctx.Err() == nil {
		x.mu.Lock()
		if x.mu.finished && len(x.mu.unacked) == 0 {
			x.mu.Unlock()
			close(done)
			return
		}
		var next *mesos.TaskStatus
		if len(x.mu.queue) > 0 {
			next = &x.mu.queue[0]
			x.mu.queue = x.mu.queue[1:]
		}
		x.mu.Unlock()
		if next == nil {
			select {
			case <-ctx.Done():
			case <-x.wake:
			}
			continue
		}
		resp, err := x.post(ctx, &api.Call{Type: api.Call_UPDATE, Update: &api.Call_Update{Status: *next}})
		if err != nil { // a subscription that begins meanwhile carries it
			x.mu.Lock()
			x.mu.queue = append([]mesos.TaskStatus{*next}, x.mu.queue...)
			x.mu.Unlock()
			timer.Sleep(ctx, again)
			continue
		}
		_, _ = io.CopyN(io.Discard, resp.Body, 1024)
		_ = resp.Body.Close()
	}
}
