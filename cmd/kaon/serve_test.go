package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/server/api"
	"github.com/kaon-sweep/kaon/testkit"
)

const quickSpec = `name: quick
method: grid
metric: {name: loss, goal: minimize}
parameters: {x: {values: [3, 1, 2]}}
command: "echo hello; echo loss=${param.x}"
task: {resources: {cpus: 0.1, memory: 16MB}}
`

// slowSpec is quickSpec whose trials wait for a file beside it.
const slowSpec = `name: slow
method: grid
metric: {name: loss, goal: minimize}
parameters: {x: {values: [3, 1, 2]}}
command: "while [ ! -e go ]; do sleep 0.05; done; echo loss=${param.x}"
task: {resources: {cpus: 0.1, memory: 16MB}}
`

// serving starts a server and waits until it answers. The caller ends it.
func (p place) serving(args ...string) (*process, served) {
	p.t.Helper()
	x := p.start(append([]string{"serve", "--json"}, args...)...)
	var ready served
	testkit.Await(p.t, "the server", func() bool { return json.Unmarshal([]byte(x.stdout.String()), &ready) == nil })
	return x, ready
}

// Two people's shells hand in sweeps, watch them and read results, as with run; the server is then killed in the middle
// of one and loses nothing.
func TestServe(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("quick.yaml", quickSpec)
	p.write("slow.yaml", slowSpec)
	p.write("then.yaml", quickSpec+"then: quick.yaml\n")
	p.kaon("submit", "quick.yaml").ends(exitUsage).says("no server of yours runs on this machine")
	x, _ := p.serving()
	first := p.start("submit", "quick.yaml", "-w")
	second := p.start("run", "quick.yaml", "--json")
	first.wait().ends(exitDone).prints("winner: trial 1, loss 1")
	var r result
	run := second.wait().ends(exitDone).says("the server at unix://")
	run.json(&r)
	if r.Best == nil || r.Best.Trial != 1 || r.State != "succeeded" {
		t.Errorf("run on the server: %s", run.stdout)
	}
	p.kaon("submit", "then.yaml").ends(exitUsage).says("kaon run --server none")
	p.kaon("submit", "slow.yaml", "--label", "nightly", "--key", "a").ends(exitDone)
	var slow api.Sweep
	p.kaon("submit", "slow.yaml", "--label", "nightly", "--key", "a", "--json").ends(exitDone).json(&slow)
	testkit.Await(t, "all its trials to run", func() bool {
		return strings.Contains(p.kaon("status", slow.ID).ends(exitDone).prints(": running").stdout, "3 trials: 0 waiting, 3 running")
	})
	p.kaon("list", "--state", "running").ends(exitDone).prints(slow.ID, "nightly")
	p.kaon("rm", "nightly").ends(exitUsage)
	watch := p.start("watch", "nightly")
	testkit.Await(t, "what watch shows", func() bool { return strings.Contains(watch.stdout.String(), slow.ID) })
	x.signal(syscall.SIGKILL)
	x.wait()
	p.kaon("list").ends(exitDone).prints(slow.ID)
	y, _ := p.serving()
	p.write("go", "")
	watch.wait().ends(exitDone).prints("winner: trial 1, loss 1")
	p.kaon("logs", r.Sweep+"/0").ends(exitDone).prints("hello")
	p.kaon("best", slow.ID).ends(exitDone).prints("winner: trial 1, loss 1")
	p.kaon("list", "--json").ends(exitDone).prints(`"owner"`)
	p.kaon("rm", "slow-").ends(exitDone).prints("is deleted")
	p.kaon("gc", "--older-than", "0s").ends(exitDone).prints(r.Sweep)
	p.kaon("list").ends(exitDone).says("no such sweep")
	y.signal(os.Interrupt)
	y.wait().ends(exitDone)
	p.alone()
}

