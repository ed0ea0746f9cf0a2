package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
)

// A cluster that is there is measured from its own metrics: every trial is a launch, its updates are counted, and so
// is the time of both sides.
func TestBenchMesos(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.kaon("bench", "mesos").ends(exitUsage).says("--master", "kaon cluster --listen")
	p.kaon("bench", "mesos", "--master", "local").ends(exitUsage)

	cluster := p.start("cluster", "--listen", "127.0.0.1:0", "--json", "--no-auth", "--allocate", "20ms", "--agent", "name=a,cpus=8,mem=2000")
	cluster.stdout.await(t, "\n")
	var said struct{ Cluster string }
	if err := json.Unmarshal([]byte(cluster.stdout.String()), &said); err != nil {
		t.Fatal(err)
	}
	peer := filepath.Join(p.dir, "mesos-go")
	if err := os.Mkdir(peer, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"example-executor": "", "example-scheduler": "#!/bin/sh\necho cannot do that\nexit 1\n"} {
		if err := os.WriteFile(filepath.Join(peer, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var got struct {
		Rows []struct {
			Name, Skipped string
			Trials        int
			Points        int
			Launches      float64  `json:"launches_per_trial"`
			Updates       float64  `json:"updates_per_trial"`
			Acks          float64  `json:"acknowledgements_per_trial"`
			Scheduler     float64  `json:"scheduler_cpu_ms_per_trial"`
			Master        float64  `json:"master_cpu_ms_per_trial"`
			Agents        *float64 `json:"agents_cpu_ms_per_trial"`
		}
		Notes []string
	}
	p.kaon("bench", "mesos", "--master", said.Cluster, "--trials=30", "--points=4", "--memory=16", "--mesos-go", peer, "--json").ends(exitDone).json(&got)
	if len(got.Rows) != 2 || len(got.Notes) == 0 {
		t.Fatalf("got %+v", got)
	}
	r := got.Rows[0]
	if r.Trials != 30 || r.Points != 120 || r.Launches <= 0 || r.Launches > 1.5 || r.Updates <= 0 || r.Acks <= 0 || r.Scheduler <= 0 || r.Master <= 0 || r.Agents != nil {
		t.Errorf("kaon: %+v", r)
	}
	if r := got.Rows[1]; r.Skipped != "it ended early: cannot do that" {
		t.Errorf("the peer: %+v", r)
	}
	testkit.Await(t, "the end of the executors", func() bool { // which outlive their agent
		return !slices.ContainsFunc(p.processes(), func(pid int) bool { return strings.Contains(commandOf(pid), " executor ") })
	})
}
