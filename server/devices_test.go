package server

import (
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/sweep"
)

// Devices are found on nodes by their names; where no agent has one people are told so, with what helps, and what an address
// counts otherwise is refused.
func TestDevicesThatNobodyHas(t *testing.T) {
	k := kubernetestest.New(t, kubernetestest.Options{})
	k.AddNode(kubernetestest.Node{Name: "n1", CPU: "4", Memory: "4Gi", Extended: map[string]string{
		"nvidia.com/gpu": "2", "example.com/nic": "2", "example.com/gpu": "1"}})
	on := func(gpu string) Cluster {
		return Cluster{Executor: "/kaon", Kubernetes: &kubernetes.Config{Kubeconfig: k.Kubeconfig(kubernetestest.AdminToken, "default"), GPU: gpu}}
	}
	for _, x := range []struct {
		cluster          Cluster
		resources        string
		sentence, remedy string
		refused          string
	}{
		{cluster: on(""), resources: "{nvidia.com/gpu: 2, example.com/nic: 1}"},
		{cluster: on(""), resources: "{gpus: 2}"},
		{cluster: on("example.com/gpu"), resources: "{gpus: 1}"},
		{cluster: on("example.com/gpu"), resources: "{gpus: 2}", sentence: "needs 2 gpus where the largest agent has 1"},
		{cluster: on(""), resources: "{example.com/nic: 3}", sentence: "needs 3 example.com/nic where the largest agent has 2"},
		{cluster: on(""), resources: "{example.com/fpga: 1}", sentence: "no agent has example.com/fpga", remedy: "kubectl describe node"},
		{cluster: on(""), resources: "{amd.com/gpu: 1}", sentence: "no agent has amd.com/gpu", remedy: "write `gpus`"},
		{cluster: on("example.com/gpu"), resources: "{example.com/gpu: 1}", refused: "write `gpus` for it"},
		{cluster: on("example.com/gpu"), resources: "{nvidia.com/gpu: 1}", refused: "there are no other GPUs"},
		{resources: "{cpus: 0, memory: 1MB, example.com/fpga: 2}", sentence: "1 trial needs 2 example.com/fpga, and this machine has none", remedy: "--cluster"},
	} {
		spec, err := sweep.Parse("fit.yaml", []byte("method: grid\nparameters: {x: {values: [1]}}\ncommand: [\"true\"]\ntask: {image: a, resources: "+x.resources+"}\n"))
		if err != nil {
			t.Fatal(err)
		}
		found, err := x.cluster.FindInfeasible(t.Context(), spec, "", 0)
		if x.refused != "" {
			if submitted := x.cluster.CheckFeasible(t.Context(), spec); err == nil || submitted == nil || !strings.Contains(err.Error(), x.refused) ||
				submitted.Error() != err.Error() {
				t.Errorf("%s: %v, %v; want %q", x.resources, err, submitted, x.refused)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case x.sentence == "" && len(found) > 0:
			t.Errorf("%s: %+v", x.resources, found)
		case x.sentence != "" && (len(found) == 0 || !strings.Contains(found[0].Sentence, x.sentence) || !strings.Contains(found[0].Remedy, x.remedy)):
			t.Errorf("%s: %+v, want %q and %q", x.resources, found, x.sentence, x.remedy)
		}
	}
}
