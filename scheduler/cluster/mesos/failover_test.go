package mesos_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/testkit"
)

// nobody is an address that refuses connections.
func nobody(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(t))
}

func redirectTo(location string) func(http.ResponseWriter, *http.Request, *api.Call) bool {
	return func(w http.ResponseWriter, _ *http.Request, _ *api.Call) bool {
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusTemporaryRedirect)
		return true
	}
}

func TestLeaderIsFoundByRedirect(t *testing.T) {
	leader := newMaster(t, false, nil)
	follower := newMaster(t, false, redirectTo("//"+leader.address()+"/api/v1/scheduler"))
	r := start(t, mesos.Config{Masters: []string{nobody(t), follower.address()}})
	next[cluster.Subscribed](r)
	if err := r.Send(t.Context(), cluster.Revive{}); err != nil {
		t.Fatal(err)
	}
	if c := call(t, leader); c.Type != api.Call_REVIVE {
		t.Fatalf("got %v", c)
	}
}

func TestLeaderDiesAndTheNextOneTakesOver(t *testing.T) {
	var leads atomic.Bool // the second master
	first := newMaster(t, false, nil)
	second := newMaster(t, false, func(w http.ResponseWriter, r *http.Request, c *api.Call) bool {
		if leads.Load() {
			return false
		}
		return redirectTo("//"+first.address())(w, r, c)
	})
	r := start(t, mesos.Config{Masters: []string{second.address(), first.address()}})
	next[cluster.Subscribed](r)
	leads.Store(true)
	first.cut()
	first.Close()
	next[cluster.Disconnected](r)
	if s := next[cluster.Subscribed](r); !s.Again || s.Framework != "fw-1" {
		t.Fatalf("got %+v", s)
	}
	if err := r.Send(t.Context(), cluster.Suppress{}); err != nil {
		t.Fatal(err)
	}
	call(t, second)
}

func TestMastersThatDisagreeAreNotAskedInATightLoop(t *testing.T) {
	var asked atomic.Int32
	var a, b *fakeMaster
	to := func(m **fakeMaster) func(http.ResponseWriter, *http.Request, *api.Call) bool {
		return func(w http.ResponseWriter, r *http.Request, c *api.Call) bool {
			asked.Add(1)
			return redirectTo("//"+(*m).address())(w, r, c)
		}
	}
	a = newMaster(t, false, to(&b))
	b = newMaster(t, false, to(&a))
	r := start(t, mesos.Config{Masters: []string{a.address()}, FirstTimeout: 3 * time.Second,
		BackoffMin: 100 * time.Millisecond, BackoffMax: 100 * time.Millisecond})
	if err := r.result(); !errors.Is(err, mesos.ErrUnreachable) {
		t.Fatalf("got %v", err)
	}
	if n := asked.Load(); n < 2 || n > 900 {
		t.Fatalf("asked %d times in three seconds", n)
	}
}

func TestNobodyThere(t *testing.T) {
	r := start(t, mesos.Config{Masters: []string{nobody(t)}, FirstTimeout: 5 * time.Second})
	err := r.result()
	if !errors.Is(err, mesos.ErrUnreachable) || !strings.Contains(err.Error(), "connection refused") {
		t.Fatalf("got %v", err)
	}
}