// From elsewhere a token is needed; with one, commands print what they print on the server's machine.
func TestServeFromElsewhere(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x, ready := p.serving("--listen", "127.0.0.1:0")
	if len(ready.Listen) != 1 {
		t.Fatalf("listens at %v", ready.Listen)
	}
	at := ready.Listen[0]
	secret := strings.TrimSpace(p.kaon("token", "create", "ann").ends(exitDone).stdout)
	far := newPlace(t) // has nothing of the server's but the address
	far.aws = []string{"HOME=" + far.dir, "XDG_CONFIG_HOME=" + far.dir + "/.config"}
	far.write("quick.yaml", strings.Replace(quickSpec, "echo loss=${param.x}", "./train.sh ${param.x}", 1))
	if err := os.Chmod(far.write("train.sh", "#!/bin/sh\necho loss=$1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	far.kaon("list", "--server", at).ends(exitUsage).says("a token is needed")
	far.fed(secret+"\n", "login", at).ends(exitDone).prints("you are ann, submitter")
	if info, err := os.Stat(filepath.Join(far.dir, ".config", "kaon", "servers.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the token is kept with %v, %v", info, err)
	}
	far.aws = append(far.aws, "KAON_SERVER="+at)
	_, page, _ := strings.Cut(far.kaon("run", "quick.yaml").ends(exitDone).prints("winner: trial 1, loss 1").stdout, "as a page: kaon ")
	page, _, _ = strings.Cut(page, " > ")
	far.kaon(strings.Fields(page)...).ends(exitDone).prints("<html")
	far.kaon("token", "list").ends(exitUsage).says("this needs admin")
	far.kaon("submit", "quick.yaml", "--set", "paramters.x.values=[1]").ends(exitUsage).says("paramters")
	var s api.Sweep
	far.kaon("list", "--json").ends(exitDone).json(&s)
	for _, command := range [][]string{{"status", s.ID}, {"trials", s.ID}, {"trial", s.ID + "/1"}, {"best", s.ID, "--json"}, {"logs", s.ID + "/1"}, {"export", s.ID}} {
		here, there := p.kaon(command...).ends(exitDone), far.kaon(command...).ends(exitDone)
		if here.stdout != there.stdout {
			t.Errorf("kaon %s prints\n%s\nand from elsewhere\n%s", strings.Join(command, " "), here.stdout, there.stdout)
		}
	}
	p.kaon("serve", "--listen", "0.0.0.0:0").ends(exitUsage).says("--tls-cert")
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
}

// certify writes a new certificate of 127.0.0.1 and its key, and answers a client that trusts it alone.
func (p place) certify(cert, key string) *http.Client {
	p.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	now := time.Now()
	about := x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &about, &about, private.Public(), private)
	if err != nil {
		p.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		p.t.Fatal(err)
	}
	p.write(key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	p.write(cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	trusted, err := x509.ParseCertificate(der)
	if err != nil {
		p.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(trusted)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
}

// A server with a certificate answers by TLS alone, and takes a new certificate without being started again.
func TestServeTLS(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.kaon("serve", "--listen", "127.0.0.1:0", "--tls-cert", "cert.pem", "--tls-key", "key.pem").ends(exitUsage).says("--tls-cert cert.pem")
	first := p.certify("cert.pem", "key.pem")
	x, ready := p.serving("--listen", "127.0.0.1:0", "--tls-cert", "cert.pem", "--tls-key", "key.pem")
	at := ready.Listen[0]
	alive := func(c *http.Client, url string) bool {
		rs, err := c.Get(url + "/healthz")
		if err != nil {
			return false
		}
		defer rs.Body.Close()
		return rs.StatusCode == http.StatusOK
	}
	if !strings.HasPrefix(at, "https://") || !alive(first, at) || alive(http.DefaultClient, strings.Replace(at, "https:", "http:", 1)) {
		t.Fatalf("at %s it does not answer by TLS, or also without", at)
	}
	secret := strings.TrimSpace(p.kaon("token", "create", "ann").ends(exitDone).stdout)
	far := newPlace(t)
	far.aws = []string{"HOME=" + far.dir, "XDG_CONFIG_HOME=" + far.dir + "/.config", "KAON_TOKEN=" + secret}
	far.kaon("whoami", "--server", at).ends(exitUnreachable).says("certificate")
	far.aws = append(far.aws, "SSL_CERT_FILE="+filepath.Join(p.dir, "cert.pem"))
	far.kaon("whoami", "--server", at).ends(exitDone).prints("ann, submitter")

	p.write("cert.pem", "half a cert") // while it is replaced, the old one is good
	if !alive(first, at) {
		t.Error("half a certificate ends the service")
	}
	second := p.certify("cert.pem", "key.pem")
	if !alive(second, at) || alive(first, at) {
		t.Error("the new certificate is not taken, or the old one is still")
	}
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
}

// A web page that leads a browser here by a name of its own gets nothing, and nobody listens on the port of a server that
// another user has.
func TestAttackServe(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	x, ready := p.serving("--listen", "127.0.0.1:0")
	conn, err := net.Dial("tcp", strings.TrimPrefix(ready.Listen[0], "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET /v1/whoami HTTP/1.1\r\nHost: evil.example\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 100)
	if n, err := conn.Read(answer); err != nil || !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 421") {
		t.Errorf("a foreign name is answered %q, %v", answer[:n], err)
	}
	if info, err := os.Stat(strings.TrimPrefix(ready.Server, "unix://")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket has %v, %v", info, err)
	}
	p.kaon("serve").ends(exitUnreachable) // one server for a folder
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
}
