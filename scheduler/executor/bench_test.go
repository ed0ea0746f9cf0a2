package executor

import (
	"fmt"
	"testing"

	mesosapi "github.com/mesos/mesos-go/api/v1/lib"
	api "github.com/mesos/mesos-go/api/v1/lib/executor"

	"github.com/kaon-sweep/kaon/scheduler/task"
)

// BenchmarkTrueTwoAtATime runs `true` as trials, two at a time, against an agent over HTTP. Beside it to
// compare: seq 1000 | xargs -P2 -n1 true.
func BenchmarkTrueTwoAtATime(b *testing.B) {
	a := newFakeAgent(b)
	startExecutor(b, a, func(c *Config) {
		*c = Config{Agent: c.Agent, Framework: c.Framework, Executor: c.Executor,
			Sandbox: c.Sandbox, Environ: c.Environ}
	})
	ended := make(chan struct{}, 2)
	a.set(func() {
		a.mu.onUpdate = func(s mesosapi.TaskStatus) {
			if s.GetState() == mesosapi.TASK_FINISHED {
				ended <- struct{}{}
			}
		}
	})
	order := task.Encode(task.Order{Argv: []string{"true"}, Sweep: "s", Params: []byte(`{"lr":0.1}`)})
	n := 0
	for b.Loop() {
		if n >= 2 {
			<-ended
		}
		n++
		a.tell(&api.Event{Type: api.Event_LAUNCH, Launch: &api.Event_Launch{Task: mesosapi.TaskInfo{
			Name: "t", TaskID: mesosapi.TaskID{Value: fmt.Sprintf("s.%d.0", n)}, AgentID: mesosapi.AgentID{Value: "a1"}, Data: order}}})
	}
	for range min(n, 2) {
		<-ended
	}
}

// BenchmarkMetricLines is one trial that writes its metrics as fast as it can; an operation is a line.
func BenchmarkMetricLines(b *testing.B) {
	a := newFakeAgent(b)
	startExecutor(b, a, nil)
	points, ended := 0, make(chan struct{})
	a.set(func() {
		a.mu.onUpdate = func(s mesosapi.TaskStatus) {
			r, err := task.Decode[task.Report](s.Data)
			if err != nil {
				b.Error(err)
			}
			if points += len(r.Points); r.End != nil {
				close(ended)
			}
		}
	})
	b.ResetTimer()
	a.launch("t.0", task.Order{Shell: fmt.Sprintf(`seq -f '{"loss": 0.5, "accuracy": 0.25, "step": %%.0f}' %d >> $KAON_METRICS`, b.N)})
	<-ended
	if points != b.N {
		b.Fatalf("%d points of %d", points, b.N)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "points/s")
}
