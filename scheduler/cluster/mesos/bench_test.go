package mesos_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
)

// BenchmarkTrials carries tasks of simulated agents through launch, updates and acknowledgements, with the
// embedded master in the same process, and acknowledgements from four goroutines as the loop sends them.
func BenchmarkTrials(b *testing.B) {
	ctx, stop := context.WithCancel(context.Background())
	server, err := embedded.Start(ctx, embedded.Config{Seed: 1, Simulated: &embedded.Simulation{Agents: 100}})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	d, err := mesos.New(mesos.Config{Masters: []string{server.Addr()}})
	if err != nil {
		b.Fatal(err)
	}
	var run sync.WaitGroup
	defer run.Wait()
	defer stop()
	events := make(chan cluster.Event, 10000)
	run.Go(func() {
		_ = d.Run(ctx, func(evs ...cluster.Event) {
			for _, e := range evs {
				events <- e
			}
		})
	})
	calls := make(chan cluster.Call, 10000)
	for range 4 {
		run.Go(func() {
			for {
				select {
				case c := <-calls:
					if err := d.Send(ctx, c); err != nil && ctx.Err() == nil {
						b.Error(err)
					}
				case <-ctx.Done():
					return
				}
			}
		})
	}
	b.ResetTimer()
	launched, ended := 0, 0
	for ended < b.N {
		switch e := (<-events).(type) {
		case cluster.Offered:
			for _, o := range e.Offers {
				c := cluster.Accept{Agent: o.Agent, Offers: []offers.OfferID{o.ID}}
				var cpu offers.Amount
				for _, a := range o.Amounts {
					if a.Name == "cpus" {
						cpu = a
					}
				}
				n := cpu.Scalar / 110
				cpu.Scalar = 100
				own := cpu
				own.Scalar = 10
				for ; n > 0 && launched < b.N; n-- {
					c.Tasks = append(c.Tasks, cluster.TaskInfo{ID: cluster.TaskID(fmt.Sprintf("s.%d.0", launched)),
						Name: "s", Resources: []offers.Amount{cpu},
						Executor: cluster.ExecutorInfo{ID: "ex", Argv: []string{"kaon"},
							Resources: []offers.Amount{own}}, Data: make([]byte, 300)})
					launched++
				}
				if len(c.Tasks) > 0 {
					calls <- c
				} else {
					calls <- cluster.Decline{Offers: c.Offers}
				}
			}
		case cluster.Updated:
			if e.Status.State == cluster.Finished {
				if ended++; ended%1000 == 0 && launched < b.N {
					calls <- cluster.Revive{}
				}
			}
			if len(e.Status.UUID) > 0 {
				calls <- cluster.Acknowledge{Task: e.Status.Task, Agent: e.Status.Agent, UUID: e.Status.UUID}
			}
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "trials/s")
}
