package mesos_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/kaon-sweep/kaon/scheduler/cluster/recordio"
)

// fakeMaster is a small real HTTP server that takes one framework in and hands its calls to the test.
type fakeMaster struct {
	*httptest.Server
	t     *testing.T
	calls chan *api.Call // every call but SUBSCRIBE; holds 1000, then the server waits
	heads chan http.Header

	mu struct {
		sync.Mutex
		subscribes []*api.Call
		out        chan []byte // records for the current stream; closing it ends the stream
		answer     func(http.ResponseWriter, *http.Request, *api.Call) bool
		interval   float64 // seconds between the heartbeats that are promised; none is sent
	}
}

const streamID = "9af2ce08-98f6-4dcb-9bfe-7e251f05cf79"

// newMaster starts a master. answer, when not nil, sees every call first and returns true if it answered.
func newMaster(t *testing.T, secure bool, answer func(http.ResponseWriter, *http.Request,
	*api.Call) bool) *fakeMaster {
	m := &fakeMaster{t: t, calls: make(chan *api.Call, 1000), heads: make(chan http.Header, 1000)}
	m.mu.answer, m.mu.interval = answer, 15
	m.Server = httptest.NewUnstartedServer(http.HandlerFunc(m.serve))
	if secure {
		m.StartTLS()
	} else {
		m.Start()
	}
	t.Cleanup(func() { m.cut(); m.Close() })
	return m
}

func (m *fakeMaster) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var call api.Call
	if err := call.Unmarshal(body); err != nil || r.Header.Get("Content-Type") != "application/x-protobuf" ||
		r.URL.Path != "/api/v1/scheduler" {
		http.Error(w, "Failed to parse body into Call protobuf", http.StatusBadRequest)
		return
	}
	m.mu.Lock()
	answer := m.mu.answer
	m.mu.Unlock()
	if answer != nil && answer(w, r, &call) {
		return
	}
	if call.Type != api.Call_SUBSCRIBE {
		if r.Header.Get("Mesos-Stream-Id") != streamID {
			http.Error(w, "All non-subscribe calls should include the 'Mesos-Stream-Id' header", http.StatusBadRequest)
			return
		}
		m.heads <- r.Header
		m.calls <- &call
		w.WriteHeader(http.StatusAccepted)
		return
	}
	out := make(chan []byte, 100)
	m.mu.Lock()
	m.mu.subscribes = append(m.mu.subscribes, &call)
	m.mu.out = out
	interval := m.mu.interval
	m.mu.Unlock()
	w.Header().Set("Mesos-Stream-Id", streamID)
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.WriteHeader(http.StatusOK)
	id := "fw-1"
	if call.FrameworkID != nil {
		id = call.FrameworkID.Value
	}
	m.write(w, event(&api.Event{Type: api.Event_SUBSCRIBED, Subscribed: &api.Event_Subscribed{
		FrameworkID: &mesosapi.FrameworkID{Value: id}, HeartbeatIntervalSeconds: &interval}}))
	for {
		select {
		case record, ok := <-out:
			if !ok {
				return
			}
			m.write(w, record)
		case <-r.Context().Done():
			return
		}
	}
}

func (m *fakeMaster) write(w http.ResponseWriter, record []byte) {
	_, _ = w.Write(record)
	w.(http.Flusher).Flush()
}

func event(e *api.Event) []byte {
	body, err := e.Marshal()
	if err != nil {
		panic(err)
	}
	return recordio.Append(nil, body)
}

// say sends an event down the current stream.
func (m *fakeMaster) say(e *api.Event) { m.raw(event(e)) }

func (m *fakeMaster) raw(b []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.out <- b
}

// cut ends the current stream.
func (m *fakeMaster) cut() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mu.out != nil {
		close(m.mu.out)
		m.mu.out = nil
	}
}

func (m *fakeMaster) subscribes() []*api.Call {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mu.subscribes
}

func (m *fakeMaster) interval(seconds float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.interval = seconds
}

func (m *fakeMaster) address() string { return m.Listener.Addr().String() }
