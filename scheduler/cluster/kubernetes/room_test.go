package kubernetes_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/testkit"
)

// A node that has CPUs for more pods than it takes is asked for no more than that: the rest are dropped like tasks on a stale offer,
// without a call. When one has ended the next is taken.
func TestNodeTakesNoMorePods(t *testing.T) {
	e := newEngine(t, func(_ *kubernetes.Config, k *kubernetestest.Cluster) {
		k.Delete("nodes", "", "n1", 0)
		k.AddNode(kubernetestest.Node{Name: "n2", CPU: "4", Memory: "2Gi", Pods: 2})
	})
	line, end := untilEnd(t)
	o := e.offer(3.5)
	accept := cluster.Accept{Agent: o.Agent, Offers: []offers.OfferID{o.ID}}
	for i := range 4 {
		id := cluster.NewTaskID("s", i, 1)
		accept.Tasks = append(accept.Tasks, cluster.TaskInfo{
			ID: id, Name: string(id), Resources: []offers.Amount{amount("cpus", 0.5), amount("mem", 64)},
			Executor: cluster.ExecutorInfo{ID: offers.ExecutorID("executor-" + fmt.Sprint(i)), Argv: []string{"kaon", "executor", "--once"},
				Resources: []offers.Amount{amount("cpus", 0.01), amount("mem", 32)}},
			Data: task.Encode(task.Order{Sweep: "s", Attempt: 1, Argv: []string{"/bin/sh", "-c", line}}),
		})
	}
	e.send(accept)
	states := map[cluster.TaskState]int{}
	update := func() {
		s := await[cluster.Updated](e, "all to run or be dropped", nil).Status
		if len(s.UUID) > 0 {
			e.send(cluster.Acknowledge{Task: s.Task, Agent: s.Agent, UUID: s.UUID})
		}
		if states[s.State]++; s.State == cluster.Dropped && (s.Reason != "REASON_INVALID_OFFERS" || !strings.Contains(s.Message, "takes no more pods")) {
			t.Errorf("%s: %s %q", s.Task, s.Reason, s.Message)
		}
	}
	for states[cluster.Dropped] < 2 || states[cluster.Running] < 2 {
		update()
	}
	created := 0
	for _, q := range e.k.Requests() {
		if of("create", "")(q) {
			created++
		}
	}
	if created != 2 {
		t.Errorf("%d pods were created, want 2", created)
	}
	end()
	for states[cluster.Finished] < 2 {
		update()
	}
	testkit.Await(t, "their pods to be gone", func() bool { return len(e.k.List("pods", "trials")) == 0 })
	e.launch(e.offer(0.5), "s.0.2", "exit 0", 0.5, true)
	e.status("s.0.2", cluster.Finished)
	e.empty()
}

// What others have of a node's ephemeral storage is not offered as disk.
func TestOthersTakeStorage(t *testing.T) {
	e := newEngine(t, func(_ *kubernetes.Config, k *kubernetestest.Cluster) {
		k.Delete("nodes", "", "n1", 0)
		k.AddNode(kubernetestest.Node{Name: "n2", CPU: "4", Memory: "2Gi", Extended: map[string]string{"ephemeral-storage": "10Gi"}})
		k.Create("pods", "default", kubernetestest.Object{
			"kind": "Pod", "apiVersion": "v1", "metadata": map[string]any{"name": "other"},
			"spec": map[string]any{"nodeName": "n2", "restartPolicy": "Never", "containers": []any{map[string]any{
				"name": "c", "image": "plain:1", "command": []any{"/bin/sh", "-c", "sleep 1000"},
				"resources": map[string]any{"requests": map[string]any{"ephemeral-storage": "4Gi"}},
			}}},
		})
	})
	o := e.with([]int{6 << 10}, "disk")
	e.launch(o, "s.0.1", "sleep 1000", 0.5, true, amount("disk", 1<<10))
	e.status("s.0.1", cluster.Running)
	e.sees([]int{5 << 10}, "disk")
	e.send(cluster.Kill{Task: "s.0.1", Agent: o.Agent, Grace: time.Second})
	e.status("s.0.1", cluster.Killed)
	e.empty()
}
