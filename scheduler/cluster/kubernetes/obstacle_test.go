package kubernetes

import (
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
)

// A pod that was held back for long, and then is not scheduled at once, has not stood still for long.
func TestEachObstacleHasItsPatience(t *testing.T) {
	const start = 3 * time.Minute
	held := &pod{}
	held.Spec.SchedulingGates = []named{{"kueue.x-k8s.io/admission"}}
	held.Status.Conditions = []condition{{"PodScheduled", "False", schedulingGated, "it has gates"}}
	letGo := *held // API servers leave the condition as it was
	letGo.Spec.SchedulingGates = nil
	refused := letGo
	refused.Status.Conditions = []condition{{"PodScheduled", "False", "Unschedulable", "no room"}}
	preempts := refused
	preempts.Status.NominatedNodeName = "n1"
	var b blockade
	now := time.Unix(1e9, 0)
	for i, step := range []struct {
		after          time.Duration
		pod            *pod
		lasts, atLeast time.Duration
	}{
		{0, held, 0, time.Hour},
		{20 * time.Minute, held, 20 * time.Minute, time.Hour},
		{time.Minute, &letGo, 0, time.Minute},
		{time.Second, &letGo, time.Second, time.Minute},
		{time.Minute, &refused, 0, 20 * time.Second},
		{time.Second, &refused, time.Second, 20 * time.Second},
		{time.Minute, &preempts, 0, time.Minute},
	} {
		now = now.Add(step.after)
		o := step.pod.unbound(start)
		if lasts := b.lasts(o, now); lasts != step.lasts || o.patience < step.atLeast || o.why == "" {
			t.Errorf("%d: for %s by now, with a patience of %s: %s", i, lasts, o.patience, o.why)
		}
	}
	if lasts := b.lasts(obstacle{}, now); lasts != 0 || b.lasts(preempts.unbound(start), now.Add(time.Hour)) != 0 {
		t.Errorf("what went and came again: %s", lasts)
	}
}

// A finalizer is taken off a pod from which others have taken theirs since it was seen.
func TestReleaseBesideOthers(t *testing.T) {
	k := kubernetestest.New(t, kubernetestest.Options{})
	k.AddNamespace("trials", nil)
	k.Create("pods", "trials", kubernetestest.Object{
		"metadata": map[string]any{"name": "p", "finalizers": []any{"kueue.x-k8s.io/managed", Finalizer}},
		"spec":     map[string]any{"restartPolicy": "Never", "containers": []any{map[string]any{"name": "c", "image": "x"}}},
	})
	account, err := FindAccount(k.Kubeconfig(kubernetestest.AdminToken, "trials"), "")
	if err != nil {
		t.Fatal(err)
	}
	api, err := NewAPI(account)
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	p := &pod{}
	if err := api.call(t.Context(), "GET", podPath("trials", "p"), nil, nil, p); err != nil {
		t.Fatal(err)
	}
	if err := api.remove(t.Context(), p, 1); err != nil {
		t.Fatal(err)
	}
	k.Change("pods", "trials", "p", func(o kubernetestest.Object) { o["metadata"].(map[string]any)["finalizers"] = []any{Finalizer} })
	if err := api.release(t.Context(), p); err != nil || k.Get("pods", "trials", "p") != nil {
		t.Errorf("%v, and there is %v", err, k.Get("pods", "trials", "p"))
	}
}
