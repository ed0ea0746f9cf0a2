package embedded

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// story runs a script against a simulated cluster. Each command prints what schedulers hear because of it,
// one line an event: seconds since the start, the scheduler, the event. Offers and updates name agents by
// their hostnames.
type story struct {
	core    *Core
	begin   time.Time
	now     time.Time
	out     strings.Builder
	streams map[protocol.StreamID]string // to names of schedulers
	current map[string]protocol.StreamID
	ids     map[string]string // framework ids by scheduler
	offers  map[string]map[string]mesos.Offer
	unacked map[string]mesos.TaskStatus // by scheduler and task
	hosts   map[string]string
}

func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata/stories", func(t *testing.T, path string) {
		s := &story{begin: time.Unix(1_000_000, 0), streams: map[protocol.StreamID]string{},
			current: map[string]protocol.StreamID{}, ids: map[string]string{},
			offers: map[string]map[string]mesos.Offer{}, unacked: map[string]mesos.TaskStatus{}, hosts: map[string]string{}}
		s.now = s.begin
		s.core = NewCore(CoreConfig{Seed: 1, IP: "127.0.0.1", Behave: func(task *mesos.TaskInfo,
			_ protocol.AgentID) Script {
			d, _ := time.ParseDuration(string(task.Data))
			return Script{Duration: d}
		}}, s.now)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.out.Reset()
			s.run(t, d)
			s.settle()
			return s.out.String()
		})
	})
}

func (s *story) run(t *testing.T, d *datadriven.TestData) {
	arg := func(key string) (v string) { d.MaybeScanArgs(t, key, &v); return v }
	who := ""
	if len(d.CmdArgs) > 0 && len(d.CmdArgs[0].Vals) == 0 {
		who = d.CmdArgs[0].Key
	}
	call := func(c *scheduler.Call) {
		c.FrameworkID = &mesos.FrameworkID{Value: s.ids[who]}
		if a := s.core.Call(s.now, s.current[who], "", c); a.Status != 202 {
			fmt.Fprintf(&s.out, "%d %s\n", a.Status, a.Body)
		}
	}
	switch d.Cmd {
	case "agent":
		cpus, _ := strconv.ParseFloat(arg("cpus"), 64)
		s.core.AddAgent(s.now, AgentSpec{Name: who, Hostname: who, Resources: AgentConfig{CPUs: cpus}.Resources(),
			Simulated: true}, "", nil)
		s.hosts[string(s.core.AgentID(who))] = who
	case "subscribe":
		s.subscribe(who, arg("failover"))
	case "launch":
		call(s.accept(who, arg("on"), arg("task"), arg("cpus"), arg("for"), arg("refuse")))
	case "decline":
		refuse, _ := strconv.ParseFloat(arg("refuse"), 64)
		o := s.offers[who][arg("on")]
		call(&scheduler.Call{Type: scheduler.Call_DECLINE,
			Decline: &scheduler.Call_Decline{OfferIDs: []mesos.OfferID{o.ID},
				Filters: &mesos.Filters{RefuseSeconds: &refuse}}})
	case "ack":
		st := s.unacked[who+arg("task")]
		call(&scheduler.Call{Type: scheduler.Call_ACKNOWLEDGE,
			Acknowledge: &scheduler.Call_Acknowledge{AgentID: *st.AgentID, TaskID: st.TaskID, UUID: st.UUID}})
	case "kill":
		call(&scheduler.Call{Type: scheduler.Call_KILL,
			Kill: &scheduler.Call_Kill{TaskID: mesos.TaskID{Value: arg("task")}}})
	case "reconcile":
		call(&scheduler.Call{Type: scheduler.Call_RECONCILE,
			Reconcile: &scheduler.Call_Reconcile{Tasks: []scheduler.Call_Reconcile_Task{{TaskID: mesos.TaskID{Value: arg("task")}}}}})
	case "revive", "suppress", "teardown":
		kind := map[string]scheduler.Call_Type{"revive": scheduler.Call_REVIVE, "suppress": scheduler.Call_SUPPRESS,
			"teardown": scheduler.Call_TEARDOWN}[d.Cmd]
		call(&scheduler.Call{Type: kind})
	case "disconnect":
		s.core.StreamClosed(s.now, s.current[who])
	case "partition":
		s.core.Partition(s.now, who)
	case "heal":
		s.core.Heal(s.now, who)
	case "kill-master":
		s.core.KillMaster(s.now)
	case "start-master":
		s.core.StartMaster(s.now)
	case "advance":
		wait, err := time.ParseDuration(who)
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		s.advance(s.now.Add(wait))
	default:
		d.Fatalf(t, "unknown command")
	}
}

