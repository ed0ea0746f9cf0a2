package main

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/testkit"
)

// issued writes a certificate for clients and servers, and its key.
func (p place) issued(ca *testkit.Authority, name string, about x509.Certificate) {
	p.t.Helper()
	cert, key := testkit.PEM(p.t, ca.Issue(&about))
	p.write(name+".pem", cert)
	if err := os.Chmod(p.write(name+".key", key), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// People are known by their certificates, which `kaon login` keeps the place of; where they are required no token makes up
// for one; and new authorities are taken without a new start.
func TestServeClientCertificates(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ca, next := testkit.NewAuthority(t, "first"), testkit.NewAuthority(t, "second")
	ann := x509.Certificate{Subject: pkix.Name{CommonName: "ann", OrganizationalUnit: []string{"ml"}}}
	p.issued(ca, "server", x509.Certificate{})
	p.issued(ca, "ann", ann)
	p.issued(ca, "strange", x509.Certificate{Subject: pkix.Name{CommonName: "strange"}})
	ended := ann
	ended.NotAfter = time.Now().Add(-time.Minute)
	p.issued(ca, "ended", ended)
	p.issued(next, "next", ann)
	p.write("ca.pem", ca.PEM())
	serve := []string{"--listen", "127.0.0.1:0", "--tls-cert", "server.pem", "--tls-key", "server.key", "--client-ca", "ca.pem"}
	for says, more := range map[string][]string{
		"nobody may anything yet": nil,
		"want one of O, OU, CN":   {"--client-role", "ml=submitter"},
		`"boss" is no role`:       {"--client-role", "OU=ml=boss"},
		"let it be sub":           {"--client-role", "OU=ml=viewer", "--oidc-issuer", "http://127.0.0.1:1", "--oidc-audience", "kaon", "--oidc-role", "a=viewer", "--oidc-name", "nick"},
	} {
		p.kaon(append(append([]string{"serve"}, serve...), more...)...).ends(exitUsage).says(says)
	}
	p.kaon("serve", "--client-required").ends(exitUsage).says("--client-ca")
	p.kaon("serve", "--client-ca", "ca.pem", "--client-role", "all=viewer").ends(exitUsage).says("--tls-cert")
	p.kaon(append(append([]string{"serve"}, serve[:6]...), "--client-ca", "ann.key", "--client-role", "all=viewer")...).ends(exitUsage).says("--client-ca ann.key")

	x, ready := p.serving(append(serve, "--client-role", "ou=ml=submitter")...)
	at := ready.Listen[0]
	secret := strings.TrimSpace(p.kaon("token", "create", "bob").ends(exitDone).stdout)
	far := newPlace(t)
	home := []string{"HOME=" + far.dir, "XDG_CONFIG_HOME=" + far.dir + "/.config", "SSL_CERT_FILE=" + filepath.Join(p.dir, "ca.pem")}
	browser := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Pool()}, DisableKeepAlives: true}}
	if rs, err := browser.Post(at+"/v1/session", "application/json", strings.NewReader(`{"token": "`+secret+`"}`)); err != nil {
		t.Error(err)
	} else if rs.Body.Close(); len(rs.Cookies()) != 1 || !rs.Cookies()[0].Secure {
		t.Errorf("a session over TLS: %s with %v", rs.Status, rs.Cookies())
	}
	showing := func(name string) place {
		one := far
		one.aws = append(append([]string{}, home...), "KAON_CLIENT_CERT="+filepath.Join(p.dir, name+".pem"), "KAON_CLIENT_KEY="+filepath.Join(p.dir, name+".key"))
		return one
	}
	far.aws = home
	far.write("quick.yaml", quickSpec)
	far.kaon("whoami", "--server", at).ends(exitUsage).says("a token is needed")
	showing("ann").kaon("whoami", "--server", at).ends(exitDone).prints("ann, submitter")
	showing("strange").kaon("whoami", "--server", at).ends(exitUsage).says("none of their groups has a role here")
	showing("ended").kaon("whoami", "--server", at).ends(exitUnreachable)
	showing("next").kaon("whoami", "--server", at).ends(exitUsage).says("a certificate of an authority that the server believes")
	far.kaon("login", at, "--client-cert", filepath.Join(p.dir, "ann.pem")).ends(exitUsage).says("go together")
	far.kaon("login", at, "--client-cert", filepath.Join(p.dir, "ann.pem"), "--client-key", filepath.Join(p.dir, "ann.key")).ends(exitDone).prints("you are ann, submitter")
	far.kaon("run", "quick.yaml", "--server", at).ends(exitDone).prints("winner: trial 1, loss 1")
	far.kaon("list", "--server", at, "--json").ends(exitDone).prints(`"owner":"ann"`)
	shownByPython(t, far, p, at)

	p.write("ca.pem", "half an authority") // while it is replaced, the old one is good
	far.aws = append(home[:2:2], "SSL_CERT_FILE="+filepath.Join(p.dir, "server-ca.pem"))
	p.write("server-ca.pem", ca.PEM())
	home = far.aws
	far.kaon("whoami", "--server", at).ends(exitDone).prints("ann")
	p.write("ca.pem", next.PEM())
	far.kaon("whoami", "--server", at).ends(exitUsage).says("a token is needed")
	showing("next").kaon("whoami", "--server", at).ends(exitDone).prints("ann, submitter")
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)

	p.write("ca.pem", ca.PEM())
	x, ready = p.serving(append(serve, "--client-required")...)
	at = ready.Listen[0]
	far.aws = append(home[:3:3], "XDG_CONFIG_HOME="+t.TempDir(), "KAON_TOKEN="+secret)
	far.kaon("whoami", "--server", at).ends(exitUnreachable)
	home = far.aws
	showing("strange").kaon("whoami", "--server", at).ends(exitDone).prints("bob, submitter")
	p.kaon("whoami").ends(exitDone).prints("admin")
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
}

