package embedded_test

import (
	"bufio"
	"bytes"
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/encoding/codecs"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
	execcalls "github.com/mesos/mesos-go/api/v1/lib/executor/calls"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli/httpexec"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"
	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/testkit"
)

// playedExecutor is an executor whose part the test plays, in the name of a process that only waits.
type playedExecutor struct {
	t            *testing.T
	send, stream execcalls.Sender
	resp         mesos.Response
}

// play launches task t of an executor and subscribes as it.
func (s *testScheduler) play(t *testing.T, dir string) *playedExecutor {
	t.Helper()
	offer := s.next(scheduler.Event_OFFERS).Offers.Offers[0]
	s.call(calls.Accept(calls.OfferOperations{calls.OpLaunch(mesos.TaskInfo{
		Name: "t", TaskID: mesos.TaskID{Value: "t"}, AgentID: offer.AgentID, Resources: embedded.AgentConfig{CPUs: 0.1}.Resources(),
		Executor: &mesos.ExecutorInfo{Type: mesos.ExecutorInfo_CUSTOM, ExecutorID: mesos.ExecutorID{Value: "x"},
			Command: sh("env > env.part && mv env.part env && exec sleep 600")},
	})}.WithOffers(offer.ID)))
	var text []byte
	testkit.Await(t, "the executor's process", func() bool {
		found, _ := filepath.Glob(filepath.Join(dir, "*/slaves/*/frameworks/*/executors/x/runs/latest/env"))
		if len(found) == 1 {
			text, _ = os.ReadFile(found[0])
		}
		return text != nil
	})
	env := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), "=")
		env[key] = value
	}
	api := url.URL{Scheme: "http", Host: env["MESOS_AGENT_ENDPOINT"], Path: "/api/v1/executor"}
	cli := httpcli.New(httpcli.Endpoint(api.String()), httpcli.Codec(codecs.ByMediaType[codecs.MediaTypeProtobuf]),
		httpcli.DefaultHeader("Authorization", "Bearer "+env["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"]))
	framework, id := execcalls.Framework(env["MESOS_FRAMEWORK_ID"]), execcalls.Executor(env["MESOS_EXECUTOR_ID"])
	x := &playedExecutor{t: t, send: execcalls.SenderWith(httpexec.NewSender(cli.Send), framework, id),
		stream: execcalls.SenderWith(httpexec.NewSender(cli.Send, httpcli.Close(true)), framework, id)}
	x.subscribe()
	x.await(executor.Event_LAUNCH)
	return x
}

// subscribe opens a connection, in the place of the one before, with updates that were not acknowledged.
func (x *playedExecutor) subscribe(updates ...executor.Call_Update) {
	x.t.Helper()
	x.close()
	ctx, cancel := context.WithTimeout(context.Background(), testkit.Patience)
	x.t.Cleanup(cancel)
	resp, err := x.stream.Send(ctx, execcalls.NonStreaming(execcalls.Subscribe(nil, updates)))
	if err != nil {
		x.t.Fatal(err)
	}
	x.resp = resp
	x.t.Cleanup(x.close)
}

func (x *playedExecutor) close() {
	if x.resp != nil {
		x.resp.Close()
	}
	x.resp = nil
}

func (x *playedExecutor) await(kind executor.Event_Type) *executor.Event {
	x.t.Helper()
	for {
		var e executor.Event
		if err := x.resp.Decode(&e); err != nil {
			x.t.Fatalf("waiting for %v: %v", kind, err)
		}
		if e.Type == kind {
			return &e
		}
	}
}

// finish sends the last update of task t.
func (x *playedExecutor) finish() executor.Call_Update {
	x.t.Helper()
	id := [16]byte{6: 0x40, 8: 0x80, 15: 1}
	st := mesos.TaskStatus{TaskID: mesos.TaskID{Value: "t"}, State: mesos.TASK_FINISHED.Enum(), UUID: id[:],
		Source: mesos.SOURCE_EXECUTOR.Enum(), Data: bytes.Repeat([]byte("points "), 2000)}
	resp, err := x.send.Send(context.Background(), execcalls.NonStreaming(execcalls.Update(st)))
	if err != nil {
		x.t.Fatal(err)
	}
	if resp != nil {
		resp.Close()
	}
	return executor.Call_Update{Status: st}
}

// An acknowledgement that was lost on its way to the executor comes again, also when the task is forgotten since the scheduler has its end.
func TestLostAcknowledgementComesAgain(t *testing.T) {
	dir := t.TempDir()
	s := start(t, embedded.Config{Agents: twoAgents()[:1], WorkDir: dir})
	sched := subscribeTo(t, s.Addr(), "")
	x := sched.play(t, dir)
	last := x.finish()
	sched.ack(sched.next(scheduler.Event_UPDATE).Update.Status)
	x.subscribe(last)
	if got := x.await(executor.Event_ACKNOWLEDGED).Acknowledged; !bytes.Equal(got.UUID, last.Status.UUID) {
		t.Errorf("acknowledged %v", got)
	}
}

// The agent answers for no update that it could not write down: the executor keeps it, and brings it again when there is room, to the next
// process, too.
func TestFullDiskAcknowledgesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("kaon-test", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "size=1m"); err != nil {
		t.Skipf("needs to mount file systems: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	s := start(t, embedded.Config{Agents: twoAgents()[:1], WorkDir: dir})
	sched := subscribeTo(t, s.Addr(), "")
	x := sched.play(t, dir)
	full := filepath.Join(dir, "of somebody else")
	f, err := os.Create(full)
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	f.Close()
	last := x.finish()
	for again := range 2 {
		for {
			var e executor.Event
			if err := x.resp.Decode(&e); err != nil {
				break
			}
			if e.Type == executor.Event_ACKNOWLEDGED {
				t.Fatalf("what was not written down was acknowledged, connection %d", again)
			}
		}
		x.subscribe(last)
	}
	x.close()
	s.Close()
	if err := os.Remove(full); err != nil {
		t.Fatal(err)
	}
	s = start(t, embedded.Config{Agents: twoAgents()[:1], WorkDir: dir})
	sched = subscribeTo(t, s.Addr(), sched.id)
	x.subscribe(last)
	if got := x.await(executor.Event_ACKNOWLEDGED).Acknowledged; !bytes.Equal(got.UUID, last.Status.UUID) {
		t.Errorf("acknowledged %v", got)
	}
	sched.call(calls.Reconcile(calls.ReconcileTasks(map[string]string{"t": ""})))
	if got := sched.terminal(); got.GetState() != mesos.TASK_FINISHED || len(got.Data) == 0 {
		t.Errorf("the task ended as %v %s with %d bytes", got.GetState(), got.GetMessage(), len(got.Data))
	}
}
