package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/encoding/codecs"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
	execcalls "github.com/mesos/mesos-go/api/v1/lib/executor/calls"
	"github.com/mesos/mesos-go/api/v1/lib/executor/config"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli/httpexec"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli/httpsched"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/testkit"
)

// A process that holds master and agents is killed with SIGKILL while an executor runs; the next one on the
// same folder takes the executor over, and the end of its task is heard. In between, nothing is said of the
// task that is not true.
func TestProcessKilled(t *testing.T) {
	dir := t.TempDir()
	first := startProcess(t, dir)
	sched := subscribeTo(t, first.addr, "")
	offer := sched.next(scheduler.Event_OFFERS).Offers.Offers[0]
	self, _ := os.Executable()
	shell, command := true, "KAON_EXECUTOR=1 exec "+self
	sched.call(calls.Accept(calls.OfferOperations{calls.OpLaunch(mesos.TaskInfo{
		Name: "t", TaskID: mesos.TaskID{Value: "t"}, AgentID: offer.AgentID, Resources: offer.Resources[1:2],
		Executor: &mesos.ExecutorInfo{
			Type: mesos.ExecutorInfo_CUSTOM, ExecutorID: mesos.ExecutorID{Value: "ex"},
			Command: &mesos.CommandInfo{Shell: &shell, Value: &command},
		},
	})}.WithOffers(offer.ID)))
	running := sched.next(scheduler.Event_UPDATE).Update.Status
	if running.GetState() != mesos.TASK_RUNNING {
		t.Fatalf("first update %v", running.GetState())
	}
	sched.ack(running)

	first.kill(t)
	second := startProcess(t, dir)
	sched = subscribeTo(t, second.addr, sched.id)
	sched.call(calls.Reconcile(calls.ReconcileTasks(map[string]string{"t": ""})))
	box, err := filepath.Glob(filepath.Join(dir, "a/slaves/*/frameworks/*/executors/ex/runs/*-*"))
	if err != nil || len(box) != 1 {
		t.Fatalf("sandboxes %v, %v", box, err)
	}
	if err := os.WriteFile(filepath.Join(box[0], "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for {
		st := sched.next(scheduler.Event_UPDATE).Update.Status
		if st.UUID != nil {
			sched.ack(st)
		}
		if st.GetState() == mesos.TASK_FINISHED {
			break
		}
		if st.GetState() != mesos.TASK_RUNNING {
			t.Fatalf("after the restart: %v %v %s", st.GetState(), st.GetReason(), st.GetMessage())
		}
	}
	sched.call(&scheduler.Call{Type: scheduler.Call_TEARDOWN})
	if err := sched.end(); err != io.EOF {
		t.Fatalf("stream ended by %v", err)
	}
}

// ownProcess is a cluster in a process of its own.
type ownProcess struct {
	cmd  *exec.Cmd
	addr string
}

func startProcess(t *testing.T, dir string) *ownProcess {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "KAON_CLUSTER="+dir)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, err := cmd.StdinPipe() // the process ends when this test does, however that ends
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &ownProcess{cmd: cmd}
	t.Cleanup(func() { stdin.Close(); p.kill(t) })
	if _, err := fmt.Fscanln(out, &p.addr); err != nil {
		t.Fatalf("cluster process: %v", err)
	}
	return p
}

