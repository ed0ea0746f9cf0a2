package kubernetes

import (
	"maps"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
)

// A namespace whose quota wants limits refuses pods of which any container has none.
func TestLimitsOfPods(t *testing.T) {
	cpu, memory := quantity("500m"), quantity("64Mi")
	for _, x := range []struct {
		limits Limits
		once   bool
		want   amounts
	}{
		{LimitsNone, true, amounts{memoryName: memory}},
		{LimitsNone, false, nil},
		{LimitsMemory, false, amounts{memoryName: memory}},
		{LimitsRequests, true, amounts{memoryName: memory, cpuName: cpu}},
		{LimitsRequests, false, amounts{memoryName: memory, cpuName: cpu}},
	} {
		c := &Cluster{conf: Config{Image: "i", KaonImage: "kaon", User: "5", Limits: x.limits, Annotations: map[string]string{"note": "its"}}}
		e := &protocol.StartExecutor{Container: "c"}
		e.Framework.ID, e.Executor.Command = &mesos.FrameworkID{Value: "f"}, &mesos.CommandInfo{}
		if x.once {
			e.Executor.Command.Arguments = []string{"kaon", "executor", onceFlag}
		}
		p, err := c.podOf(&node{cluster: c, name: "n"}, e, protocol.Limits{CPUs: 0.5, MemoryMB: 64}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Spec.Containers[0].Resources; !maps.Equal(got.Limits, x.want) || got.Requests[cpuName] != cpu {
			t.Errorf("%q, one attempt: %v: %v, want limits %v", x.limits, x.once, got, x.want)
		}
		init := p.Spec.InitContainers[0].Resources
		if x.limits == LimitsNone && init.Limits != nil || x.limits != LimitsNone && !maps.Equal(init.Limits, x.want) {
			t.Errorf("%q: the init container has %v", x.limits, init)
		}
		if p.Metadata.Annotations["note"] != "its" {
			t.Errorf("annotations %v", p.Metadata.Annotations)
		}
	}
}
