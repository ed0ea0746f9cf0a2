package embedded_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/encoding/codecs"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli/httpsched"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/testkit"
)

// twoAgents is the cluster of the recordings.
func twoAgents() []embedded.AgentConfig {
	text := func(name, v string) embedded.Attribute { return embedded.Attribute{Name: name, Text: v} }
	return []embedded.AgentConfig{
		{Name: "a", Hostname: "host-a", CPUs: 4, MemoryMB: 4000, DiskMB: 20000, Ports: [2]uint64{31000, 31499},
			Attributes: []embedded.Attribute{text("rack", "r1"), text("zone", "a"), {Name: "gen", Number: 3}}},
		{Name: "b", Hostname: "host-b", CPUs: 2, MemoryMB: 2000, DiskMB: 10000, Ports: [2]uint64{32000, 32499},
			Attributes: []embedded.Attribute{text("rack", "r2"), text("zone", "b"), {Name: "gen", Number: 4}}},
	}
}

func start(t *testing.T, cfg embedded.Config) *embedded.Server {
	t.Helper()
	if cfg.WorkDir == "" {
		cfg.WorkDir = t.TempDir()
	}
	if testing.Verbose() {
		cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	s, err := embedded.Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.KillExecutors(5 * time.Second) // or what a recording left running would outlive the test
		s.Close()
	})
	return s
}

// mesos-go's own client, in protobuf, runs a command task from subscription to teardown.
func TestMesosGoClient(t *testing.T) {
	s := start(t, embedded.Config{Agents: twoAgents(),
		Timing: protocol.Timing{AllocationInterval: 20 * time.Millisecond},
		Auth:   map[string]string{"kaon": "s3cret"}})
	cli := httpsched.NewCaller(httpcli.New(
		httpcli.Endpoint("http://"+s.Addr()+"/api/v1/scheduler"),
		httpcli.Codec(codecs.ByMediaType[codecs.MediaTypeProtobuf]),
		httpcli.Do(httpcli.With(httpcli.BasicAuth("kaon", "s3cret"))),
	))
	ctx, cancel := context.WithTimeout(context.Background(), testkit.Patience)
	defer cancel()
	user := "nobody"
	resp, err := cli.Call(ctx, calls.Subscribe(&mesos.FrameworkInfo{User: user, Name: "client"}))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Close()
	var id string
	send := func(c *scheduler.Call) {
		t.Helper()
		c.FrameworkID = &mesos.FrameworkID{Value: id}
		r, err := cli.Call(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		if r != nil {
			r.Close()
		}
	}
	launched := false
	var states []mesos.TaskState
	for {
		var e scheduler.Event
		if err := resp.Decode(&e); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		switch e.Type {
		case scheduler.Event_SUBSCRIBED:
			id = e.Subscribed.FrameworkID.Value
		case scheduler.Event_OFFERS:
			if launched {
				continue
			}
			launched = true
			o := e.Offers.Offers[0]
			shell, command := true, "exit 3"
			send(calls.Accept(calls.OfferOperations{calls.OpLaunch(mesos.TaskInfo{
				Name: "t", TaskID: mesos.TaskID{Value: "t"}, AgentID: o.AgentID,
				Command: &mesos.CommandInfo{Shell: &shell, Value: &command}, Resources: o.Resources,
			})}.WithOffers(o.ID)))
		case scheduler.Event_UPDATE:
			st := e.Update.Status
			states = append(states, st.GetState())
			send(calls.Acknowledge(st.AgentID.Value, st.TaskID.Value, st.UUID))
			if st.GetState() == mesos.TASK_FAILED {
				send(&scheduler.Call{Type: scheduler.Call_TEARDOWN})
			}
		}
	}
	want := []mesos.TaskState{mesos.TASK_STARTING, mesos.TASK_RUNNING, mesos.TASK_FAILED}
	if len(states) != 3 || states[0] != want[0] || states[1] != want[1] || states[2] != want[2] {
		t.Fatalf("states %v, want %v", states, want)
	}
}
