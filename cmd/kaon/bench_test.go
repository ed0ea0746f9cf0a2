package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/testkit"
)

// runBench runs `kaon bench pack` and answers its exit code and output.
func runBench(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = execute(t.Context(), append([]string{"bench", "pack", "--runs=1"}, args...), &output{&out, &errs})
	return code, out.String(), errs.String()
}

func writeCSV(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "given.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBenchPackTakesAnyonesCSV(t *testing.T) {
	agents := writeCSV(t, "id,host,cpus,mem\no1,h1,4,4096\no2,h2,2.5,4096\n")
	trials := writeCSV(t, "id,cpus,mem\nt1,2,1024\nt2,2,1024\nt3,2.5,1024\nt4,3,1024\n")
	code, stdout, stderr := runBench(t, "--agents", agents, "--trials", trials, "--json")
	if code != exitDone {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	var got struct {
		Cases []struct {
			Name        string `json:"name"`
			Agents      int    `json:"agents"`
			Trials      int    `json:"trials"`
			Placed      int    `json:"placed"`
			Hosts       int    `json:"hosts"`
			LowerBound  int    `json:"lower_bound_hosts"`
			Utilisation struct {
				CPUs float64 `json:"cpus"`
				Mem  float64 `json:"mem"`
			} `json:"utilisation"`
			Seconds   float64 `json:"seconds"`
			PerSecond float64 `json:"placements_per_second"`
		} `json:"cases"`
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	c := got.Cases[0]
	if c.Name != "given" || c.Agents != 2 || c.Trials != 4 || c.Placed != 3 || c.Hosts != 2 || c.LowerBound != 2 ||
		c.Utilisation.CPUs != 1 || c.Utilisation.Mem != 0.375 || c.Seconds <= 0 || c.PerSecond <= 0 {
		t.Errorf("got %+v", c)
	}
}

func TestBenchPackRefusesBadInput(t *testing.T) {
	agents := writeCSV(t, "id,host,cpus,mem\no1,h1,many,4096\n")
	for want, args := range map[string][]string{
		`line 2: cpus "many"`:     {"--agents", agents},
		"the cases are":           {"--case", "romy"},
		"--record writes what":    {"--record", "x.csv"},
		"give one":                {"--agents", agents, "--cluster", "mesos://localhost:5050"},
		"want mesos://host":       {"--cluster", "localhost:5050"},
		"--case chooses built-in": {"--case", "churn", "--agents", agents},
	} {
		if code, _, stderr := runBench(t, args...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit %d and %q, want %d and %q", args, code, stderr, exitUsage, want)
		}
	}
}

func TestBenchPackRecordsALiveCluster(t *testing.T) {
	server, err := embedded.Start(t.Context(), embedded.Config{
		Agents:  []embedded.AgentConfig{{Name: "a", Hostname: "host-a", CPUs: 4, MemoryMB: 4000}},
		WorkDir: t.TempDir(), Timing: protocol.Timing{AllocationInterval: 5 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	record := filepath.Join(t.TempDir(), "agents.csv")
	trials := writeCSV(t, "id,cpus,mem\nt1,2,1024\n")
	for wait := time.Second; ; wait *= 4 { // a busy machine may not have come to an offer in the first
		code, stdout, stderr := runBench(t, "--cluster", "mesos://"+server.Addr(), "--wait", wait.String(), "--record", record, "--trials", trials)
		if code == exitDone && strings.Contains(stdout, "given") {
			break
		}
		if wait > testkit.Patience {
			t.Fatalf("exit %d: %s%s", code, stdout, stderr)
		}
	}
	text, err := os.ReadFile(record)
	if err != nil || !strings.Contains(string(text), "host-a,4,4000\n") {
		t.Errorf("recorded %q, %v", text, err)
	}
}
