package mesos_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/testkit"
)

// running is a driver under test.
type running struct {
	*mesos.Driver
	t      *testing.T
	events chan cluster.Event
	ended  chan error
	stop   context.CancelFunc
}

func start(t *testing.T, c mesos.Config) *running {
	t.Helper()
	if c.BackoffMin == 0 {
		c.BackoffMin, c.BackoffMax = time.Millisecond, 5*time.Millisecond
	}
	d, err := mesos.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{Driver: d, t: t, events: make(chan cluster.Event, 100), ended: make(chan error, 1), stop: stop}
	go func() {
		r.ended <- d.Run(ctx, func(evs ...cluster.Event) {
			for _, e := range evs {
				r.events <- e
			}
		})
	}()
	t.Cleanup(func() {
		stop()
		select {
		case <-r.ended:
		case <-time.After(testkit.Patience):
			t.Error("Run did not end with its context")
		}
	})
	return r
}

// next returns the next event, which must be an E.
func next[E cluster.Event](r *running) E {
	r.t.Helper()
	select {
	case e := <-r.events:
		if e, ok := e.(E); ok {
			return e
		}
		r.t.Fatalf("got %#v, want a %T", e, *new(E))
	case <-time.After(testkit.Patience):
		r.t.Fatalf("no event, want a %T", *new(E))
	}
	panic("unreachable")
}

func (r *running) result() error {
	r.t.Helper()
	select {
	case err := <-r.ended:
		r.ended <- err
		return err
	case <-time.After(testkit.Patience):
		r.t.Fatal("Run did not end")
		return nil
	}
}

func call(t *testing.T, m *fakeMaster) *api.Call {
	t.Helper()
	select {
	case c := <-m.calls:
		return c
	case <-time.After(testkit.Patience):
		t.Fatal("no call arrived")
		return nil
	}
}

