package embedded

import (
	"slices"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// A shared agent offers what it may and no more: nothing at first, then its share, less when that shrinks,
// whose offers are taken back, and the rest when it grows.
func TestShareLimitsOffers(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	c := NewCore(CoreConfig{Hostname: "m", IP: "127.0.0.1", Port: 5050,
		Timing: protocol.Timing{AllocationInterval: time.Microsecond}}, now)
	cfg := AgentConfig{CPUs: 4, MemoryMB: 1000, GPUs: 2}
	c.AddAgent(now, AgentSpec{Name: "a", Hostname: "a", Resources: cfg.Resources(), GPUs: []string{"x", "y"},
		Simulated: true, Shared: true}, "", nil)
	caps := []mesos.FrameworkInfo_Capability{{Type: mesos.FrameworkInfo_Capability_GPU_RESOURCES}}
	c.Call(now, "s", "", calls.Subscribe(&mesos.FrameworkInfo{User: "u", Name: "f", Capabilities: caps}))
	step := func() (offered []float64, rescinded int) {
		now = now.Add(time.Second)
		c.Tick(now)
		for _, e := range c.Take() {
			s, ok := e.(protocol.SendEvent)
			if !ok {
				continue
			}
			if s.Event.Type == scheduler.Event_RESCIND {
				rescinded++
			}
			for _, o := range s.Event.GetOffers().GetOffers() {
				b := protocol.ParseResources(o.Resources)
				for _, name := range []string{"cpus", "mem", "gpus"} {
					v := 0.0
					if i := b.Find(name); i >= 0 {
						v = float64(b[i].Milli) / 1000
					}
					offered = append(offered, v)
				}
			}
		}
		return offered, rescinded
	}
	for i, test := range []struct {
		share     *protocol.Share
		offered   []float64
		rescinded int
	}{
		{nil, nil, 0},
		{&protocol.Share{CPUs: 1, MemoryMB: 100, GPUs: []string{"y"}}, []float64{1, 100, 1}, 0},
		{&protocol.Share{CPUs: 1, MemoryMB: 100, GPUs: []string{"y"}}, nil, 0},
		{&protocol.Share{CPUs: 0.5, MemoryMB: 200, GPUs: nil}, []float64{0.5, 200, 0}, 1},
		{&protocol.Share{}, nil, 1},
		{&protocol.Share{CPUs: 4, MemoryMB: 1000, GPUs: []string{"x", "y"}}, []float64{4, 1000, 2}, 0},
	} {
		if test.share != nil && !c.Share(now, "a", func(used protocol.Share) protocol.Share {
			if used.CPUs != 0 || used.MemoryMB != 0 || len(used.GPUs) > 0 {
				t.Errorf("%d: nothing runs, but in use is %+v", i, used)
			}
			return *test.share
		}) {
			t.Fatal("the agent is not known")
		}
		if offered, rescinded := step(); !slices.Equal(offered, test.offered) || rescinded != test.rescinded {
			t.Errorf("%d: offered %v, taken back %d, want %v, %d", i, offered, rescinded, test.offered, test.rescinded)
		}
	}
}
