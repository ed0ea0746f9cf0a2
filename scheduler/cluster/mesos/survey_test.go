package mesos_test

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/testkit"
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
	want := map[string]resource.Milli{"host-a cpus": 4000, "host-a mem": 4000_000, "host-b cpus": 2500, "host-b mem": 2000_000}
	for wait := time.Second; ; wait *= 4 { // a busy machine may not have come to all offers in the first
		found, err := mesos.Survey(t.Context(), driver, wait)
		size := map[string]resource.Milli{}
		for _, o := range found {
			for _, a := range o.Amounts {
				if name := o.Hostname + " " + a.Name; want[name] > 0 {
					size[name] += a.Scalar
				}
			}
		}
		if err == nil && maps.Equal(size, want) {
			return
		}
		if wait > testkit.Patience {
			t.Fatalf("%v are offered, want %v; %v", size, want, err)
		}
	}
}

func TestSurveySaysWhenNothingIsOffered(t *testing.T) {
	driver := serve(t)
	for wait := 200 * time.Millisecond; ; wait *= 4 { // a busy machine may not have answered in the first
		_, err := mesos.Survey(t.Context(), driver, wait)
		if errors.Is(err, mesos.ErrNoOffers) {
			return
		}
		if !errors.Is(err, mesos.ErrUnreachable) || wait > testkit.Patience {
			t.Fatalf("got %v, want %v", err, mesos.ErrNoOffers)
		}
	}
}

func TestSurveyEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := mesos.Survey(ctx, serve(t), time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestSurveySaysWhenNobodyAnswers(t *testing.T) {
	driver, err := mesos.New(mesos.Config{Masters: []string{"127.0.0.1:9"}, FirstTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mesos.Survey(t.Context(), driver, 200*time.Millisecond); !errors.Is(err, mesos.ErrUnreachable) {
		t.Errorf("got %v, want %v", err, mesos.ErrUnreachable)
	}
}
