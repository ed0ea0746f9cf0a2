package board

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/sweep"
)

// large is the board of so many trials as real ones end: parameters in groups, a sandbox, two metrics.
func large(b *testing.B, trials int) *Board {
	b.Helper()
	out := New(Config{Sweep: "s", Trials: trials, Objective: sweep.Metric{Name: "loss", Goal: sweep.Minimize}})
	r := rand.New(rand.NewPCG(1, 1))
	for i := range trials {
		loss := r.Float64()
		rec := results.Record{Sweep: "s", Trial: i, Attempt: 1, Points: []results.Point{{Step: 1, Metrics: map[string]float64{"loss": loss, "acc": 1 - loss}}},
			End: &results.End{State: sweep.AttemptSucceeded, Final: true, StartMs: int64(1000 * i), EndMs: int64(1000*i + r.IntN(1000)), Points: 1, Agent: fmt.Sprint("host-", i%700), Sandbox: fmt.Sprintf("/var/lib/mesos/slaves/S%d/frameworks/F/executors/e/runs/%d", i%700, i),
				Params: json.RawMessage(fmt.Sprintf(`{"optimizer":{"name":"adam","lr":%g},"layers":%d,"dropout":%g,"activation":"relu"}`, r.Float64(), r.IntN(9), r.Float64()))},
		}
		if err := out.Fold(rec); err != nil {
			b.Fatal(err)
		}
	}
	return out
}

// cpu is what the process has had of processors, in nanoseconds: other work on the machine does not count.
func cpu(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkOrder sorts all trials of a board as a page of the dashboard does when it is turned first.
func BenchmarkOrder(b *testing.B) {
	const trials = 200_000
	all := large(b, trials)
	for _, by := range []string{"params.layers", "params.optimizer.lr", "params.activation", "seconds", "value"} {
		b.Run(by, func(b *testing.B) {
			began := cpu(b)
			for b.Loop() {
				o := NewOrder(Query{Sort: by})
				for o.Add(all, 2000) {
				}
				if n := len(o.Indices(all)); n != trials {
					b.Fatal(n)
				}
			}
			b.ReportMetric(float64(cpu(b)-began)/float64(b.N)/trials, "cpu-ns/trial")
		})
	}
}
