package kubernetes_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/clustertest"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/executor/executortest"
	"github.com/kaon-sweep/kaon/scheduler/task"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/testkit"
)

// Pods start this test's own program as the executor.
func TestMain(m *testing.M) {
	clustertest.Executor()
	flag.Parse()
	_ = flag.Set("test.parallel", "8") // the laws wait most of the time
	executortest.Main(m)
}

// engine is a Kubernetes under the namespace's "restricted", an engine that drives it, and a framework on that.
type engine struct {
	t      *testing.T
	k      *kubernetestest.Cluster
	engine *kubernetes.Cluster
	driver *mesos.Driver
	events chan cluster.Event

	conf      kubernetes.Config
	framework cluster.FrameworkID
	end       func() // the process's, whose pods stay
}

func newEngine(t *testing.T, edit func(*kubernetes.Config, *kubernetestest.Cluster)) *engine {
	t.Helper()
	return newEngineOf(t, kubernetestest.Options{}, edit)
}

// newEngineOf is newEngine on a Kubernetes with options.
func newEngineOf(t *testing.T, options kubernetestest.Options, edit func(*kubernetes.Config, *kubernetestest.Cluster)) *engine {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "kaon") // stands for what is compressed, which takes its time under the race detector
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexec "+self+" \"$@\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	options.Images = map[string]kubernetestest.Image{"plain:1": {}} // of root, and with nothing of ours
	k := kubernetestest.New(t, options)
	k.AddNamespace("trials", map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	k.AddNode(kubernetestest.Node{Name: "n1", CPU: "2", Memory: "2Gi", Labels: map[string]string{"pool": "a"}})
	conf := kubernetes.Config{
		Kubeconfig: k.Kubeconfig(kubernetestest.AdminToken, "trials"), Image: "plain:1", Folder: t.TempDir(),
		Program: func(string) (string, error) { return program, nil },
	}
	if edit != nil {
		edit(&conf, k)
	}
	e := &engine{t: t, k: k, conf: conf}
	e.begin()
	t.Cleanup(func() { e.end() })
	return e
}

// begin is a process's beginning: of the first, or of one that takes over what a former one left.
func (e *engine) begin() {
	t := e.t
	t.Helper()
	var err error
	if e.engine, err = kubernetes.Start(t.Context(), e.conf); err != nil {
		t.Fatal(err)
	}
	e.events = make(chan cluster.Event, 1000)
	name, secret := e.engine.Credentials()
	e.driver, err = mesos.New(mesos.Config{Masters: []string{"127.0.0.1:0"}, Principal: name, Secret: secret, Transport: e.engine.Transport(), GPUs: true,
		FrameworkID: e.framework})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended, events, driver := make(chan struct{}), e.events, e.driver
	go func() {
		defer close(ended)
		_ = driver.Run(ctx, func(evs ...cluster.Event) {
			for _, ev := range evs {
				events <- ev
			}
		})
	}()
	e.end = func() {
		cancel()
		<-ended
		e.engine.Close(0)
	}
	e.framework = await[cluster.Subscribed](e, "the master", nil).Framework
}

func (e *engine) send(call cluster.Call) {
	e.t.Helper()
	if err := e.driver.Send(e.t.Context(), call); err != nil {
		e.t.Fatal(err)
	}
}