// shownByPython has a program in Python show what `kaon login` kept, what the variables name, and what it is given; and say what is wrong.
func shownByPython(t *testing.T, far, p place, at string) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Log("there is no python3")
		return
	}
	source, err := filepath.Abs("../../python")
	if err != nil {
		t.Fatal(err)
	}
	asks := func(arguments, more string) string {
		cmd := exec.CommandContext(t.Context(), python, "-B", "-c", "import kaon\ntry:\n    c = kaon.Client("+fmt.Sprintf("%q", at)+arguments+")\n    w = c.whoami()\n    print(w['name'], w['role'], len(list(c.sweeps())))\n"+
			"except kaon.KaonError as e:\n    print(type(e).__name__, e)\n")
		cmd.Dir, cmd.Env = far.dir, append(far.environ(), "PYTHONPATH="+source)
		if more != "" {
			cmd.Env = append(cmd.Env, "KAON_CLIENT_CERT="+filepath.Join(p.dir, more+".pem"), "KAON_CLIENT_KEY="+filepath.Join(p.dir, more+".key"))
		}
		said, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		return string(said)
	}
	given := func(name string) string {
		return fmt.Sprintf(", client_cert=%q, client_key=%q", filepath.Join(p.dir, name+".pem"), filepath.Join(p.dir, name+".key"))
	}
	open := p.write("open.key", p.read("ann.key")) // which everybody may read
	for _, c := range []struct{ arguments, variables, says string }{
		{"", "", "ann submitter 1"},
		{"", "strange", "Denied"},
		{given("ann"), "strange", "ann submitter 1"},
		{given("next"), "", "Unreachable"}, // the server knows nothing of its authority, and cuts the connection
		{given("ended"), "", "Unreachable"},
		{given("none"), "", "Refused client certificate " + filepath.Join(p.dir, "none.pem")},
		{fmt.Sprintf(", client_cert=%q", filepath.Join(p.dir, "ann.pem")), "", "Refused client_cert= and client_key= go together"},
		{fmt.Sprintf(", client_cert=%q, client_key=%q", filepath.Join(p.dir, "ann.pem"), open), "", "chmod 600 " + open},
		{fmt.Sprintf(", client_cert=%q, client_key=%q", filepath.Join(p.dir, "ann.pem"), filepath.Join(p.dir, "strange.key")), "", "Refused client certificate"},
	} {
		if said := asks(c.arguments, c.variables); !strings.Contains(said, c.says) {
			t.Errorf("Client(…%s) with the variables of %q says %s, want %q", c.arguments, c.variables, said, c.says)
		}
	}
}