func TestSubscribeOfferAcceptAcknowledge(t *testing.T) {
	m := newMaster(t, false, nil)
	r := start(t, mesos.Config{Masters: []string{m.address()}, Name: "test", Roles: []string{"research"}})
	if s := next[cluster.Subscribed](r); s.Framework != "fw-1" || s.Again {
		t.Fatalf("got %+v", s)
	}
	role := "research"
	cpus := mesosapi.Resource{Name: "cpus", Type: mesosapi.SCALAR.Enum(), Role: &role,
		Scalar:         &mesosapi.Value_Scalar{Value: 4},
		AllocationInfo: &mesosapi.Resource_AllocationInfo{Role: &role}}
	m.say(&api.Event{Type: api.Event_OFFERS, Offers: &api.Event_Offers{Offers: []mesosapi.Offer{{
		ID: mesosapi.OfferID{Value: "o1"}, AgentID: mesosapi.AgentID{Value: "a1"}, Hostname: "host-a",
		AllocationInfo: &mesosapi.Resource_AllocationInfo{Role: &role},
		Resources:      []mesosapi.Resource{cpus}}}}})
	o := next[cluster.Offered](r).Offers[0]
	if o.ID != "o1" || o.Agent != "a1" || o.Role != "research" || o.Amounts[0].Scalar != 4*resource.Unit ||
		o.Amounts[0].Reservation != "research" {
		t.Fatalf("got %+v", o)
	}

	share := o.Amounts[0]
	share.Scalar = 100
	err := r.Send(t.Context(), cluster.Accept{Agent: o.Agent, Offers: []offers.OfferID{o.ID},
		Refuse: 2 * time.Second,
		Tasks: []cluster.TaskInfo{{ID: "s.1.0", Name: "s", Resources: []offers.Amount{share}, Data: []byte("order"),
			Executor: cluster.ExecutorInfo{ID: "ex", Argv: []string{"/bin/kaon", "executor"}, Env: []string{"A=b=c"},
				URIs:      []cluster.URI{{Value: "http://x/kaon", Executable: true, Cache: true, OutputFile: "kaon"}},
				Resources: []offers.Amount{{Name: "mem", Scalar: 32 * resource.Unit}}}}}})
	if err != nil {
		t.Fatal(err)
	}
	a := call(t, m)
	task := a.Accept.Operations[0].Launch.TaskInfos[0]
	ex := task.Executor
	switch {
	case a.FrameworkID.Value != "fw-1", *a.Accept.Filters.RefuseSeconds != 2, a.Accept.OfferIDs[0].Value != "o1",
		task.AgentID.Value != "a1", string(task.Data) != "order",
		task.Resources[0].Scalar.Value != 0.1, *task.Resources[0].Role != "research", *task.Resources[0].AllocationInfo.Role != "research",
		ex.Type != mesosapi.ExecutorInfo_CUSTOM, ex.FrameworkID.Value != "fw-1", *ex.Command.Shell, *ex.Command.Value != "/bin/kaon",
		len(ex.Command.Arguments) != 2, *ex.Command.Environment.Variables[0].Value != "b=c",
		*ex.Command.URIs[0].Extract, !*ex.Command.URIs[0].Cache, *ex.Command.URIs[0].OutputFile != "kaon",
		*ex.Resources[0].AllocationInfo.Role != "research", ex.Resources[0].Role != nil:
		t.Fatalf("got %v", a)
	}

	state, ts := mesosapi.TASK_RUNNING, 1795401704.473467
	m.say(&api.Event{Type: api.Event_UPDATE, Update: &api.Event_Update{Status: mesosapi.TaskStatus{
		TaskID: mesosapi.TaskID{Value: "s.1.0"}, State: &state, UUID: []byte("0123456789abcdef"),
		Data:    []byte("report"),
		AgentID: &mesosapi.AgentID{Value: "a1"}, Source: mesosapi.SOURCE_EXECUTOR.Enum(), Timestamp: &ts}}})
	u := next[cluster.Updated](r).Status
	if u.Task != "s.1.0" || u.State != cluster.Running || u.Source != "SOURCE_EXECUTOR" || u.Reason != "" ||
		string(u.Data) != "report" || u.Time.UnixMicro() != 1795401704473467 {
		t.Fatalf("got %+v", u)
	}
	if err := r.Send(t.Context(), cluster.Acknowledge{Task: u.Task, Agent: u.Agent, UUID: u.UUID}); err != nil {
		t.Fatal(err)
	}
	if k := call(t, m); k.Type != api.Call_ACKNOWLEDGE || string(k.Acknowledge.UUID) != "0123456789abcdef" ||
		k.Acknowledge.AgentID.Value != "a1" {
		t.Fatalf("got %v", k)
	}
}

func TestBrokenStreamIsSubscribedAgain(t *testing.T) {
	m := newMaster(t, false, nil)
	r := start(t, mesos.Config{Masters: []string{m.address()}})
	next[cluster.Subscribed](r)
	m.cut()
	if d := next[cluster.Disconnected](r); d.Err == nil {
		t.Fatal("no reason given")
	}
	if s := next[cluster.Subscribed](r); !s.Again || s.Framework != "fw-1" {
		t.Fatalf("got %+v", s)
	}
	second := m.subscribes()[1]
	if second.FrameworkID.GetValue() != "fw-1" || second.Subscribe.FrameworkInfo.ID.GetValue() != "fw-1" {
		t.Fatalf("subscribed again as %v", second)
	}
}

