package mcp

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/testkit"
)

// A browser shows its user's certificate for whichever page has it ask: those of other origins are not answered, and all others
// are who the certificate says.
func TestAttackPageOfAnotherOrigin(t *testing.T) {
	var asked atomic.Int32
	h := httptest.NewUnstartedServer(Beside(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path != api.Prefix+"/whoami" || r.TLS == nil || len(r.TLS.PeerCertificates) != 1 || r.TLS.PeerCertificates[0].Subject.CommonName != "ann" {
			t.Errorf("the API is asked for %s by %+v", r.URL.Path, r.TLS)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"name": "ann", "role": "submitter"}`))
	}), "test"))
	h.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	h.StartTLS()
	defer h.Close()
	ann := testkit.NewAuthority(t, "people").Issue(&x509.Certificate{Subject: pkix.Name{CommonName: "ann"}})
	way := h.Client().Transport.(*http.Transport)
	way.TLSClientConfig.Certificates = []tls.Certificate{ann}
	for header, want := range map[string]int{
		"": http.StatusOK, "Origin: " + h.URL: http.StatusOK, "Sec-Fetch-Site: same-origin": http.StatusOK,
		"Origin: https://evil.example": http.StatusForbidden, "Sec-Fetch-Site: cross-site": http.StatusForbidden, "Sec-Fetch-Site: same-site": http.StatusForbidden,
	} {
		before := asked.Load()
		rq, err := http.NewRequest(http.MethodPost, h.URL+Path, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
		if err != nil {
			t.Fatal(err)
		}
		rq.Header.Set("Content-Type", "application/json")
		rq.Header.Set("Accept", "application/json, text/event-stream")
		if name, value, ok := strings.Cut(header, ": "); ok {
			rq.Header.Set(name, value)
		}
		rs, err := h.Client().Do(rq)
		if err != nil {
			t.Fatal(err)
		}
		rs.Body.Close()
		if rs.StatusCode != want || (asked.Load() > before) != (want == http.StatusOK) {
			t.Errorf("with %q: %s, and the API was asked %d times", header, rs.Status, asked.Load()-before)
		}
	}
}
