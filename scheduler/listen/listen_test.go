package listen_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/listen"
)

func TestLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:1": true, "[::1]:1": true, "localhost:1": true, "127.9.9.9": true,
		":1": false, "0.0.0.0:1": false, "[::]:1": false, "10.0.0.1:1": false, "localhost.example.org:1": false, "": false,
	} {
		if got := listen.Loopback(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}

// A page of another site that resolves its own name to this machine is not answered.
func TestAttackRebinding(t *testing.T) {
	yes := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, c := range []struct {
		address, host string
		want          int
	}{
		{"127.0.0.1:5050", "127.0.0.1:5050", 200}, {"127.0.0.1:5050", "localhost:5050", 200}, {"127.0.0.1:5050", "[::1]:5050", 200},
		{"127.0.0.1:5050", "evil.example:5050", 421}, {"127.0.0.1:5050", "127.0.0.1.evil.example", 421}, {"127.0.0.1:5050", "", 421},
		{"127.0.0.1:5050", "10.1.2.3:5050", 421}, {"127.0.0.1:5050", "localhost.evil.example:5050", 421},
		{"0.0.0.0:5050", "10.1.2.3:5050", 200}, {"0.0.0.0:5050", "evil.example:5050", 421}, {"0.0.0.0:5050", "Master.example", 200},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = c.host
		w := httptest.NewRecorder()
		listen.Hosts(c.address, []string{"master.example"}, yes).ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s asked as %q: %d, want %d", c.address, c.host, w.Code, c.want)
		}
	}
}

// Connections beyond the bound wait, and come in when others go.
func TestAttackConnections(t *testing.T) {
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	few := syscall.Rlimit{Cur: min(64, before.Max), Max: before.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := listen.Limit(inner)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	s := listen.Server(http.NotFoundHandler(), nil)
	s.ReadHeaderTimeout = 3 * time.Second
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	for range 16 { // silent ones
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	began := time.Now()
	resp, err := (&http.Client{Timeout: time.Minute}).Get("http://" + inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if waited := time.Since(began); waited < time.Second {
		t.Errorf("let in after %v, among more than there is room for", waited)
	}
	s.Close()
	<-served
}
