package clustertest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"syscall"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/cluster/recordio"
	"github.com/kaon-sweep/kaon/scheduler/cluster/stdio"
)

const (
	// Variable is set in the environment of the program of Executor.
	Variable = "KAON_CLUSTERTEST"

	mediaType = "application/x-protobuf"
	again     = 20 * time.Millisecond // before it subscribes again
	lonely    = 2 * time.Minute       // without an agent, after which it ends: its test was killed
	maxRecord = 64 << 20
)

// Executor is the executor of the laws, in the process that an agent has started as one; in any other it returns at
// once. It is the first call of TestMain where the engine's agents start the test's own program.
func Executor() {
	if os.Getenv(Variable) == "" {
		return
	}
	x := &executor{client: http.DefaultClient, tasks: map[string]*task{}, heard: map[int64]bool{}}
	if slices.Contains(os.Args, "--stdio") {
		x.client = &http.Client{Transport: stdio.NewClient(os.Stdin, os.Stdout)}
	}
	if err := x.run(); err != nil {
		fmt.Fprintln(os.Stderr, "clustertest executor:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// executor has one goroutine.
type executor struct {
	client  *http.Client
	tasks   map[string]*task
	updates []mesosapi.TaskStatus // that the agent has not taken, in order
	heard   map[int64]bool        // commands
	atCut   string                // the code with which it ends when the connection breaks; empty: it does not
}

type task struct {
	info     mesosapi.TaskInfo
	taken    bool // the agent has taken an update of it
	ended    bool
	awaitCut []byte // nil: it does not
}

var errShutdown = errors.New("told to shut down")

// run subscribes, again and again, until it is told to end.
func (x *executor) run() error {
	for last := time.Now(); time.Since(last) < lonely; time.Sleep(again) {
		subscribed, err := x.session()
		if errors.Is(err, errShutdown) {
			return nil
		}
		if subscribed {
			last = time.Now()
		}
		if code, err := strconv.Atoi(x.atCut); subscribed && err == nil {
			os.Exit(code)
		}
		for id, t := range x.tasks {
			if subscribed && t.awaitCut != nil && !t.ended {
				x.note(id, mesosapi.TASK_FINISHED, "", t.awaitCut)
			}
		}
	}
	return errors.New("its agent is gone")
}

func (x *executor) session() (subscribed bool, err error) {
	call := &api.Call{Type: api.Call_SUBSCRIBE, Subscribe: &api.Call_Subscribe{}}
	for _, t := range x.tasks {
		if !t.taken {
			call.Subscribe.UnacknowledgedTasks = append(call.Subscribe.UnacknowledgedTasks, t.info)
		}
	}
	for _, s := range x.updates {
		call.Subscribe.UnacknowledgedUpdates = append(call.Subscribe.UnacknowledgedUpdates, api.Call_Update{Status: s})
	}
	body, err := x.post(call, http.StatusOK)
	if err != nil {
		return false, err
	}
	defer body.Close()
	for in := recordio.NewReader(body, maxRecord); ; {
		record, err := in.Read()
		if err != nil {
			return subscribed, err
		}
		var e api.Event
		if err := e.Unmarshal(record); err != nil {
			return subscribed, err
		}
		subscribed = true
		if err := x.hear(&e); err != nil {
			return subscribed, err
		}
	}
}

func (x *executor) hear(e *api.Event) error {
	switch e.Type {
	case api.Event_LAUNCH:
		info := e.Launch.Task
		id := info.TaskID.Value
		x.tasks[id] = &task{info: info}
		if string(info.Data) == silent {
			return nil
		}
		return x.tell(id, mesosapi.TASK_RUNNING, "", nil)
	case api.Event_KILL:
		t := x.tasks[e.Kill.TaskID.Value]
		if t == nil || t.ended || string(t.info.Data) == stubborn {
			return nil
		}
		grace := time.Duration(e.Kill.GetKillPolicy().GetGracePeriod().GetNanoseconds())
		return x.tell(e.Kill.TaskID.Value, mesosapi.TASK_KILLED, "grace "+grace.String(), nil)
	case api.Event_ACKNOWLEDGED:
		if t := x.tasks[e.Acknowledged.TaskID.Value]; t != nil {
			t.taken = true
		}
		x.updates = slices.DeleteFunc(x.updates, func(s mesosapi.TaskStatus) bool {
			return bytes.Equal(s.UUID, e.Acknowledged.UUID)
		})
	case api.Event_MESSAGE:
		var c command
		if json.Unmarshal(e.Message.Data, &c) != nil {
			return nil // a law says other things to it, too
		}
		if c.Do != doExit && c.Do != doDie && !x.heard[c.Serial] { // who has answered may not have the time to obey
			x.heard[c.Serial] = true
			if err := x.obey(c); err != nil {
				return err
			}
		}
		if err := x.message(heard(c.Serial)); err != nil {
			return err
		}
		if c.Do == doExit || c.Do == doDie {
			return x.obey(c)
		}
	case api.Event_SHUTDOWN:
		return errShutdown
	}
	return nil
}

func (x *executor) obey(c command) error {
	switch c.Do {
	case doSay:
		return x.tell(c.Task, mesosapi.TASK_RUNNING, "", c.Data)
	case doFinish:
		return x.tell(c.Task, mesosapi.TASK_FINISHED, "", c.Data)
	case doFail:
		return x.tell(c.Task, mesosapi.TASK_FAILED, c.Text, c.Data)
	case doMessage:
		return x.message(c.Data)
	case doAwaitCut:
		x.tasks[c.Task].awaitCut = c.Data
	case doExitAtCut:
		x.atCut = c.Text
	case doVariables:
		var names []string
		if err := json.Unmarshal(c.Data, &names); err != nil {
			return err
		}
		values := map[string]string{}
		for _, name := range names {
			if v, set := os.LookupEnv(name); set {
				values[name] = v
			}
		}
		data, err := json.Marshal(values)
		if err != nil {
			return err
		}
		return x.tell(c.Task, mesosapi.TASK_RUNNING, "", data)
	case doExit:
		code, _ := strconv.Atoi(c.Text)
		os.Exit(code)
	case doDie:
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	return nil
}

// note queues an update, which the next subscription brings.
func (x *executor) note(id string, state mesosapi.TaskState, message string, data []byte) mesosapi.TaskStatus {
	uuid := make([]byte, 16)
	_, _ = rand.Read(uuid) // never fails
	uuid[6], uuid[8] = uuid[6]&0x0f|0x40, uuid[8]&0x3f|0x80
	now := float64(time.Now().UnixMicro()) / 1e6
	s := mesosapi.TaskStatus{TaskID: mesosapi.TaskID{Value: id}, State: &state, Source: mesosapi.SOURCE_EXECUTOR.Enum(),
		UUID: uuid, Data: data,
		Timestamp: &now}
	if message != "" {
		s.Message = &message
	}
	if t := x.tasks[id]; t != nil && state != mesosapi.TASK_RUNNING {
		t.ended = true
	}
	x.updates = append(x.updates, s)
	return s
}

func (x *executor) tell(id string, state mesosapi.TaskState, message string, data []byte) error {
	s := x.note(id, state, message, data)
	_, err := x.post(&api.Call{Type: api.Call_UPDATE, Update: &api.Call_Update{Status: s}}, http.StatusAccepted)
	return err
}

func (x *executor) message(data []byte) error {
	_, err := x.post(&api.Call{Type: api.Call_MESSAGE, Message: &api.Call_Message{Data: data}}, http.StatusAccepted)
	return err
}

// post makes a call. The body is the caller's to close when it is a stream.
func (x *executor) post(c *api.Call, want int) (io.ReadCloser, error) {
	c.ExecutorID = mesosapi.ExecutorID{Value: os.Getenv("MESOS_EXECUTOR_ID")}
	c.FrameworkID = mesosapi.FrameworkID{Value: os.Getenv("MESOS_FRAMEWORK_ID")}
	body, err := c.Marshal()
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost,
		"http://"+os.Getenv("MESOS_AGENT_ENDPOINT")+"/api/v1/executor", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", mediaType)
	r.Header.Set("Accept", mediaType)
	if token := os.Getenv("MESOS_EXECUTOR_AUTHENTICATION_TOKEN"); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := x.client.Do(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != want {
		defer resp.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1024))
		return nil, fmt.Errorf("%s is answered by %s: %s", c.Type, resp.Status, text)
	}
	if want != http.StatusOK {
		_, err = io.Copy(io.Discard, resp.Body)
		return nil, errors.Join(err, resp.Body.Close())
	}
	return resp.Body, nil
}