// The ports people take for the master's: an agent's, a web server's, one that speaks no HTTP. It is said at
// once, not after the patience for masters that are down.
func TestPortsThatAreNoMasters(t *testing.T) {
	page := func(code int, text string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			fmt.Fprint(w, text)
		}))
		t.Cleanup(s.Close)
		return s.Listener.Addr().String()
	}
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mute.Close() })
	go func() {
		for {
			c, err := mute.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "SSH-2.0-OpenSSH_9.2\r\n")
			c.Close()
		}
	}()
	for name, address := range map[string]string{
		"agent":       page(http.StatusBadRequest, "Failed to parse body into Call protobuf"),
		"web server":  page(http.StatusNotFound, "404 page not found"),
		"file server": page(http.StatusMethodNotAllowed, ""),
		"yes to all":  page(http.StatusOK, "<html>welcome</html>"),
		"ssh":         mute.Addr().String(),
	} {
		err := start(t, mesos.Config{Masters: []string{address}, FirstTimeout: testkit.Patience}).result()
		var other *mesos.NotMasterError
		if !errors.As(err, &other) || !strings.Contains(err.Error(), address+" is not a Mesos master") ||
			!strings.Contains(err.Error(), "5051 is an agent's") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Of several addresses one may be wrong, or a master's that is just starting.
func TestOneAddressIsNoMasters(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	m := newMaster(t, false, func(http.ResponseWriter, *http.Request, *api.Call) bool { return false })
	next[cluster.Subscribed](start(t, mesos.Config{Masters: []string{other.Listener.Addr().String(), m.address()}}))
	err := start(t, mesos.Config{Masters: []string{other.Listener.Addr().String(), nobody(t)}, FirstTimeout: 100 * time.Millisecond}).result()
	if !errors.Is(err, mesos.ErrUnreachable) {
		t.Errorf("of a stranger and nobody: %v", err)
	}
}

// Who may not subscribe any more does not: it would end the process that has subscribed since.
func TestFencedOff(t *testing.T) {
	var asked atomic.Int32
	m := newMaster(t, false, func(w http.ResponseWriter, _ *http.Request, _ *api.Call) bool {
		asked.Add(1)
		http.Error(w, "Master has not finished recovery", http.StatusServiceUnavailable)
		return true
	})
	over := errors.New("another one has it")
	err := start(t, mesos.Config{Masters: []string{m.address()}, Fence: func() error {
		if asked.Load() > 1 {
			return over
		}
		return nil
	}}).result()
	if !errors.Is(err, over) || asked.Load() != 2 {
		t.Errorf("asked %d times, then %v", asked.Load(), err)
	}
}

func TestMasterThatIsNotReadyIsAskedAgain(t *testing.T) {
	var asked atomic.Int32
	m := newMaster(t, false, func(w http.ResponseWriter, _ *http.Request, _ *api.Call) bool {
		if asked.Add(1) > 3 {
			return false
		}
		http.Error(w, "Master has not finished recovery", http.StatusServiceUnavailable)
		return true
	})
	r := start(t, mesos.Config{Masters: []string{m.address()}})
	next[cluster.Subscribed](r)
}

func TestAuthentication(t *testing.T) {
	secured := func(w http.ResponseWriter, r *http.Request, _ *api.Call) bool {
		if user, secret, ok := r.BasicAuth(); ok && user == "kaon" && secret == "s@cret" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="mesos-master-scheduler"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	m := newMaster(t, false, secured)
	r := start(t, mesos.Config{Masters: []string{m.address()}, Principal: "kaon", Secret: "s@cret"})
	next[cluster.Subscribed](r)
	if err := r.Send(t.Context(), cluster.Revive{}); err != nil {
		t.Fatal(err)
	}
	if p := m.subscribes()[0].Subscribe.FrameworkInfo.GetPrincipal(); p != "kaon" {
		t.Fatalf("subscribed with principal %q", p)
	}
	wrong := start(t, mesos.Config{Masters: []string{m.address()}, Principal: "kaon", Secret: "no"})
	next[cluster.Rejected](wrong)
	var status *mesos.StatusError
	if err := wrong.result(); !errors.As(err, &status) || status.Code != 401 ||
		!strings.Contains(err.Error(), "check principal and secret") {
		t.Fatalf("got %v", err)
	}
}

func TestTLS(t *testing.T) {
	m := newMaster(t, true, nil)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.Certificate().Raw}),
		0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []mesos.TLS{{Enabled: true, CA: ca}, {Enabled: true, Insecure: true}} {
		r := start(t, mesos.Config{Masters: []string{m.address()}, TLS: c})
		next[cluster.Subscribed](r)
		if err := r.Send(t.Context(), cluster.Revive{}); err != nil {
			t.Fatal(err)
		}
	}
	for timeout := time.Second; ; timeout *= 4 { // a busy machine may not have come to the certificate in the first
		err := start(t, mesos.Config{Masters: []string{m.address()}, TLS: mesos.TLS{Enabled: true}, FirstTimeout: timeout}).result()
		if errors.Is(err, mesos.ErrUnreachable) && strings.Contains(err.Error(), "certificate") {
			break
		}
		if !errors.Is(err, mesos.ErrUnreachable) || timeout > testkit.Patience {
			t.Fatalf("got %v", err)
		}
	}
	for _, c := range []mesos.TLS{{Enabled: true, CA: "/no/such/file"}, {Enabled: true, CA: "/dev/null"},
		{Enabled: true, Cert: "x"}, {Enabled: true, Cert: "/dev/null", Key: "/dev/null"}} {
		if _, err := mesos.New(mesos.Config{Masters: []string{"a:1"}, TLS: c}); err == nil {
			t.Errorf("%+v taken", c)
		}
	}
}