func (p *ownProcess) kill(t *testing.T) {
	if p.cmd == nil {
		return
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	_ = p.cmd.Wait() // killed: its error says so
	p.cmd = nil
}

// clusterMain is the body of that process.
func clusterMain(dir string) error {
	s, err := embedded.Start(context.Background(), embedded.Config{Agents: twoAgents()[:1], WorkDir: dir})
	if err != nil {
		return err
	}
	fmt.Println(s.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	s.Close()
	return err
}

// executorMain is an executor on mesos-go's client: each task runs until a file named go is in the sandbox.
func executorMain() error {
	cfg, err := config.FromEnv()
	if err != nil {
		return err
	}
	api := url.URL{Scheme: "http", Host: cfg.AgentEndpoint, Path: "/slave(1)/api/v1/executor"}
	cli := httpcli.New(httpcli.Endpoint(api.String()),
		httpcli.Codec(codecs.ByMediaType[codecs.MediaTypeProtobuf]),
		httpcli.DefaultHeader("Authorization", "Bearer "+os.Getenv("MESOS_EXECUTOR_AUTHENTICATION_TOKEN")))
	send := execcalls.SenderWith(httpexec.NewSender(cli.Send), execcalls.Framework(cfg.FrameworkID),
		execcalls.Executor(cfg.ExecutorID))
	stream := execcalls.SenderWith(httpexec.NewSender(cli.Send, httpcli.Close(true)),
		execcalls.Framework(cfg.FrameworkID), execcalls.Executor(cfg.ExecutorID))
	started, finished := false, false
	for tries, late := 0, time.Now().Add(testkit.Patience); time.Now().Before(late) && !finished; tries++ {
		resp, err := stream.Send(context.Background(), execcalls.NonStreaming(execcalls.Subscribe(nil, nil)))
		if err != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		for {
			var e executor.Event
			if err := resp.Decode(&e); err != nil {
				break
			}
			switch e.Type {
			case executor.Event_LAUNCH:
				started = true
				report(send, "t", mesos.TASK_RUNNING)
			case executor.Event_SUBSCRIBED:
				if started {
					awaitFile(filepath.Join(cfg.Sandbox, "go"))
					report(send, "t", mesos.TASK_FINISHED)
				}
			case executor.Event_ACKNOWLEDGED:
				finished = started && tries > 0
			case executor.Event_SHUTDOWN:
				return nil
			}
			if finished {
				break
			}
		}
		resp.Close()
	}
	return nil
}

func awaitFile(name string) {
	for late := time.Now().Add(testkit.Patience); time.Now().Before(late); {
		if _, err := os.Stat(name); err == nil {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
}

func report(send execcalls.Sender, task string, state mesos.TaskState) {
	id := [16]byte{6: 0x40, 8: 0x80, 15: byte(state)}
	resp, err := send.Send(context.Background(), execcalls.NonStreaming(execcalls.Update(mesos.TaskStatus{
		TaskID: mesos.TaskID{Value: task}, State: &state, Source: mesos.SOURCE_EXECUTOR.Enum(), UUID: id[:],
	})))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	if resp != nil {
		resp.Close()
	}
}

// testScheduler is a scheduler on mesos-go's client.
type testScheduler struct {
	t    testing.TB
	id   string
	cli  calls.Caller
	resp mesos.Response
	ctx  context.Context
}

func subscribeTo(t testing.TB, addr, id string) *testScheduler {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testkit.Patience)
	t.Cleanup(cancel)
	s := &testScheduler{t: t, ctx: ctx, id: id, cli: httpsched.NewCaller(httpcli.New(
		httpcli.Endpoint("http://"+addr+"/api/v1/scheduler"), httpcli.Codec(codecs.ByMediaType[codecs.MediaTypeProtobuf])))}
	checkpoint, timeout := true, 600.0
	info := &mesos.FrameworkInfo{User: "u", Name: strings.ToLower(t.Name()), Checkpoint: &checkpoint,
		FailoverTimeout: &timeout,
		Capabilities:    []mesos.FrameworkInfo_Capability{{Type: mesos.FrameworkInfo_Capability_PARTITION_AWARE}}}
	c := calls.Subscribe(info)
	if id != "" {
		info.ID = &mesos.FrameworkID{Value: id}
		c.FrameworkID = info.ID
	}
	resp, err := s.cli.Call(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Close() })
	s.resp = resp
	s.id = s.next(scheduler.Event_SUBSCRIBED).Subscribed.FrameworkID.Value
	return s
}

// next returns the next event of a kind.
func (s *testScheduler) next(kind scheduler.Event_Type) *scheduler.Event {
	s.t.Helper()
	for {
		var e scheduler.Event
		if err := s.resp.Decode(&e); err != nil {
			s.t.Fatalf("waiting for %v: %v", kind, err)
		}
		if e.Type == kind {
			return &e
		}
	}
}

func (s *testScheduler) end() error {
	for {
		var e scheduler.Event
		if err := s.resp.Decode(&e); err != nil {
			return err
		}
	}
}

func (s *testScheduler) call(c *scheduler.Call) {
	s.t.Helper()
	c.FrameworkID = &mesos.FrameworkID{Value: s.id}
	resp, err := s.cli.Call(s.ctx, c)
	if err != nil {
		s.t.Fatal(err)
	}
	if resp != nil {
		resp.Close()
	}
}

func (s *testScheduler) ack(st mesos.TaskStatus) {
	s.t.Helper()
	s.call(calls.Acknowledge(st.AgentID.Value, st.TaskID.Value, st.UUID))
}