func TestSendBeforeSubscription(t *testing.T) {
	d, err := mesos.New(mesos.Config{Masters: []string{"127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Send(t.Context(), cluster.Revive{}); !errors.Is(err, mesos.ErrDisconnected) {
		t.Fatalf("got %v", err)
	}
}

func TestErrorEventEndsRun(t *testing.T) {
	m := newMaster(t, false, nil)
	r := start(t, mesos.Config{Masters: []string{m.address()}})
	next[cluster.Subscribed](r)
	m.say(&api.Event{Type: api.Event_ERROR, Error: &api.Event_Error{Message: "Framework has been removed"}})
	next[cluster.Disconnected](r)
	next[cluster.Rejected](r)
	var event *mesos.FrameworkError
	if err := r.result(); !errors.As(err, &event) || event.Text != "Framework has been removed" {
		t.Fatalf("got %v", err)
	}
}

func TestCallThatIsRefusedEndsTheSubscription(t *testing.T) {
	m := newMaster(t, false, func(w http.ResponseWriter, _ *http.Request, c *api.Call) bool {
		if c.Type == api.Call_REVIVE {
			http.Error(w, "The stream ID 'x' included in this request didn't match", http.StatusBadRequest)
		}
		return c.Type == api.Call_REVIVE
	})
	r := start(t, mesos.Config{Masters: []string{m.address()}})
	next[cluster.Subscribed](r)
	var status *mesos.StatusError
	if err := r.Send(t.Context(), cluster.Revive{}); !errors.As(err, &status) || status.Code != 400 ||
		status.Call != "REVIVE" {
		t.Fatalf("got %v", err)
	}
	next[cluster.Disconnected](r)
	next[cluster.Subscribed](r)
}

// What cannot be encoded has not left: nothing is known of the connection by it.
func TestCallThatCannotBeEncodedEndsNothing(t *testing.T) {
	m := newMaster(t, false, nil)
	r := start(t, mesos.Config{Masters: []string{m.address()}})
	next[cluster.Subscribed](r)
	if err := r.Send(t.Context(), cluster.Acknowledge{Task: "s.0.1", Agent: "a"}); err == nil || !strings.Contains(err.Error(), "encode ACKNOWLEDGE") {
		t.Fatalf("got %v", err)
	}
	if err := r.Send(t.Context(), cluster.Message{Agent: "a", Executor: "e"}); err != nil { // with nothing in it
		t.Fatal(err)
	}
	if c := call(t, m); c.Type != api.Call_MESSAGE || len(m.subscribes()) != 1 {
		t.Fatalf("got %v, after %d subscriptions", c, len(m.subscribes()))
	}
}

// A framework that was removed while nobody was there goes on as a new one; only what comes of Subscribed
// tells.
func TestRemovedFrameworkGoesOnAsANewOne(t *testing.T) {
	m := newMaster(t, false, func(w http.ResponseWriter, _ *http.Request, c *api.Call) bool {
		if c.Type != api.Call_SUBSCRIBE || c.FrameworkID.GetValue() != "fw-old" {
			return false
		}
		w.Header().Set("Mesos-Stream-Id", streamID) // as the recording "failover" has it
		_, _ = w.Write(event(&api.Event{Type: api.Event_ERROR,
			Error: &api.Event_Error{Message: "Framework has been removed"}}))
		return true
	})
	r := start(t, mesos.Config{Masters: []string{m.address()}, FrameworkID: "fw-old"})
	if s := next[cluster.Subscribed](r); s.Framework != "fw-1" {
		t.Fatalf("got %+v", s)
	}
	if first := m.subscribes()[0]; first.Subscribe.FrameworkInfo.ID != nil {
		t.Errorf("the new framework calls itself %v", first.Subscribe.FrameworkInfo.ID)
	}
}

// A master that does not let a principal register with its roles says so by an ERROR, not by a status.
func TestRolesThatAreNotAllowed(t *testing.T) {
	m := newMaster(t, false, nil)
	r := start(t, mesos.Config{Masters: []string{m.address()}})
	next[cluster.Subscribed](r)
	m.say(&api.Event{Type: api.Event_ERROR, Error: &api.Event_Error{Message: "Not authorized to register framework  with roles { * }"}})
	next[cluster.Disconnected](r)
	if e := next[cluster.Rejected](r); !strings.Contains(e.Err.Error(), "?role=ROLE") {
		t.Errorf("no remedy in %v", e.Err)
	}
	_ = r.result()
}
