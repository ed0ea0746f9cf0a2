package embedded_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/encoding/codecs"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli"
	"github.com/mesos/mesos-go/api/v1/lib/httpcli/httpsched"
	operator "github.com/mesos/mesos-go/api/v1/lib/master"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// framework is a scheduler that speaks protobuf, with mesos-go's client.
type framework struct {
	t      *testing.T
	cli    calls.Caller
	events chan *scheduler.Event
	id     string
}

func subscribe(t *testing.T, s *embedded.Server, id string) *framework {
	t.Helper()
	f := &framework{t: t, id: id, events: make(chan *scheduler.Event, 1000), cli: httpsched.NewCaller(httpcli.New(
		httpcli.Endpoint("http://"+s.Addr()+"/api/v1/scheduler"),
		httpcli.Codec(codecs.ByMediaType[codecs.MediaTypeProtobuf]),
	))}
	ctx, cancel := context.WithCancel(context.Background())
	hour := 3600.0
	info := &mesos.FrameworkInfo{User: "nobody", Name: "client", FailoverTimeout: &hour, Checkpoint: new(bool)}
	*info.Checkpoint = true
	if id != "" {
		info.ID = &mesos.FrameworkID{Value: id}
	}
	subscribe := calls.Subscribe(info)
	subscribe.FrameworkID = info.ID
	resp, err := f.cli.Call(ctx, subscribe)
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for {
			e := &scheduler.Event{}
			if resp.Decode(e) != nil {
				return
			}
			if e.Type != scheduler.Event_HEARTBEAT {
				f.events <- e
			}
		}
	}()
	t.Cleanup(func() { cancel(); resp.Close(); <-read })
	f.id = f.next(scheduler.Event_SUBSCRIBED).Subscribed.FrameworkID.Value
	return f
}

// next is the next event, which is to be of a type.
func (f *framework) next(want scheduler.Event_Type) *scheduler.Event {
	f.t.Helper()
	select {
	case e := <-f.events:
		if e.Type != want {
			f.t.Fatalf("%v comes where %v is expected: %v", e.Type, want, e)
		}
		return e
	case <-time.After(20 * time.Second):
		f.t.Fatalf("no %v comes", want)
		return nil
	}
}

// await passes over events until one of a type.
func (f *framework) await(want scheduler.Event_Type) *scheduler.Event {
	f.t.Helper()
	for deadline := time.After(20 * time.Second); ; {
		select {
		case e := <-f.events:
			if e.Type == want {
				return e
			}
		case <-deadline:
			f.t.Fatalf("no %v comes", want)
		}
	}
}

func (f *framework) send(c *scheduler.Call) {
	f.t.Helper()
	c.FrameworkID = &mesos.FrameworkID{Value: f.id}
	r, err := f.cli.Call(context.Background(), c)
	if err != nil {
		f.t.Fatal(err)
	}
	if r != nil {
		r.Close()
	}
}

