package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results/bucket/dir"
	"github.com/kaon-sweep/kaon/results/bucket/s3/s3test"
	"github.com/kaon-sweep/kaon/testkit"
)

// doctor runs it as JSON, and answers what it finds by part and check.
func (p place) doctor(code int, args ...string) map[string]finding {
	p.t.Helper()
	var list []finding
	p.kaon(append([]string{"doctor", "--json"}, args...)...).ends(code).json(&list)
	return byCheck(p.t, list)
}

func byCheck(t *testing.T, list []finding) map[string]finding {
	t.Helper()
	found := map[string]finding{}
	for _, one := range list {
		if bad := one.Verdict == verdictWarn || one.Verdict == verdictFail; one.Check == "" || one.Text == "" || !bad && one.Remedy != "" || one.Verdict == verdictFail && one.Remedy == "" {
			t.Errorf("finding %+v", one)
		}
		found[one.Part+" "+one.Check] = one
	}
	return found
}

// is asserts what a check came to.
func is(t *testing.T, found map[string]finding, check string, want verdict, says string) {
	t.Helper()
	if one := found[check]; one.Verdict != want || !strings.Contains(one.Text, says) {
		t.Errorf("%s: %+v, want %s with %q", check, one, want, says)
	}
}

func TestDoctorOfMachineAndResults(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("kaon-results/sweeps/x/spec.yaml", "")
	r := p.kaon("doctor", "--only", "results")
	r.ends(exitDone).prints("ok    results: write and read: "+filepath.Join(p.dir, "kaon-results"), "ok    results: delete")
	if left, _ := filepath.Glob(filepath.Join(p.dir, "kaon-results", "doctor", "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	found := p.doctor(exitDone, "--only", "machine", "--only", "results", "--results", "new/results")
	is(t, found, "machine open files", found["machine open files"].Verdict, "for a process")
	is(t, found, "machine state folder", verdictOK, p.dir)
	is(t, found, "results write and read", verdictInfo, "the first sweep makes it")
	if _, err := os.Stat(filepath.Join(p.dir, "new")); err == nil {
		t.Error("it has made the folder")
	}
	p.write("file", "")
	found = p.doctor(exitFailed, "--only", "results", "--results", "file/results")
	is(t, found, "results folder", verdictFail, "file")

	few := exec.Command("sh", "-c", "ulimit -n 40; umask 000; exec \"$0\" doctor --only machine --json", p.command().Path)
	few.Dir, few.Env = p.dir, p.environ()
	var list []finding
	p.launch(few).wait().ends(exitFailed).json(&list)
	found = byCheck(t, list)
	is(t, found, "machine open files", verdictFail, "40 for a process")
	is(t, found, "machine umask", verdictWarn, "0000")
}

func TestDoctorOfS3(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("kaon")
	p := newPlace(t)
	p.aws = []string{"AWS_ACCESS_KEY_ID=" + s3test.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s3test.SecretKey, "AWS_ENDPOINT_URL=" + server.URL, "AWS_REGION=us-east-1"}
	only := []string{"--only", "results", "--results"}
	found := p.doctor(exitDone, append(only, "s3://kaon/team")...)
	for _, check := range []string{"write and read", "list", "delete", "clock"} {
		is(t, found, "results "+check, verdictOK, "")
	}
	if found["results conditional writes"].Text == "" {
		t.Errorf("conditional writes were not tried: %v", found)
	}
	found = p.doctor(exitFailed, append(only, "s3://none/team")...)
	if !slices.ContainsFunc([]string{"open", "write and read"}, func(c string) bool { return found["results "+c].Verdict == verdictFail }) {
		t.Errorf("a bucket that is not there: %v", found)
	}
	p.aws[1] = "AWS_SECRET_ACCESS_KEY=wrong"
	found = p.doctor(exitFailed, append(only, "s3://kaon/team")...)
	if !slices.ContainsFunc([]string{"open", "write and read"}, func(c string) bool { return found["results "+c].Verdict == verdictFail }) {
		t.Errorf("a wrong secret: %v", found)
	}
}

func TestDoctorOfCluster(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	only := []string{"--only", "cluster", "--cluster"}
	is(t, p.doctor(exitDone, append(only, "local")...), "cluster address", verdictOK, "this machine")
	is(t, p.doctor(exitFailed, append(only, "nowhere:5050")...), "cluster address", verdictFail, "nowhere")
	nobody := closedPort(t)
	found := p.doctor(exitFailed, append(only, "mesos://"+nobody)...)
	is(t, found, "cluster master "+nobody, verdictFail, "refused")
	is(t, found, "cluster subscription", verdictFail, "")

	cluster := p.start("cluster", "--listen", "127.0.0.1:0", "--json", "--no-auth", "--allocate", "20ms", "--agent", "name=a,cpus=3,mem=200")
	var at struct{ Cluster string }
	testkit.Await(t, "the cluster", func() bool { return json.Unmarshal([]byte(cluster.stdout.String()), &at) == nil })
	testkit.Await(t, "a doctor who has an offer in the time that it takes for that", func() bool {
		r := p.kaon(append([]string{"doctor", "--json"}, append(only, at.Cluster, "--advertise", "127.0.0.1")...)...)
		var list []finding
		r.json(&list)
		found = byCheck(t, list)
		return r.code == exitDone && found["cluster offers"].Verdict == verdictOK
	})
	is(t, found, "cluster offers", verdictOK, "1 agent offered 3 cpus")
	is(t, found, "cluster advertised address", verdictOK, "127.0.0.1")
	is(t, p.doctor(exitFailed, append(only, at.Cluster, "--advertise", "192.0.2.1")...), "cluster advertised address", verdictFail, "")
	cluster.signal(os.Interrupt)
	cluster.wait()
}

func TestDoctorOfServer(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	is(t, p.doctor(exitDone, "--only", "server"), "server address", verdictInfo, "no server of yours")
	x, ready := p.serving("--listen", "127.0.0.1:0")
	found := p.doctor(exitDone, "--only", "server")
	is(t, found, "server answer", verdictOK, "admin")
	is(t, found, "server socket", verdictOK, "-rw-------")
	is(t, found, "server version", verdictOK, "")
	is(t, p.doctor(exitFailed, "--only", "server", "--server", ready.Listen[0]), "server token", verdictFail, "does not know this caller")
	p.kaon("token", "create", "ann", "--days", "3").ends(exitDone)
	is(t, p.doctor(exitDone, "--only", "server"), "server token of ann", verdictWarn, "it ends")
	socket := strings.TrimPrefix(ready.Server, "unix://")
	if err := os.Chmod(socket, 0o666); err != nil {
		t.Fatal(err)
	}
	is(t, p.doctor(exitFailed, "--only", "server"), "server socket", verdictFail, "-rw-rw-rw-")
	x.signal(os.Interrupt)
	x.wait().ends(exitDone)
	is(t, p.doctor(exitFailed, "--only", "server", "--server", "http://"+closedPort(t)), "server answer", verdictFail, "no server listens there")

	p.certify("cert.pem", "key.pem") // for an hour
	cert, key := filepath.Join(p.dir, "cert.pem"), filepath.Join(p.dir, "key.pem")
	if err := os.Chmod(key, 0o600); err != nil {
		t.Fatal(err)
	}
	is(t, p.doctor(exitDone, "--only", "server", "--tls-cert", cert, "--tls-key", key), "server certificate", verdictWarn, "127.0.0.1")
	if err := os.Chmod(key, 0o604); err != nil {
		t.Fatal(err)
	}
	f := &findings{part: "server"}
	checkCertificate(f, cert, key, time.Now().Add(2*time.Hour))
	found = byCheck(t, f.list)
	is(t, found, "server certificate", verdictFail, "not good now")
	is(t, found, "server key", verdictFail, "mode")
	is(t, p.doctor(exitFailed, "--only", "server", "--tls-cert", key, "--tls-key", cert), "server certificate", verdictFail, "")
}

func TestDoctorOfClocks(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for skew, want := range map[time.Duration]verdict{
		0: verdictOK, 900 * time.Millisecond: verdictOK, -5 * time.Second: verdictOK, 7 * time.Second: verdictWarn, -time.Minute: verdictWarn, 10 * time.Minute: verdictFail, -time.Hour: verdictFail,
	} {
		f := &findings{part: "results"}
		checkClock(f, "store", now.Add(-skew).Format(http.TimeFormat), now)
		is(t, byCheck(t, f.list), "results clock", want, "that of the store")
	}
	f := &findings{}
	if checkClock(f, "store", "yesterday", now); len(f.list) > 0 {
		t.Errorf("%+v", f.list)
	}
}

// Objects that cannot be listed are one finding, and no fault of what the store lists.
func TestDoctorOfAList(t *testing.T) {
	t.Parallel()
	folder, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := folder.Put(t.Context(), "doctor/y", strings.NewReader("")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, want := range []string{"not listed at once", "context canceled"} {
		f := &findings{part: "results"}
		checkList(ctx, f, folder, "doctor/x")
		is(t, byCheck(t, f.list), "results list", verdictFail, want)
		if len(f.list) != 1 {
			t.Errorf("%+v", f.list)
		}
		cancel()
	}
}

// The certificate of a server is looked at also where its address is one of IPv6.
func TestDoctorOfAPeer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip(err)
	}
	h := httptest.NewUnstartedServer(http.NotFoundHandler())
	h.Listener.Close()
	h.Listener = listener
	h.StartTLS()
	defer h.Close()
	u, err := url.Parse(h.URL)
	if err != nil {
		t.Fatal(err)
	}
	f := &findings{part: "server"}
	checkPeer(t.Context(), f, u)
	is(t, byCheck(t, f.list), "server certificate", verdictOK, "example.com")
}

// What the account of a Kubernetes may not do is told before a sweep waits for it.
func TestDoctorOfKubernetes(t *testing.T) {
	t.Parallel()
	e, p := inProcessKubernetes(t), newPlace(t)
	found := p.doctor(exitDone, "--only", "cluster", "--cluster", e.address)
	is(t, found, "cluster rights", verdictOK, "sweeps need")
	is(t, found, "cluster kubernetes", verdictOK, "2 nodes")
	found = p.doctor(exitFailed, "--only", "cluster", "--cluster", e.address+"&namespace=kaon")
	is(t, found, "cluster kubernetes", verdictFail, "cannot list resource")
}
