package api

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server"
	"github.com/kaon-sweep/kaon/server/access"
	"github.com/kaon-sweep/kaon/testkit"
)

// showing is a world that callers show certificates to. Its listener verifies nothing, so that all is left to the API.
type showing struct {
	*world
	ca   *testkit.Authority
	pool atomic.Pointer[x509.CertPool]
	url  string
	all  *x509.CertPool // of its own certificate

	certificates *access.Certificates
}

func newShowing(t *testing.T, p access.Certificates) *showing {
	t.Helper()
	s := &showing{world: newWorld(t), ca: testkit.NewAuthority(t, "people")}
	s.pool.Store(s.ca.Pool())
	p.Authorities = s.pool.Load
	s.certificates = &p
	s.guarded(access.Config{Certificates: &p})
	h := httptest.NewUnstartedServer(s.api.Handler())
	h.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	h.StartTLS()
	t.Cleanup(h.Close)
	s.url, s.all = h.URL, x509.NewCertPool()
	s.all.AddCert(h.Certificate())
	return s
}

// as is a client that shows certificates.
func (s *showing) as(shown ...tls.Certificate) *http.Client {
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.all, Certificates: shown}}}
	s.t.Cleanup(c.CloseIdleConnections)
	return c
}

// of is a client that shows a good certificate with a subject.
func (s *showing) of(subject pkix.Name) *http.Client {
	return s.as(s.ca.Issue(&x509.Certificate{Subject: subject}))
}