// operate posts a call to the operator API in JSON, as people do with curl.
func operate(t *testing.T, s *embedded.Server, body string, header ...string) (int, string) {
	t.Helper()
	resp := post(t, "http://"+s.Addr()+"/api/v1", "", body, header...)
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// window is a schedule of one window of one machine.
func window(machine string, start, duration time.Duration) string {
	return fmt.Sprintf(`{"type":"UPDATE_MAINTENANCE_SCHEDULE","update_maintenance_schedule":{"schedule":{"windows":[{"machine_ids":[%s],`+
		`"unavailability":{"start":{"nanoseconds":%d},"duration":{"nanoseconds":%d}}}]}}}`, machine, start, duration)
}

const (
	hostA      = `{"hostname":"Host-A","ip":"127.0.0.1"}` // hostnames are compared in any case
	noSchedule = `{"type":"UPDATE_MAINTENANCE_SCHEDULE","update_maintenance_schedule":{"schedule":{"windows":[]}}}`
	getStatus  = `{"type":"GET_MAINTENANCE_STATUS"}`
)

// A maintenance schedule is told as Mesos tells it: all offers are rescinded and made again, of the agent with when it is to be away, who
// has something there is asked for it, and what is answered is kept for the operator, until the schedule changes.
func TestMaintenanceSchedule(t *testing.T) {
	s := start(t, embedded.Config{Agents: twoAgents(), Timing: protocol.Timing{AllocationInterval: 20 * time.Millisecond}})
	f := subscribe(t, s, "")
	byHost := map[string]mesos.Offer{}
	for len(byHost) < 2 {
		for _, o := range f.next(scheduler.Event_OFFERS).Offers.Offers {
			if byHost[o.Hostname] = o; o.Unavailability != nil {
				t.Errorf("%s is offered with %v", o.Hostname, o.Unavailability)
			}
		}
	}
	begin := time.Duration(time.Now().Add(time.Hour).UnixNano())
	if status, text := operate(t, s, window(hostA, begin, time.Minute)); status != http.StatusOK || text != "" {
		t.Fatalf("%d %q", status, text)
	}
	for _, host := range []string{"host-a", "host-b"} { // the schedule does not speak of host-b, which Mesos does not ask
		if e := f.next(scheduler.Event_RESCIND); e.Rescind.OfferID != byHost[host].ID {
			t.Errorf("%v is rescinded, want the offer of %s", e.Rescind, host)
		}
	}
	again := f.next(scheduler.Event_OFFERS).Offers.Offers
	slices.SortFunc(again, func(a, b mesos.Offer) int { return strings.Compare(a.Hostname, b.Hostname) })
	if len(again) != 2 || again[0].Hostname != "host-a" || again[0].Unavailability.GetStart().Nanoseconds != int64(begin) ||
		again[0].Unavailability.GetDuration().GetNanoseconds() != int64(time.Minute) || again[1].Unavailability != nil {
		t.Fatalf("offered again: %v", again)
	}
	asked := f.next(scheduler.Event_INVERSE_OFFERS).InverseOffers.InverseOffers
	if len(asked) != 1 || *asked[0].AgentID != again[0].AgentID || asked[0].FrameworkID.Value != f.id || len(asked[0].Resources) > 0 ||
		asked[0].Unavailability.Start.Nanoseconds != int64(begin) || asked[0].URL == nil || asked[0].OfferID == again[0].ID {
		t.Fatalf("asked for: %v", asked)
	}
	if _, text := operate(t, s, getStatus); text !=
		`{"type":"GET_MAINTENANCE_STATUS","get_maintenance_status":{"status":{"draining_machines":[{"id":{"hostname":"Host-A","ip":"127.0.0.1"}}]}}}` {
		t.Errorf("status before an answer: %s", text)
	}
	answer := func(accept bool, id mesos.OfferID, refuse float64) {
		t.Helper()
		filters := &mesos.Filters{RefuseSeconds: &refuse}
		if accept {
			f.send(&scheduler.Call{Type: scheduler.Call_ACCEPT_INVERSE_OFFERS,
				AcceptInverseOffers: &scheduler.Call_AcceptInverseOffers{InverseOfferIDs: []mesos.OfferID{id}, Filters: filters}})
			return
		}
		f.send(&scheduler.Call{Type: scheduler.Call_DECLINE_INVERSE_OFFERS,
			DeclineInverseOffers: &scheduler.Call_DeclineInverseOffers{InverseOfferIDs: []mesos.OfferID{id, {Value: "unknown"}}, Filters: filters}})
	}
	answered := func(want string) {
		t.Helper()
		if _, text := operate(t, s, getStatus); !strings.Contains(text, `"statuses":[{"status":"`+want+`","framework_id":{"value":"`+f.id+`"},"timestamp":{"nanoseconds":`) {
			t.Errorf("status: %s, want %s", text, want)
		}
	}
	// Whatever is answered, it is asked again after the filter.
	answer(false, asked[0].OfferID, 0)
	answered("DECLINE")
	next := f.next(scheduler.Event_INVERSE_OFFERS).InverseOffers.InverseOffers[0]
	answer(true, next.OfferID, 0.05)
	answered("ACCEPT")
	next = f.next(scheduler.Event_INVERSE_OFFERS).InverseOffers.InverseOffers[0]
	answered("ACCEPT")

	// What is offered of an agent does not matter, but that something is used there.
	shell, command := true, "sleep 1000"
	f.send(calls.Accept(calls.OfferOperations{calls.OpLaunch(mesos.TaskInfo{
		Name: "t", TaskID: mesos.TaskID{Value: "t"}, AgentID: again[0].AgentID,
		Command: &mesos.CommandInfo{Shell: &shell, Value: &command}, Resources: again[0].Resources,
	})}.WithOffers(again[0].ID)))
	f.await(scheduler.Event_UPDATE)

	// A schedule that changes begins anew, and one that is taken back takes everything back.
	if status, text := operate(t, s, window(hostA, begin+1, time.Minute)); status != http.StatusOK {
		t.Fatalf("%d %q", status, text)
	}
	if e := f.await(scheduler.Event_RESCIND_INVERSE_OFFER); e.RescindInverseOffer.InverseOfferID != next.OfferID {
		t.Errorf("%v is rescinded, want %v", e.RescindInverseOffer, next.OfferID)
	}
	next = f.await(scheduler.Event_INVERSE_OFFERS).InverseOffers.InverseOffers[0]
	if next.Unavailability.Start.Nanoseconds != int64(begin+1) {
		t.Errorf("asked anew for %v", next.Unavailability)
	}
	if _, text := operate(t, s, getStatus); strings.Contains(text, "statuses") {
		t.Errorf("answers to another schedule are shown: %s", text)
	}
	answer(true, next.OfferID, 1000)

	// The schedule outlives the master, and a scheduler that comes again is asked again.
	s.KillMaster()
	s.StartMaster()
	f = subscribe(t, s, f.id)
	next = f.await(scheduler.Event_INVERSE_OFFERS).InverseOffers.InverseOffers[0]
	if next.Unavailability.Start.Nanoseconds != int64(begin+1) {
		t.Errorf("after a master's death asked for %v", next.Unavailability)
	}
	if _, text := operate(t, s, noSchedule); text != "" {
		t.Errorf("%q", text)
	}
	if e := f.await(scheduler.Event_RESCIND_INVERSE_OFFER); e.RescindInverseOffer.InverseOfferID != next.OfferID {
		t.Errorf("%v is rescinded, want %v", e.RescindInverseOffer, next.OfferID)
	}
	if _, text := operate(t, s, `{"type":"GET_MAINTENANCE_SCHEDULE"}`); text != `{"type":"GET_MAINTENANCE_SCHEDULE","get_maintenance_schedule":{"schedule":{}}}` {
		t.Errorf("schedule: %s", text)
	}
}

// The same in protobuf.
func TestMaintenanceScheduleInProtobuf(t *testing.T) {
	s := start(t, embedded.Config{Agents: twoAgents()})
	ask := func(c *operator.Call) *operator.Response {
		t.Helper()
		body, err := c.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		resp := post(t, "http://"+s.Addr()+"/api/v1", "application/x-protobuf", string(body), "Content-Type", "application/x-protobuf")
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%v: %d %q %v", c.Type, resp.StatusCode, text, err)
		}
		var out operator.Response
		if len(text) > 0 && out.Unmarshal(text) != nil {
			t.Fatalf("%q", text)
		}
		return &out
	}
	var update operator.Call
	if err := json.Unmarshal([]byte(window(hostA, 5, 7)), &update); err != nil {
		t.Fatal(err)
	}
	ask(&update)
	got := ask(&operator.Call{Type: operator.Call_GET_MAINTENANCE_SCHEDULE})
	if !got.GetGetMaintenanceSchedule().Schedule.Equal(update.UpdateMaintenanceSchedule.Schedule) {
		t.Errorf("%v", got)
	}
}