func TestSilentMasterIsLeft(t *testing.T) {
	m := newMaster(t, false, nil)
	m.interval(0.02)
	r := start(t, mesos.Config{Masters: []string{m.address()}, Heartbeats: 3})
	next[cluster.Subscribed](r)
	d := next[cluster.Disconnected](r)
	if !strings.Contains(d.Err.Error(), "heartbeats") {
		t.Fatalf("got %v", d.Err)
	}
	next[cluster.Subscribed](r)
}

// A loop that takes its time is no silence of the master's.
func TestSlowDeliveryKeepsTheSubscription(t *testing.T) {
	m := newMaster(t, false, nil)
	m.interval(0.5)
	d, err := mesos.New(mesos.Config{Masters: []string{m.address()}, Heartbeats: 4})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	messages := 0
	err = d.Run(ctx, func(evs ...cluster.Event) {
		if len(evs) > 1 {
			t.Errorf("%d events at once", len(evs))
		}
		switch evs[0].(type) {
		case cluster.Subscribed:
			m.say(said("x"))
		case cluster.ExecutorMessage:
			if messages++; messages == 3 {
				stop()
			}
			<-time.After(3 * time.Second)
			m.say(said("x"))
		case cluster.Disconnected:
			if ctx.Err() == nil {
				t.Error("the subscription was given up")
			}
		}
	})
	if err != nil || messages != 3 {
		t.Fatalf("got %d messages, %v", messages, err)
	}
}

func TestGarbageOnTheStreamEndsTheSession(t *testing.T) {
	m := newMaster(t, false, nil)
	r := start(t, mesos.Config{Masters: []string{m.address()}})
	for _, garbage := range []string{"hello", "99999999999\n", "3\nabc"} {
		next[cluster.Subscribed](r)
		m.raw([]byte(garbage + "\n\n"))
		next[cluster.Disconnected](r)
	}
	next[cluster.Subscribed](r)
}

func TestTeardownEndsRun(t *testing.T) {
	var m *fakeMaster
	m = newMaster(t, false, func(w http.ResponseWriter, _ *http.Request, c *api.Call) bool {
		if c.Type == api.Call_TEARDOWN {
			m.cut() // a real master ends the stream first
			w.WriteHeader(http.StatusAccepted)
		}
		return c.Type == api.Call_TEARDOWN
	})
	r := start(t, mesos.Config{Masters: []string{m.address()}})
	next[cluster.Subscribed](r)
	if err := r.Send(t.Context(), cluster.Teardown{}); err != nil {
		t.Fatal(err)
	}
	if e := next[cluster.Disconnected](r); e.Err != nil {
		t.Errorf("a framework that left says that it lost the master: %v", e.Err)
	}
	if err := r.result(); err != nil {
		t.Fatal(err)
	}
}

// The answer to a TEARDOWN is heard, though the stream's end has Run close its connections at about the same
// moment.
func TestTeardownIsAnswered(t *testing.T) {
	for range 200 {
		var m *fakeMaster
		m = newMaster(t, false, func(w http.ResponseWriter, _ *http.Request, c *api.Call) bool {
			if c.Type == api.Call_TEARDOWN {
				w.WriteHeader(http.StatusAccepted)
				go m.cut()
			}
			return c.Type == api.Call_TEARDOWN
		})
		r := start(t, mesos.Config{Masters: []string{m.address()}})
		next[cluster.Subscribed](r)
		if err := r.Send(t.Context(), cluster.Teardown{}); err != nil {
			t.Fatal(err)
		}
	}
}

// A call that is lost while the framework is being torn down does not bring it back: the master would refuse it for ever.
func TestTeardownBesideALostCall(t *testing.T) {
	torn, lost := make(chan struct{}), make(chan struct{})
	var m *fakeMaster
	m = newMaster(t, false, func(w http.ResponseWriter, _ *http.Request, c *api.Call) bool {
		switch c.Type {
		case api.Call_TEARDOWN:
			close(torn)
			<-lost
			w.WriteHeader(http.StatusAccepted)
			m.cut()
		case api.Call_DECLINE:
			<-torn
			w.WriteHeader(http.StatusForbidden) // as of a framework that is not there
		default:
			return false
		}
		return true
	})
	r := start(t, mesos.Config{Masters: []string{m.address()}})
	next[cluster.Subscribed](r)
	var calls sync.WaitGroup
	calls.Go(func() {
		if err := r.Send(t.Context(), cluster.Teardown{}); err != nil {
			t.Error(err)
		}
	})
	calls.Go(func() {
		defer close(lost)
		if err := r.Send(t.Context(), cluster.Decline{Offers: []offers.OfferID{"o"}}); err == nil {
			t.Error("the call got through")
		}
	})
	if err := r.result(); err != nil {
		t.Error(err)
	}
	calls.Wait()
	if n := len(m.subscribes()); n != 1 {
		t.Errorf("it subscribed %d times", n)
	}
}

