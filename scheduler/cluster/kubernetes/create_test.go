package kubernetes_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/testkit"
)

// launchIn is launch by an executor of a name.
func (e *engine) launchIn(executor string, o offers.Offer, id string, cpus float64, once bool) {
	e.t.Helper()
	argv := []string{"kaon", "executor"}
	if once {
		argv = append(argv, "--once")
	}
	e.send(cluster.Accept{Agent: o.Agent, Offers: []offers.OfferID{o.ID}, Tasks: []cluster.TaskInfo{{
		ID: cluster.TaskID(id), Name: id, Resources: []offers.Amount{amount("cpus", cpus), amount("mem", 64)},
		Executor: cluster.ExecutorInfo{ID: offers.ExecutorID(executor), Argv: argv, Resources: []offers.Amount{amount("cpus", 0.01), amount("mem", 32)}},
		Data:     task.Encode(task.Order{Sweep: "s", Attempt: 1, Argv: []string{"/bin/sh", "-c", "exit 0"}}),
	}}})
}

// created is how many pods the API server was asked to create.
func (e *engine) created() (n int) {
	for _, q := range e.k.Requests() {
		if q.Verb == "create" && q.Resource == "pods" && q.Subresource == "" {
			n++
		}
	}
	return n
}

// A pod of which the task has ended keeps its node's room until it has: the next one is created then, and its kubelet refuses nothing.
func TestRoomOfAPodThatEnds(t *testing.T) {
	e := newEngine(t, func(conf *kubernetes.Config, _ *kubernetestest.Cluster) {
		program, err := conf.Program("")
		if err != nil {
			t.Fatal(err)
		}
		slow := filepath.Join(t.TempDir(), "kaon")
		if err := os.WriteFile(slow, []byte("#!/bin/sh\n"+contents(t, program)+"\nsleep 1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		conf.Program = func(string) (string, error) { return slow, nil }
	})
	for i, id := range []string{"s.0.1", "s.1.1", "s.2.1"} {
		e.launchIn("own-"+id, e.offer(1.5), id, 1.5, true)
		e.status(id, cluster.Finished)
		if n := e.created(); n != i+1 {
			t.Fatalf("%d pods were created for %d tasks", n, i+1)
		}
	}
	e.empty()
}

// contents is a script's line without the exec, so that something may follow.
func contents(t *testing.T, script string) string {
	t.Helper()
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)[len("#!/bin/sh\nexec "):]
}

// A warm pod that keeps what its last task needed gives it back as soon as another pod waits for it.
func TestRoomOfAWarmPod(t *testing.T) {
	e := newEngine(t, nil)
	e.launchIn("warm", e.offer(1.5), "s.0.1", 1.5, false)
	e.status("s.0.1", cluster.Finished)
	e.launchIn("own", e.offer(1.5), "s.1.1", 1.5, true)
	e.status("s.1.1", cluster.Finished)
	if n := e.created(); n != 2 {
		t.Errorf("%d pods were created for 2 tasks", n)
	}
	testkit.Await(t, "the warm pod to be small", func() bool {
		for _, p := range e.k.List("pods", "trials") {
			if p.Text("spec", "containers", "0", "resources", "requests", "cpu") == "10m" {
				return true
			}
		}
		return false
	})
	e.empty()
}

// When a framework was torn down its pods are awaited as long as they go, however slowly: nobody else would take their finalizers off.
func TestCloseAwaitsPodsThatGo(t *testing.T) {
	e := newEngine(t, nil)
	const pods, gap = 3, 2 * time.Second
	for i := range pods {
		id := fmt.Sprintf("s.%d.1", i)
		e.launchIn(fmt.Sprintf("warm-%d", i), e.offer(0.5), id, 0.2, false)
		e.status(id, cluster.Finished)
	}
	for i := range pods {
		defer e.k.Inject(&kubernetestest.Fault{Times: 1, Delay: time.Duration(i+1) * gap,
			Match: func(q kubernetestest.Request) bool { return q.Verb == "delete" && q.Resource == "pods" }})()
	}
	e.send(cluster.Teardown{})
	e.engine.Close(2 * gap)
	if left := e.k.List("pods", "trials"); len(left) > 0 {
		t.Errorf("%d pods are left", len(left))
	}
}
