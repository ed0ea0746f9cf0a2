package server

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/crash"
	"github.com/kaon-sweep/kaon/sweep"
)

// What another framework has at the moment is no reason that trials would never start.
func TestPlanOfABusyMesos(t *testing.T) {
	s, err := embedded.Start(t.Context(), embedded.Config{
		Agents: []embedded.AgentConfig{
			{Name: "a", Hostname: "host-a", CPUs: 4, MemoryMB: 4000, DiskMB: 9000, Attributes: []embedded.Attribute{{Name: "rack", Text: "r1"}, {Name: "gen", Number: 3}}},
			{Name: "b", Hostname: "host-b", CPUs: 2, MemoryMB: 2000, DiskMB: 9000, Ports: [2]uint64{31000, 31009}},
		},
		WorkDir: t.TempDir(), Timing: protocol.Timing{AllocationInterval: 5 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	conf := mesos.Config{Masters: []string{s.Addr()}, FirstTimeout: 10 * time.Second}
	greedy, err := mesos.New(conf)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	offered, ended := make(chan int, 8), make(chan error, 1)
	crash.Go(func() {
		ended <- greedy.Run(ctx, func(evs ...cluster.Event) {
			for _, ev := range evs {
				if o, ok := ev.(cluster.Offered); ok {
					offered <- len(o.Offers)
				}
			}
		})
	})
	t.Cleanup(func() { cancel(); <-ended })
	for has := 0; has < 2; {
		has += <-offered
	}
	for _, c := range []struct{ resources, want string }{
		{"{cpus: 4, memory: 100MB}\n  constraints: [[rack, IS, r1], [gen, IS, '3']]", ""},
		{"{cpus: 1, memory: 100MB, ports: 2}", ""},
		{"{cpus: 5, memory: 100MB}", "fits no agent of this cluster, even empty; needs 5 cpus where the largest agent has 4"},
	} {
		spec, err := sweep.Parse("fit.yaml", []byte("method: grid\nparameters: {x: {values: [1]}}\ncommand: [\"true\"]\ntask:\n  resources: "+c.resources+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		found, err := Cluster{Mesos: &conf, Executor: "/bin/kaon"}.FindInfeasible(t.Context(), spec, "plan", 500*time.Millisecond)
		switch {
		case err != nil:
			t.Errorf("%s: %v", c.resources, err)
		case c.want == "" && len(found) > 0, c.want != "" && (len(found) != 1 || !strings.Contains(found[0].Sentence, c.want)):
			t.Errorf("%s: %+v, want %q", c.resources, found, c.want)
		}
	}
}