func TestManySenders(t *testing.T) {
	m := newMaster(t, false, nil)
	r := start(t, mesos.Config{Masters: []string{m.address()}})
	next[cluster.Subscribed](r)
	var senders sync.WaitGroup
	for range 8 {
		senders.Go(func() {
			for range 50 {
				if err := r.Send(context.Background(), cluster.Acknowledge{Task: "t", Agent: "a",
					UUID: []byte("u")}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	senders.Wait()
	if n := len(m.calls); n != 400 {
		t.Fatalf("%d calls arrived", n)
	}
}

func TestBadConfigurations(t *testing.T) {
	for _, c := range []mesos.Config{{}, {Masters: []string{"a"}}, {Masters: []string{"a:1"}, Secret: "x"}} {
		if _, err := mesos.New(c); err == nil {
			t.Errorf("%+v taken", c)
		}
	}
}

func TestEmbeddedMasterRestarts(t *testing.T) {
	server, err := embedded.Start(t.Context(), embedded.Config{Seed: 1,
		Simulated: &embedded.Simulation{Agents: 3}, Auth: map[string]string{"kaon": "secret"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	r := start(t, mesos.Config{Masters: []string{server.Addr()}, Principal: "kaon", Secret: "secret"})
	first := next[cluster.Subscribed](r)
	if o := next[cluster.Offered](r); len(o.Offers) != 3 {
		t.Fatalf("got %+v", o)
	}
	server.KillMaster()
	next[cluster.Disconnected](r)
	if err := r.Send(t.Context(), cluster.Revive{}); !errors.Is(err, mesos.ErrDisconnected) {
		t.Fatalf("got %v", err)
	}
	server.StartMaster()
	if again := next[cluster.Subscribed](r); !again.Again || again.Framework != first.Framework {
		t.Fatalf("got %+v", again)
	}
	if err := r.Send(t.Context(), cluster.Teardown{}); err != nil {
		t.Fatal(err)
	}
	if err := r.result(); err != nil {
		t.Fatal(err)
	}
}

func said(text string) *api.Event {
	return &api.Event{Type: api.Event_MESSAGE, Message: &api.Event_Message{
		AgentID: mesosapi.AgentID{Value: "a"}, ExecutorID: mesosapi.ExecutorID{Value: "e"}, Data: []byte(text),
	}}
}

// What the master sends at once is delivered at once, and before the stream's end.
func TestEventsThatComeTogether(t *testing.T) {
	m := newMaster(t, false, nil)
	d, err := mesos.New(mesos.Config{Masters: []string{m.address()}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var deliveries []string
	err = d.Run(ctx, func(evs ...cluster.Event) {
		texts := ""
		for _, e := range evs {
			switch e := e.(type) {
			case cluster.Subscribed:
				m.raw(slices.Concat(event(said("a")), event(said("b")), event(&api.Event{Type: api.Event_ERROR,
					Error: &api.Event_Error{Message: "barred"}})))
			case cluster.ExecutorMessage:
				texts += string(e.Data)
			}
		}
		if texts != "" {
			deliveries = append(deliveries, texts)
		}
	})
	if err == nil || !slices.Equal(deliveries, []string{"ab"}) {
		t.Fatalf("got %q, %v", deliveries, err)
	}
}

// A master that takes connections and never answers costs no more than the time given, and leaves some of it
// to the others.
func TestSilentMasterTakesNotAllTime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	began := time.Now()
	r := start(t, mesos.Config{Masters: []string{l.Addr().String(), nobody(t), l.Addr().String()},
		FirstTimeout: 5 * time.Second})
	if err := r.result(); !errors.Is(err, mesos.ErrUnreachable) ||
		!strings.Contains(err.Error(), "connection refused") {
		t.Errorf("Run gave %v", err)
	}
	if took := time.Since(began); took < 5*time.Second || took > 30*time.Second {
		t.Errorf("it took %v to give up after 5s", took)
	}
}
