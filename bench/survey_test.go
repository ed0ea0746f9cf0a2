package bench

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
)

// serve starts an embedded master whose agents offer but run nothing here.
func serve(t *testing.T, agents ...embedded.AgentConfig) *mesos.Driver {
	t.Helper()
	server, err := embedded.Start(t.Context(), embedded.Config{
		Agents: agents, WorkDir: t.TempDir(), Timing: protocol.Timing{AllocationInterval: 5 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	driver, err := mesos.New(mesos.Config{Masters: []string{server.Addr()}, FirstTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return driver
}

func TestSurveyTakesALiveClustersOffers(t *testing.T) {
	driver := serve(t,
		embedded.AgentConfig{Name: "a", Hostname: "host-a", CPUs: 4, MemoryMB: 4000},
		embedded.AgentConfig{Name: "b", Hostname: "host-b", CPUs: 2.5, MemoryMB: 2000})
	found, err := Survey(t.Context(), driver, time.Second)
	machines := MachinesOf(found)
	if err != nil {
		t.Fatal(err)
	}
	size := make(map[string]Machine)
	for _, m := range machines {
		size[m.Host] = m
	}
	if a, b := size["host-a"], size["host-b"]; a.CPUs != 4000 || a.Mem != 4000000 || b.CPUs != 2500 || b.Mem != 2000000 {
		t.Errorf("got %+v", machines)
	}
}

func TestSurveySaysWhenNothingIsOffered(t *testing.T) {
	if _, err := Survey(t.Context(), serve(t), 200*time.Millisecond); !errors.Is(err, ErrNoOffers) {
		t.Errorf("got %v, want %v", err, ErrNoOffers)
	}
}

func TestSurveyEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Survey(ctx, serve(t), time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestSurveySaysWhenNobodyAnswers(t *testing.T) {
	driver, err := mesos.New(mesos.Config{Masters: []string{"127.0.0.1:9"}, FirstTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Survey(t.Context(), driver, 200*time.Millisecond); !errors.Is(err, ErrNoMaster) {
		t.Errorf("got %v, want %v", err, ErrNoMaster)
	}
}
