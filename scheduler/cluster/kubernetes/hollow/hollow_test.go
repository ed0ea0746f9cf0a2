package hollow

import (
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/testkit"
)

// A pod ends when its annotation says, one without it runs until it is deleted, and nodes go with their kubelet.
func TestPods(t *testing.T) {
	c := kubernetestest.New(t, kubernetestest.Options{})
	account, err := kubernetes.FindAccount(c.Kubeconfig(kubernetestest.AdminToken, "default"), "")
	if err != nil {
		t.Fatal(err)
	}
	api, err := kubernetes.NewAPI(account)
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	n, err := Start(t.Context(), Config{API: api, Count: 2, CPU: 4, MemoryMB: 1024})
	if err != nil {
		t.Fatal(err)
	}
	phase := func(name string) string {
		for _, p := range c.List("pods", "default") {
			if p.Name() == name {
				return p.Text("status", "phase")
			}
		}
		return "gone"
	}
	for name, annotations := range map[string]map[string]string{"ends": {Seconds: "0.05"}, "stays": nil} {
		pod := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": name, "annotations": annotations},
			"spec": map[string]any{"nodeName": nodeName(1), "restartPolicy": "Never", "containers": []any{map[string]any{"name": "main", "image": "x"}}}}
		if err := api.Call(t.Context(), "POST", "/api/v1/namespaces/default/pods", nil, pod, nil); err != nil {
			t.Fatal(err)
		}
	}
	testkit.Await(t, "one to end and one to run", func() bool { return phase("ends") == "Succeeded" && phase("stays") == "Running" })
	for _, name := range []string{"ends", "stays"} {
		if err := api.Call(t.Context(), "DELETE", "/api/v1/namespaces/default/pods/"+name, nil, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	testkit.Await(t, "both to be gone", func() bool { return phase("ends") == "gone" && phase("stays") == "gone" })
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	if left := c.List("nodes", ""); len(left) > 0 {
		t.Errorf("%d nodes are left", len(left))
	}
}
