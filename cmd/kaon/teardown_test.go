package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	api "github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// masterProxy stands before a master: it knows which calls come by, and may refuse a TEARDOWN, or hold it.
type masterProxy struct {
	address string
	held    chan struct{} // a TEARDOWN waits
	mu      struct {
		sync.Mutex
		subscribed []string // framework ids, empty: a new one
		teardowns  int
		refuse     int
		hold       bool
	}
}

func newMasterProxy(p place, cluster string) *masterProxy {
	t := p.t
	t.Helper()
	master, err := url.Parse("http://" + strings.TrimPrefix(cluster, "mesos://"))
	if err != nil {
		t.Fatal(err)
	}
	x := &masterProxy{held: make(chan struct{}, 1)}
	through := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(master) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if !x.passes(r, body) {
			http.Error(w, "closed", http.StatusServiceUnavailable)
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	x.address = "mesos://" + server.Listener.Addr().String()
	p.shareCredentials(p, master.Host, server.Listener.Addr().String())
	return x
}

// shareCredentials lets the schedulers of this place in at another address of a cluster of a place, too.
func (p place) shareCredentials(from place, cluster, other string) {
	p.t.Helper()
	name := func(p place, address string) string { return filepath.Join(p.dir+".run", "kaon", "cluster-"+address) }
	text, err := os.ReadFile(name(from, cluster))
	if err == nil {
		err = os.MkdirAll(filepath.Dir(name(p, other)), 0o700)
	}
	if err == nil {
		err = os.WriteFile(name(p, other), text, 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func (x *masterProxy) passes(r *http.Request, body []byte) bool {
	var call api.Call
	if call.Unmarshal(body) != nil {
		return true
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	switch call.Type {
	case api.Call_SUBSCRIBE:
		x.mu.subscribed = append(x.mu.subscribed, call.GetSubscribe().GetFrameworkInfo().GetID().GetValue())
	case api.Call_TEARDOWN:
		x.mu.teardowns++
		if x.mu.hold {
			x.held <- struct{}{}
			x.mu.Unlock()
			<-r.Context().Done()
			x.mu.Lock()
			return false
		}
		if x.mu.refuse > 0 {
			x.mu.refuse--
			return false
		}
	}
	return true
}

// set changes what happens to TEARDOWNs.
func (x *masterProxy) set(refuse int, hold bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.mu.refuse, x.mu.hold = refuse, hold
}

// saw asserts how often was subscribed and torn down since the last time.
func (x *masterProxy) saw(t *testing.T, subscriptions, teardowns int) (frameworks []string) {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.mu.subscribed) != subscriptions || x.mu.teardowns != teardowns {
		t.Errorf("%d subscriptions and %d teardowns, want %d and %d", len(x.mu.subscribed), x.mu.teardowns, subscriptions, teardowns)
	}
	frameworks = x.mu.subscribed
	x.mu.subscribed, x.mu.teardowns = nil, 0
	return frameworks
}

// forget begins the count anew.
func (x *masterProxy) forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.mu.subscribed, x.mu.teardowns = nil, 0
}

// A master keeps a framework that was not torn down for a week. So a sweep that has ended leaves none, however often it is
// resumed, and whatever became of the TEARDOWN.
func TestEndedSweepLeavesNoFramework(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	x := newMasterProxy(p, p.serve("", "name=a,cpus=2,mem=2000"))
	id := contract(t, p.kaon("run", "square.yaml", "--json", "--cluster", x.address).ends(exitDone)).Sweep
	x.saw(t, 1, 1)
	contract(t, p.kaon("run", "--resume", id, "--json", "--cluster", x.address).ends(exitDone))
	x.saw(t, 0, 0)
	p.kaon("retry", id, "--cluster", x.address).ends(exitDone).prints("no trial of " + id + " has failed")
	x.saw(t, 0, 0)
}

func TestTeardownThatGotLostIsSentAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	x := newMasterProxy(p, p.serve("", "name=a,cpus=2,mem=2000"))
	x.set(2, false)
	id := contract(t, p.kaon("run", "square.yaml", "--json", "--cluster", x.address).ends(exitDone)).Sweep
	if f := x.saw(t, 3, 3); len(f) == 3 && (f[1] == "" || f[2] != f[1]) {
		t.Errorf("subscribed as %q", f)
	}

	x.set(1000, false)
	r := p.kaon("run", "square.yaml", "--json", "--cluster", x.address, "--connect-timeout", "10s").ends(exitDone)
	r.says("has ended", "run --resume", "--cluster "+x.address)
	again := contract(t, r).Sweep
	x.set(0, false)
	x.forget()
	p.kaon("run", "--resume", again, "--cluster", x.address).ends(exitDone)
	if f := x.saw(t, 1, 1); len(f) == 1 && f[0] == "" {
		t.Error("went on as another framework")
	}
	p.kaon("run", "--resume", id, "--cluster", x.address).ends(exitDone)
	x.saw(t, 0, 0)
}

func TestKilledBeforeTheTeardown(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("square.yaml", square)
	x := newMasterProxy(p, p.serve("", "name=a,cpus=2,mem=2000"))
	x.set(0, true)
	run := p.start("run", "square.yaml", "--cluster", x.address)
	id := sweepOf(run)
	<-x.held
	run.signal(syscall.SIGKILL)
	run.wait()
	x.set(0, false)
	x.saw(t, 1, 1)
	p.kaon("run", "--resume", id, "--cluster", x.address).ends(exitDone).prints("succeeded")
	if f := x.saw(t, 1, 1); len(f) == 1 && f[0] == "" {
		t.Error("went on as another framework")
	}
}
