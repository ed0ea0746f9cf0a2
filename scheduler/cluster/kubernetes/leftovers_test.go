package kubernetes_test

import (
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/testkit"
)

// What a process that is gone has left is found and removed, whatever keeps it; pods that only look like ours stay, and so do
// those that came by a name since.
func TestLeftovers(t *testing.T) {
	e := newEngine(t, nil)
	e.launch(e.offer(1.5), "s.0.1", "sleep 1000", 0.5, true)
	e.status("s.0.1", cluster.Running)
	e.end()
	foreign := func(name string, labels map[string]any, finalizer string) {
		e.k.Create("pods", "trials", kubernetestest.Object{"kind": "Pod", "apiVersion": "v1",
			"metadata": map[string]any{"name": name, "labels": labels, "finalizers": []any{finalizer}},
			"spec":     e.k.List("pods", "trials")[0]["spec"]})
	}
	foreign("of-another-tool", map[string]any{"kaon.dev/owner": "x", "app.kubernetes.io/managed-by": "else"}, kubernetes.Finalizer)
	foreign("by-hand", map[string]any{"app.kubernetes.io/managed-by": "kaon"}, kubernetes.Finalizer)
	foreign("kept", map[string]any{"kaon.dev/owner": "x", "app.kubernetes.io/managed-by": "kaon"}, "example.com/backup")
	e.k.AddNamespace("other", nil)

	conf := e.conf
	conf.Namespace = "other"
	find := func(everywhere bool) *kubernetes.Leftovers {
		l, err := kubernetes.FindLeftovers(t.Context(), conf, everywhere)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(l.Close)
		return l
	}
	if l := find(false); len(l.Found) != 0 {
		t.Errorf("in another namespace: %+v", l.Found)
	}
	conf.Namespace = ""
	all := find(true)
	if len(all.Found) != 2 || len(find(false).Found) != 2 {
		t.Fatalf("found %+v", all.Found)
	}
	conf.Labels = map[string]string{"team": "a"}
	if l := find(true); len(l.Found) != 0 {
		t.Errorf("of another team: %+v", l.Found)
	}
	conf.Labels = nil
	for _, one := range all.Found {
		if one.Pod != "kept" && (one.Sweep != "s" || one.Node != "n1" || one.Phase != "Running" || time.Since(one.Created) > time.Hour) {
			t.Errorf("found %+v", one)
		}
		for range 2 { // the second finds nothing to do
			if err := all.Remove(t.Context(), one); err != nil {
				t.Error(err)
			}
		}
	}
	testkit.Await(t, "what was left to be gone", func() bool { return len(e.k.List("pods", "trials")) == 3 })
	if kept := e.k.Get("pods", "trials", "kept"); !kept.Deleting() || len(kept.Finalizers()) != 1 || kept.Finalizers()[0] != "example.com/backup" {
		t.Errorf("others' finalizers: %v", kept.Finalizers())
	}
	for _, name := range []string{"of-another-tool", "by-hand"} {
		if o := e.k.Get("pods", "trials", name); o == nil || o.Deleting() {
			t.Errorf("%s was deleted", name)
		}
	}
	e.end = func() {}
}
