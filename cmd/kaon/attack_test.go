package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// `kaon cluster` lets in who knows its credentials: its owner's own commands find them, a stranger is refused.
func TestAttackCluster(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("one.yaml", "metric: {name: cost, goal: minimize}\nparameters: {x: {values: [1, 2]}}\nmethod: grid\ntask: {resources: {cpus: 1, memory: 10MB}}\ncommand: echo cost=${param.x}\n")
	p.kaon("cluster", "--listen", "0.0.0.0:0").ends(exitUsage).says("other machines", "--principal @FILE")
	p.kaon("cluster", "--listen", "0.0.0.0:0", "--no-auth").ends(exitUsage).says("other machines")
	p.kaon("cluster", "--listen", "127.0.0.1:0", "--principal", "me:secret").ends(exitUsage).says("command line", "@FILE")
	p.write("open", "me:secret")
	if err := os.Chmod(filepath.Join(p.dir, "open"), 0o644); err != nil {
		t.Fatal(err)
	}
	p.kaon("cluster", "--listen", "127.0.0.1:0", "--principal", "@open").ends(exitUsage).says("chmod 600")

	cluster := p.start("cluster", "--listen", "127.0.0.1:0", "--json", "--allocate", "20ms", "--agent", "name=a,cpus=1,mem=200")
	cluster.stdout.await(t, "\n")
	var said struct{ Cluster, Credentials string }
	if err := json.Unmarshal([]byte(cluster.stdout.String()), &said); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(said.Credentials)
	if info, err := os.Stat(said.Credentials); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("credentials: %v %v", info, err)
	}
	url := "http" + strings.TrimPrefix(said.Cluster, "mesos") + "/api/v1/scheduler"
	resp, err := http.Post(url, "application/json", strings.NewReader(`{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root","name":"evil"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stranger: %s", resp.Status)
	}
	p.kaon("run", "one.yaml", "--json", "--cluster", said.Cluster).ends(exitDone)
	cluster.signal(os.Interrupt)
	cluster.wait().ends(exitDone)
}

// Metrics beyond this machine are shown to who knows the credentials alone, and a page of another site gets none.
func TestAttackMetrics(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	_, port, err := net.SplitHostPort(closedPort(t))
	if err != nil {
		t.Fatal(err)
	}
	p.kaon("run", "none.yaml", "--metrics", "0.0.0.0:"+port).ends(exitUsage)
	file := p.write("auth", "prometheus:s3cret\n")
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	p.write("none.yaml", "parameters: {x: {values: [1]}}\nmethod: grid\ncommand: echo\n")
	p.kaon("run", "none.yaml", "--metrics", "0.0.0.0:"+port).ends(exitUsage).says("--metrics-auth @FILE")
	p.kaon("run", "none.yaml", "--metrics", "127.0.0.1:"+port, "--metrics-auth", "me:secret").ends(exitUsage).says("command line")
	x := p.halfway("--metrics", "0.0.0.0:"+port, "--metrics-auth", "@"+file)
	ask := func(host, name, secret string) int {
		req, err := http.NewRequest(http.MethodGet, "http://127.0.0.1:"+port+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		if req.Host = host; name != "" {
			req.SetBasicAuth(name, secret)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	for _, c := range []struct {
		host, name, secret string
		want               int
	}{{"", "", "", 401}, {"", "prometheus", "", 401}, {"", "", "s3cret", 401}, {"", "prometheus", "s3cret", 200}, {"evil.example", "prometheus", "s3cret", 421}} {
		if got := ask(c.host, c.name, c.secret); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	x.signal(os.Interrupt)
	x.wait().ends(exitInterrupted)
}

// A secret on the command line works, and is warned of once, with what to do, never repeated.
func TestAttackCommandLine(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.write("one.yaml", "parameters: {x: {values: [1]}}\nmethod: grid\ncommand: echo\n")
	address := closedPort(t)
	r := p.kaon("run", "one.yaml", "--cluster", "mesos://me:s3cret@"+address, "--connect-timeout", "100ms").ends(exitUnreachable)
	r.says("every user of this machine", "KAON_CREDENTIALS=FILE")
	if n := strings.Count(r.stderr, "every user of this machine"); n != 1 || strings.Contains(r.stderr+r.stdout, "s3cret") {
		t.Errorf("%d warnings in:\n%s", n, r.stderr)
	}
	r = p.kaon("run", "one.yaml", "--cluster=mesos://"+address+"?name=a:b@c", "--connect-timeout", "100ms").ends(exitUnreachable)
	if strings.Contains(r.stderr, "every user of this machine") {
		t.Errorf("warned without a secret:\n%s", r.stderr)
	}
}
