package main

import (
	"encoding/json"
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