func (s *showing) asks(c *http.Client, method, path string, in any, header ...string) (int, string) {
	s.t.Helper()
	text, err := json.Marshal(in)
	if err != nil {
		s.t.Fatal(err)
	}
	rq, err := http.NewRequestWithContext(s.t.Context(), method, s.url+Prefix+path, bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	rq.Header.Set("Content-Type", "application/json")
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		rq.Header.Set(name, value)
	}
	rs, err := c.Do(rq)
	if err != nil {
		s.t.Fatal(err)
	}
	defer rs.Body.Close()
	answer, err := io.ReadAll(rs.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return rs.StatusCode, string(answer)
}

// Who shows a certificate may what stands in it may, into the queues of that, and a token says more than it.
func TestCertificates(t *testing.T) {
	s := newShowing(t, access.Certificates{
		Name:   "CN",
		Roles:  map[string]access.Role{access.EveryCertificate: access.Viewer, "OU=ml": access.Submitter, "O=ops": access.Operator, "CN=ada": access.Admin},
		Queues: map[string][]string{"OU=ml": {"eng/ml"}},
	})
	for _, queue := range []string{"eng/ml", "eng/web"} {
		if err := s.server.SetQueue(t.Context(), queue, server.QueueChange{}); err != nil {
			t.Fatal(err)
		}
	}
	ann := pkix.Name{CommonName: "ann", OrganizationalUnit: []string{"ml", "other"}}
	for _, c := range []struct {
		who   pkix.Name
		queue string
		want  int
	}{
		{pkix.Name{CommonName: "vera"}, "eng/ml", http.StatusForbidden},
		{ann, "eng/ml", http.StatusCreated},
		{ann, "eng/web", http.StatusForbidden},
		{pkix.Name{CommonName: "otto", Organization: []string{"ops"}}, "eng/web", http.StatusCreated},
	} {
		spec := "command: \"true\"\nmethod: grid\nparameters: {x: {values: [1]}}\nqueue: " + c.queue + "\n"
		if status, answer := s.asks(s.of(c.who), http.MethodPost, "/sweeps", Submission{Spec: spec}); status != c.want {
			t.Errorf("%s into %s: %d %s, want %d", c.who, c.queue, status, answer, c.want)
		} else if status == http.StatusCreated && !strings.Contains(answer, `"owner":"`+c.who.CommonName+`"`) {
			t.Errorf("%s owns not %s", c.who, answer)
		}
	}
	if status, answer := s.asks(s.of(ann), http.MethodGet, "/whoami", nil); status != http.StatusOK || !strings.Contains(answer, `"role":"submitter"`) {
		t.Errorf("whoami: %d %s", status, answer)
	}
	if status, answer := s.asks(s.of(ann), http.MethodGet, "/tokens", nil); status != http.StatusForbidden {
		t.Errorf("the tokens: %d %s", status, answer)
	}
	if status, answer := s.asks(s.of(pkix.Name{CommonName: "ada"}), http.MethodGet, "/tokens", nil); status != http.StatusOK {
		t.Errorf("the tokens: %d %s", status, answer)
	}
	token := "Authorization: Bearer " + s.world.as[access.Viewer]
	if status, answer := s.asks(s.of(ann), http.MethodGet, "/whoami", nil, token); status != http.StatusOK || !strings.Contains(answer, `"name":"viewer"`) {
		t.Errorf("whoami with a token: %d %s", status, answer)
	}
	s.certificates.Name = "email"
	c := s.as(s.ca.Issue(&x509.Certificate{Subject: ann, EmailAddresses: []string{"ann@example.org"}}))
	if status, answer := s.asks(c, http.MethodGet, "/whoami", nil); status != http.StatusOK || !strings.Contains(answer, `"name":"ann@example.org"`) {
		t.Errorf("by an address: %d %s", status, answer)
	}
}

// Nobody gets in by a certificate that is not good, or is not any more, nor by the name or the attributes of another.
func TestAttackCertificates(t *testing.T) {
	s := newShowing(t, access.Certificates{Name: "CN", Roles: map[string]access.Role{access.EveryCertificate: access.Viewer, "OU=ops": access.Operator}})
	if _, _, err := s.tokens.Create("bob", access.Submitter, 0); err != nil {
		t.Fatal(err)
	}
	other := testkit.NewAuthority(t, "people")
	named := func(name string) *x509.Certificate { return &x509.Certificate{Subject: pkix.Name{CommonName: name}} }
	twice := named("ann")
	commonName := asn1.ObjectIdentifier{2, 5, 4, 3}
	twice.Subject.ExtraNames = []pkix.AttributeTypeAndValue{{Type: commonName, Value: "ann"}, {Type: commonName, Value: "eve"}}
	late, early, forServers := named("ann"), named("ann"), named("ann")
	late.NotAfter = time.Now().Add(-time.Minute)
	early.NotBefore = time.Now().Add(time.Minute)
	forServers.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	eve := s.ca.Issue(named("eve"))
	forged := testkit.AuthorityOf(t, eve).Issue(named("ann"))
	forged.Certificate = append(forged.Certificate, eve.Certificate...)
	for what, c := range map[string]struct {
		shown tls.Certificate
		want  int
	}{
		"good":                       {s.ca.Issue(named("ann")), http.StatusOK},
		"expired":                    {s.ca.Issue(late), http.StatusUnauthorized},
		"not yet good":               {s.ca.Issue(early), http.StatusUnauthorized},
		"of another authority":       {other.Issue(named("ann")), http.StatusUnauthorized},
		"of a server":                {s.ca.Issue(forServers), http.StatusUnauthorized},
		"signed by another caller":   {forged, http.StatusUnauthorized},
		"with two names":             {s.ca.Issue(twice), http.StatusForbidden},
		"without a name":             {s.ca.Issue(named("")), http.StatusForbidden},
		"with a space":               {s.ca.Issue(named("ann ")), http.StatusForbidden},
		"with a line end":            {s.ca.Issue(named("ann\nroot")), http.StatusForbidden},
		"with a zero":                {s.ca.Issue(named("ann\x00.example")), http.StatusForbidden},
		"of text that turns round":   {s.ca.Issue(named("\u202enna")), http.StatusForbidden},
		"with a long name":           {s.ca.Issue(named(strings.Repeat("a", 201))), http.StatusForbidden},
		"of the server's own user":   {s.ca.Issue(named(access.Own().Name)), http.StatusForbidden},
		"of somebody with a token":   {s.ca.Issue(named("bob")), http.StatusForbidden},
		"of a name with an OU in it": {s.ca.Issue(named("ann,OU=ops")), http.StatusOK},
	} {
		client := s.as(c.shown)
		if status, answer := s.asks(client, http.MethodGet, "/whoami", nil); status != c.want {
			t.Errorf("a certificate %s: %d %s, want %d", what, status, answer, c.want)
		}
		if status, answer := s.asks(client, http.MethodPost, "/cordons", NewCordon{Attribute: "a", Value: "b"}); status != http.StatusForbidden && status != http.StatusUnauthorized {
			t.Errorf("a cordon by a certificate %s: %d %s", what, status, answer)
		}
	}
	if status, answer := s.asks(s.as(), http.MethodGet, "/whoami", nil); status != http.StatusUnauthorized {
		t.Errorf("no certificate: %d %s", status, answer)
	}
	// A bad certificate is not mended by a token.
	token := "Authorization: Bearer " + s.world.as[access.Admin]
	if status, answer := s.asks(s.as(other.Issue(named("ann"))), http.MethodGet, "/whoami", nil, token); status != http.StatusUnauthorized {
		t.Errorf("a token with a bad certificate: %d %s", status, answer)
	}
	// A page of another origin has the browser show its user's certificate.
	ops := s.of(pkix.Name{CommonName: "ops", OrganizationalUnit: []string{"ops"}})
	for _, header := range []string{"Origin: https://evil.example", "Sec-Fetch-Site: same-site", "Sec-Fetch-Site: cross-site"} {
		if status, answer := s.asks(ops, http.MethodPost, "/cordons", NewCordon{Attribute: "a", Value: "b"}, header); status != http.StatusForbidden {
			t.Errorf("with %s: %d %s", header, status, answer)
		}
	}
	// Connections that are open, and sessions, end with the authority.
	ann := s.of(pkix.Name{CommonName: "ann"})
	var login Login
	if status, answer := s.asks(ann, http.MethodPost, "/logins", nil); status >= 300 || json.Unmarshal([]byte(answer), &login) != nil {
		t.Fatalf("a code by a certificate: %d %s", status, answer)
	}
	status, answer, rs := s.ask("", http.MethodPost, Prefix+"/session", NewSession{Code: login.Code})
	if status != http.StatusOK {
		t.Fatalf("a session by it: %d %s", status, answer)
	}
	cookie := "Cookie: " + cookieOf(t, rs)
	stand := func(want int) {
		t.Helper()
		if status, answer := s.asks(ann, http.MethodGet, "/whoami", nil); status != want {
			t.Errorf("on the connection: %d %s, want %d", status, answer, want)
		}
		if status, answer, _ := s.ask("", http.MethodGet, Prefix+"/whoami", nil, cookie); status != want {
			t.Errorf("in the session: %d %s, want %d", status, answer, want)
		}
	}
	stand(http.StatusOK)
	s.pool.Store(other.Pool())
	stand(http.StatusUnauthorized)
}

// What a browser hears ends with the certificate of its connection, also where its session was begun by a token.
func TestAttackStreamOfABadCertificate(t *testing.T) {
	s := newShowing(t, access.Certificates{Name: "CN", Roles: map[string]access.Role{access.EveryCertificate: access.Viewer}})
	secret, c, err := s.api.guard.BeginSession(t.Context(), "", s.world.as[access.Viewer])
	if err != nil || c.Name == "" {
		t.Fatalf("%+v, %v", c, err)
	}
	rq, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+Prefix+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	cookie := access.SessionCookie(rq.URL.Host, false, secret)
	rq.AddCookie(&http.Cookie{Name: cookie.Name, Value: secret})
	rs, err := s.of(pkix.Name{CommonName: "ann"}).Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Body.Close()
	if rs.StatusCode != http.StatusOK {
		t.Fatal(rs.Status)
	}
	var h heard
	over := make(chan struct{})
	go func() { defer close(over); _, _ = io.Copy(&h, rs.Body) }()
	before := s.submit(access.Operator, Submission{Spec: three})
	testkit.Await(t, "an event", func() bool { return h.has(before.ID) })
	s.pool.Store(testkit.NewAuthority(t, "people").Pool())
	testkit.Await(t, "the end of the stream", func() bool {
		s.ended(s.submit(access.Operator, Submission{Spec: three}).ID)
		select {
		case <-over:
			return true
		default:
			return false
		}
	})
	session := "Cookie: " + access.SessionCookie(strings.TrimPrefix(s.address, "http://"), false, secret).Name + "=" + secret
	if status, _, _ := s.ask("", http.MethodGet, Prefix+"/whoami", nil, session); status != http.StatusOK {
		t.Errorf("the session has ended, too: %d", status)
	}
}