// await is the next event of a kind that is as it should be; others are passed over.
func await[T cluster.Event](e *engine, what string, is func(T) bool) (found T) {
	e.t.Helper()
	patience := time.After(testkit.Patience)
	for {
		select {
		case ev := <-e.events:
			of, ok := ev.(T)
			if ok && (is == nil || is(of)) {
				return of
			}
			if all, offered := ev.(cluster.Offered); offered && !ok { // so that what becomes free beside it is offered with it
				for _, o := range all.Offers {
					e.decline(o)
				}
			}
		case <-patience:
			e.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// offer is the next one of at least so many cpus; what is less is declined.
func (e *engine) offer(cpus float64) (found offers.Offer) {
	e.t.Helper()
	e.send(cluster.Revive{})
	await(e, "an offer", func(of cluster.Offered) bool {
		for _, o := range of.Offers {
			if cpusOf(o) >= cpus {
				found = o
				return true
			}
			e.decline(o)
		}
		return false
	})
	return found
}

// decline gives an offer back until more of its node is free.
func (e *engine) decline(o offers.Offer) {
	e.send(cluster.Decline{Offers: []offers.OfferID{o.ID}, Refuse: time.Minute})
}

func cpusOf(o offers.Offer) float64 {
	for _, a := range o.Amounts {
		if a.Name == "cpus" {
			return float64(a.Scalar) / float64(resource.Unit)
		}
	}
	return 0
}

func amount(name string, v float64) offers.Amount {
	return offers.Amount{Name: name, Scalar: resource.FromFloat(v)}
}

// launch runs a shell's line on an offer.
func (e *engine) launch(o offers.Offer, id, line string, cpus float64, once bool, more ...offers.Amount) {
	e.t.Helper()
	argv := []string{"kaon", "executor"}
	if once {
		argv = append(argv, "--once")
	}
	e.send(cluster.Accept{Agent: o.Agent, Offers: []offers.OfferID{o.ID}, Tasks: []cluster.TaskInfo{{
		ID: cluster.TaskID(id), Name: id, Resources: append([]offers.Amount{amount("cpus", cpus), amount("mem", 64)}, more...),
		Executor: cluster.ExecutorInfo{ID: "executor", Argv: argv, Resources: []offers.Amount{amount("cpus", 0.01), amount("mem", 32)}},
		Data:     task.Encode(task.Order{Sweep: "s", Attempt: 1, Argv: []string{"/bin/sh", "-c", line}}),
	}}})
}

// status is the next update of a task in a state, which is acknowledged.
func (e *engine) status(id string, state cluster.TaskState) cluster.Status {
	e.t.Helper()
	s := await(e, id+" to be "+string(state), func(u cluster.Updated) bool {
		if len(u.Status.UUID) > 0 {
			e.send(cluster.Acknowledge{Task: u.Status.Task, Agent: u.Status.Agent, UUID: u.Status.UUID})
		}
		if u.Status.State.Final() && (string(u.Status.Task) != id || u.Status.State != state) {
			e.t.Fatalf("%s is %s: %s %s, want %s %s", u.Status.Task, u.Status.State, u.Status.Reason, u.Status.Message, id, state)
		}
		return string(u.Status.Task) == id && u.Status.State == state
	})
	return s.Status
}

// empty tears the framework down and awaits that nothing is left.
func (e *engine) empty() {
	e.t.Helper()
	e.send(cluster.Teardown{})
	testkit.Await(e.t, "all pods to be gone", func() bool { return len(e.k.List("pods", "trials")) == 0 })
}

// A pod of any image with a shell gets the executor by its standard input, as a user without rights, in a namespace that lets
// nothing else in. It takes task after task; what it has is told to others by its requests.
func TestWarmPod(t *testing.T) {
	e := newEngine(t, nil)
	o := e.offer(1.5)
	if o.Hostname != "n1" || !strings.Contains(attributes(o), "pool=a ") || !strings.Contains(attributes(o), "arch=amd64 ") {
		t.Errorf("offer of %s with %s", o.Hostname, attributes(o))
	}
	e.launch(o, "s.0.1", "exit 0", 0.5, false)
	e.status("s.0.1", cluster.Finished)
	e.launch(e.offer(1), "s.1.1", "while [ ! -e ../end ]; do sleep 0.02; done", 1, false)
	e.status("s.1.1", cluster.Running)
	pods := e.k.List("pods", "trials")
	if len(pods) != 1 {
		t.Fatalf("%d pods", len(pods))
	}
	for label, want := range map[string]string{"kaon.dev/sweep": "s", "app.kubernetes.io/managed-by": "kaon"} {
		if got := pods[0].Labels()[label]; got != want {
			t.Errorf("label %s is %q", label, got)
		}
	}
	testkit.Await(t, "the pod to have grown", func() bool {
		return e.k.Get("pods", "trials", pods[0].Name()).Text("spec", "containers", "0", "resources", "requests", "cpu") == "1010m"
	})
	e.send(cluster.Kill{Task: "s.1.1", Agent: o.Agent, Grace: time.Second})
	e.status("s.1.1", cluster.Killed)
	e.empty()
}

func attributes(o offers.Offer) string {
	var b strings.Builder
	for _, a := range o.Attributes {
		b.WriteString(a.Name + "=" + a.Value + " ")
	}
	return b.String()
}

// An executor whose container goes beyond its memory ends as one that did, and one that is killed as one that was.
func TestContainerEnds(t *testing.T) {
	e := newEngine(t, nil)
	for i, how := range []struct {
		end    func(n *kubernetestest.Kubelet, uid string)
		reason string
	}{
		{func(n *kubernetestest.Kubelet, uid string) { n.OOM(uid, "executor") }, "REASON_CONTAINER_LIMITATION_MEMORY"},
		{func(n *kubernetestest.Kubelet, uid string) { n.Kill(uid, "executor") }, "REASON_EXECUTOR_TERMINATED"},
	} {
		id := string(cluster.NewTaskID("s", i, 1))
		e.launch(e.offer(1.5), id, "sleep 1000", 0.5, true)
		e.status(id, cluster.Running)
		how.end(e.k.Kubelet("n1"), e.k.List("pods", "trials")[0].UID())
		if s := e.status(id, cluster.Failed); s.Reason != how.reason {
			t.Errorf("%s: %s %s", id, s.Reason, s.Message)
		}
		testkit.Await(t, "its pod to be gone", func() bool { return len(e.k.List("pods", "trials")) == 0 })
	}
	e.empty()
}

// What others take of a node is not offered, a cordoned node offers nothing, and a pod for which there is no room any more is
// dropped like a task on a stale offer.
func TestOthersTakeTheRoom(t *testing.T) {
	e := newEngine(t, nil)
	o := e.offer(1.5)
	full := func(cpu string) kubernetestest.Object {
		return kubernetestest.Object{
			"kind": "Pod", "apiVersion": "v1", "metadata": map[string]any{"name": "other"},
			"spec": map[string]any{"nodeName": "n1", "restartPolicy": "Never", "containers": []any{map[string]any{
				"name": "c", "image": "plain:1", "command": []any{"/bin/sh", "-c", "sleep 1000"},
				"resources": map[string]any{"requests": map[string]any{"cpu": cpu}},
			}}},
		}
	}
	e.k.Create("pods", "default", full("1500m"))
	e.launch(o, "s.0.1", "exit 0", 1, true)
	if s := e.status("s.0.1", cluster.Dropped); s.Reason != "REASON_INVALID_OFFERS" {
		t.Errorf("%s %s", s.Reason, s.Message)
	}
	for o = e.offer(0.1); cpusOf(o) != 0.5; o = e.offer(0.1) { // until the watch has shown it
		e.decline(o)
	}
	e.k.Kubelet("n1").Cordon(true)
	await[cluster.Rescinded](e, "the offer to be taken back", nil)
	e.empty()
}