func TestBadMaintenanceSchedules(t *testing.T) {
	s := start(t, embedded.Config{Agents: twoAgents(), Auth: map[string]string{"ops": "s3cret"}})
	if status, _ := operate(t, s, noSchedule); status != http.StatusUnauthorized {
		t.Errorf("a stranger gets %d", status)
	}
	ops := []string{"Authorization", "Basic b3BzOnMzY3JldA=="}
	for body, want := range map[string]string{
		`{}`:                                     "Expecting 'type' to be present",
		`{"type":"UPDATE_MAINTENANCE_SCHEDULE"}`: "Expecting 'update_maintenance_schedule' to be present",
		window(``, 1, 1):                         "List of machines in the maintenance window is empty",
		window(`{}`, 1, 1):                       "Both 'hostname' and 'ip' for a machine are empty",
		window(`{"ip":"10.0.0.256"}`, 1, 1):      "Failed to parse the IP",
		window(hostA, 1, -1):                     "Unavailability 'duration' is negative",
		window(hostA, 0, 1):                      "Missing required fields",
		window(hostA+`,{"hostname":"host-a","ip":"127.0.0.1"}`, 1, 1): `Machine '{"hostname":"host-a","ip":"127.0.0.1"}' appears more than once in the schedule`,
	} {
		if status, text := operate(t, s, body, ops...); status != http.StatusBadRequest || !strings.Contains(text, want) {
			t.Errorf("%s: %d %q, want %q", body, status, text, want)
		}
	}
	if status, text := operate(t, s, `{"type":"GET_STATE"}`, ops...); status != http.StatusNotImplemented {
		t.Errorf("GET_STATE: %d %q", status, text)
	}
	if status, text := operate(t, s, `{"type":"GET_MAINTENANCE_SCHEDULE"}`, ops...); status != http.StatusOK || strings.Contains(text, "windows") {
		t.Errorf("what was refused is in force: %d %q", status, text)
	}
	if status, _ := operate(t, s, window(hostA, 1, 1), ops...); status != http.StatusOK {
		t.Errorf("one that is long over: %d", status)
	}
}