func (s *story) advance(end time.Time) {
	for s.settle(); ; s.settle() {
		next := s.core.Next()
		if next.IsZero() || next.After(end) {
			break
		}
		s.now = next
		s.core.Tick(next)
	}
	s.now = end
}

func (s *story) subscribe(who, failover string) {
	timeout := 3600.0
	if failover != "" {
		timeout, _ = strconv.ParseFloat(failover, 64)
	}
	checkpoint := true
	info := &mesos.FrameworkInfo{User: "u", Name: who, FailoverTimeout: &timeout, Checkpoint: &checkpoint,
		Capabilities: []mesos.FrameworkInfo_Capability{{Type: mesos.FrameworkInfo_Capability_PARTITION_AWARE}}}
	c := &scheduler.Call{Type: scheduler.Call_SUBSCRIBE,
		Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: info}}
	if id := s.ids[who]; id != "" {
		info.ID = &mesos.FrameworkID{Value: id}
		c.FrameworkID = info.ID
	}
	stream := protocol.StreamID(fmt.Sprint("stream", len(s.streams)))
	s.streams[stream], s.current[who], s.offers[who] = who, stream, map[string]mesos.Offer{}
	s.core.Call(s.now, stream, "", c)
}

func (s *story) accept(who, host, task, cpus, duration, refuse string) *scheduler.Call {
	o := s.offers[who][host]
	amount, _ := strconv.ParseFloat(cpus, 64)
	wait, _ := strconv.ParseFloat(refuse, 64)
	shell, value := false, "x"
	info := mesos.TaskInfo{Name: task, TaskID: mesos.TaskID{Value: task}, AgentID: o.AgentID,
		Data:      []byte(duration),
		Resources: AgentConfig{CPUs: amount}.Resources(), Command: &mesos.CommandInfo{Shell: &shell, Value: &value}}
	return &scheduler.Call{Type: scheduler.Call_ACCEPT, Accept: &scheduler.Call_Accept{
		OfferIDs: []mesos.OfferID{o.ID}, Filters: &mesos.Filters{RefuseSeconds: &wait},
		Operations: []mesos.Offer_Operation{{Type: mesos.Offer_Operation_LAUNCH,
			Launch: &mesos.Offer_Operation_Launch{TaskInfos: []mesos.TaskInfo{info}}}},
	}}
}

// settle prints what schedulers hear. Heartbeats are left out.
func (s *story) settle() {
	for _, e := range s.core.Take() {
		switch e := e.(type) {
		case protocol.SendEvent:
			s.hear(s.streams[e.Stream], e.Event)
		case protocol.CloseStream:
			s.print(s.streams[e.Stream], "stream ends")
		}
	}
}

func (s *story) print(who, format string, args ...any) {
	fmt.Fprintf(&s.out, "%6.1f %s: %s\n", s.now.Sub(s.begin).Seconds(), who, fmt.Sprintf(format, args...))
}

func (s *story) hear(who string, e *scheduler.Event) {
	switch e.Type {
	case scheduler.Event_HEARTBEAT:
	case scheduler.Event_SUBSCRIBED:
		s.ids[who] = e.Subscribed.FrameworkID.Value
		s.print(who, "subscribed")
	case scheduler.Event_OFFERS:
		for _, o := range e.Offers.Offers {
			s.offers[who][o.Hostname] = o
			s.print(who, "offer %s %s", o.Hostname, protocol.ParseResources(o.Resources).Text("*"))
		}
	case scheduler.Event_RESCIND:
		s.print(who, "rescind")
	case scheduler.Event_FAILURE:
		s.print(who, "failure of %s", s.hosts[e.Failure.GetAgentID().GetValue()])
	case scheduler.Event_ERROR:
		s.print(who, "error %s", e.Error.Message)
	case scheduler.Event_UPDATE:
		st := e.Update.Status
		if st.UUID != nil {
			s.unacked[who+st.TaskID.Value] = st
		}
		reason := ""
		if st.Reason != nil {
			reason = " " + st.Reason.String()
		}
		s.print(who, "%s %v%s", st.TaskID.Value, st.GetState(), reason)
	}
}
