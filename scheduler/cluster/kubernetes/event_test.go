package kubernetes_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/testkit"
)

// described awaits what kubectl describe shows of a pod by kaon: an Event of a reason, whose message has a word.
func (e *engine) described(pod kubernetestest.Object, reason, word string) {
	e.t.Helper()
	testkit.Await(e.t, "the Event "+reason+" with "+word, func() bool {
		for _, o := range e.k.List("events", "trials") {
			if o.Text("involvedObject", "uid") == pod.UID() && o.Text("involvedObject", "name") == pod.Name() && o.Text("source", "component") == "kaon" &&
				o.Text("reason") == reason && strings.Contains(o.Text("message"), word) {
				return true
			}
		}
		return false
	})
}

// Whoever looks at a pod sees why kaon ended it, moved its trials, or did not take it over.
func TestEventsSayWhy(t *testing.T) {
	e := newEngine(t, nil)
	pod := func(id string, once bool) kubernetestest.Object {
		e.launch(e.offer(1.5), id, "sleep 1000", 0.5, once)
		e.status(id, cluster.Running)
		return e.k.List("pods", "trials")[0]
	}
	gone := func() {
		testkit.Await(t, "the pod to be gone", func() bool { return len(e.k.List("pods", "trials")) == 0 })
	}
	p := pod("s.0.1", true)
	o := e.k.Get("nodes", "", "n1")
	e.send(cluster.Kill{Task: "s.0.1"})
	e.status("s.0.1", cluster.Killed)
	e.described(p, "KaonKilled", "s.0.1")
	gone()
	p = pod("s.1.1", true)
	e.k.Disrupt("trials", p.Name(), "EvictionByEvictionAPI")
	e.status("s.1.1", cluster.Killed)
	e.described(p, "KaonMoved", "at no charge")
	gone()
	p = pod("s.2.1", true)
	e.k.Kubelet(o.Name()).Stop() // so that nobody hears how it goes on
	e.end()
	e.conf.Folder = forgotten(t, e.conf.Folder)
	e.framework = ""
	e.begin()
	e.described(p, "KaonNotAdopted", "nobody waits for it")
	e.k.Kubelet(o.Name()).Start()
	e.empty()
	for _, o := range e.k.List("events", "trials") {
		if o.Text("source", "component") == "kaon" && o.Text("involvedObject", "namespace") != "trials" {
			t.Errorf("an Event about %s", o.Text("involvedObject", "namespace"))
		}
	}
}

// forgotten is a folder of the same owner, in which nothing is known of nodes.
func forgotten(t *testing.T, folder string) string {
	owner, err := os.ReadFile(filepath.Join(folder, "owner"))
	other := t.TempDir()
	if err == nil {
		err = os.WriteFile(filepath.Join(other, "owner"), owner, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return other
}

// What a kubelet says of a pod that does not start is why kaon waits, and at last why it gives up, also where it is not told so each time
// that it asks. One that went on since, and pulls a large image, is waited for.
func TestEventsOfOthersAreTold(t *testing.T) {
	const patience = time.Second / 2
	e := newEngine(t, func(conf *kubernetes.Config, _ *kubernetestest.Cluster) { conf.StartTimeout = patience })
	k := e.k.Kubelet("n1")
	k.Stop()
	began := time.Now()
	event := func(p kubernetestest.Object, name, kind, component, reason string, after time.Duration) {
		e.k.Create("events", "trials", kubernetestest.Object{
			"metadata":       map[string]any{"name": p.Name() + "." + name},
			"involvedObject": map[string]any{"kind": "Pod", "apiVersion": "v1", "namespace": "trials", "name": p.Name(), "uid": p.UID()},
			"type":           kind, "reason": reason, "message": "no address is left\nin the range", "source": map[string]any{"component": component},
			"lastTimestamp": began.Add(after).UTC().Format(time.RFC3339),
		})
	}
	launch := func(id string) kubernetestest.Object {
		e.launch(e.offer(1.5), id, "exit 0", 0.5, true)
		testkit.Await(t, "the pod", func() bool { return len(e.k.List("pods", "trials")) == 1 })
		return e.k.List("pods", "trials")[0]
	}
	lists := func(q kubernetestest.Request) bool { return q.Resource == "events" && q.Verb == "list" }

	p := launch("s.0.1")
	event(p, "p", "Normal", "kubelet", "Pulled", 10*time.Second)
	event(p, "d", "Warning", "kubelet", "MissingClusterDNS", 30*time.Second)
	event(p, "m", "Warning", "kaon", "FailedMount", 30*time.Second)
	event(p, "s", "Warning", "kubelet", "FailedCreatePodSandBox", 20*time.Second)
	told := e.k.Inject(&kubernetestest.Fault{Match: lists, Times: 1}) // and no second time
	answers := e.k.Inject(&kubernetestest.Fault{Match: lists, Status: kubernetestest.Throttled(0)})
	s := e.status("s.0.1", cluster.Failed)
	if !strings.Contains(s.Message, "FailedCreatePodSandBox: no address is left in the range") {
		t.Errorf("message %q", s.Message)
	}
	e.described(p, "KaonGaveUp", "no address is left")
	told()
	answers()
	k.Start()
	testkit.Await(t, "the pod to be gone", func() bool { return len(e.k.List("pods", "trials")) == 0 })
	k.Stop()

	p = launch("s.1.1")
	event(p, "z", "Normal", "kubelet", "Pulling", 20*time.Second) // which is on the third page
	event(p, "a", "Warning", "kubelet", "FailedCreatePodSandBox", 20*time.Second)
	for i := range 250 {
		event(p, fmt.Sprintf("m%03d", i), "Warning", "kubelet", "FailedMount", 10*time.Second)
	}
	asked, since := &kubernetestest.Fault{Match: lists}, time.Now()
	defer e.k.Inject(asked)()
	testkit.Await(t, "its Events to be asked for", func() bool {
		if e.k.Get("pods", "trials", p.Name()).Text("metadata", "deletionTimestamp") != "" {
			return true
		}
		e.k.Change("pods", "trials", p.Name(), func(o kubernetestest.Object) { // so that it is looked at
			o.Get("metadata", "annotations").(map[string]any)["hits"] = fmt.Sprint(e.k.Hits(asked))
		})
		return e.k.Hits(asked) >= 9 && time.Since(since) > 3*patience
	})
	k.Start()
	e.status("s.1.1", cluster.Finished)
	e.empty()
}

// A Role of before that Events were written does no harm, and nor does an API server that will have none.
func TestEventsMayBeForbidden(t *testing.T) {
	e := newEngine(t, nil)
	events := &kubernetestest.Fault{Match: func(q kubernetestest.Request) bool { return q.Resource == "events" && q.Verb == "create" },
		Status: &kubernetestest.Status{Code: 403, Reason: "Forbidden", Message: `events is forbidden: User "x" cannot create resource "events"`}}
	defer e.k.Inject(events)()
	for _, id := range []string{"s.0.1", "s.1.1"} {
		e.launch(e.offer(1.5), id, "sleep 1000", 0.5, true)
		e.status(id, cluster.Running)
		e.send(cluster.Kill{Task: cluster.TaskID(id)})
		e.status(id, cluster.Killed)
		testkit.Await(t, "the refusal", func() bool { return e.k.Hits(events) > 0 })
		testkit.Await(t, "the pod to be gone", func() bool { return len(e.k.List("pods", "trials")) == 0 })
	}
	e.empty()
	if n := e.k.Hits(events); n > 2 { // a refusal for want of a right is asked about once more
		t.Errorf("asked %d times", n)
	}
}
