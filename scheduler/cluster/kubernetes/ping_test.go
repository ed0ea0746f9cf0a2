package kubernetes

import (
	"context"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/testkit"
)

// A connection that dies without a word, as behind a load balancer that forgets it, is noticed by a ping, and what is
// asked next goes over another.
func TestConnectionThatDiesSilently(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("it is asked by %s", r.Proto)
		}
		_, _ = io.WriteString(w, "ok")
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()

	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer front.Close()
	var forgotten atomic.Bool // the first connection carries nothing any more
	var made atomic.Int32
	go func() {
		for {
			near, err := front.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			first := made.Add(1) == 1
			carry := func(to io.Writer, from io.Reader) {
				buf := make([]byte, 32<<10)
				for {
					n, err := from.Read(buf)
					if !first || !forgotten.Load() {
						_, _ = to.Write(buf[:n])
					}
					if err != nil {
						return
					}
				}
			}
			go carry(far, near)
			go carry(near, far)
		}
	}()

	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	api, err := NewAPI(&Account{Server: "https://" + front.Addr().String(), CA: ca})
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	settings := api.client.Transport.(*http.Transport).HTTP2
	if settings.SendPingTimeout != pingAfter || settings.PingTimeout != pingWait {
		t.Errorf("it pings as %+v", settings)
	}
	settings.SendPingTimeout, settings.PingTimeout = 100*time.Millisecond, 100*time.Millisecond
	if !api.ready(t.Context()) {
		t.Fatal("it is not reached at all")
	}
	forgotten.Store(true)
	testkit.Await(t, "an answer over another connection", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		return api.ready(ctx)
	})
	if n := made.Load(); n != 2 {
		t.Errorf("there were %d connections", n)
	}
}
