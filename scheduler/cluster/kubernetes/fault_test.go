package kubernetes_test

import (
	"crypto/tls"
	"crypto/x509"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/scheduler/cluster/stdio"
	"github.com/kaon-sweep/kaon/testkit"
)

// of matches what is asked of pods.
func of(verb, subresource string) func(kubernetestest.Request) bool {
	return func(q kubernetestest.Request) bool {
		return q.Resource == "pods" && q.Subresource == subresource && (verb == "" || q.Verb == verb)
	}
}

// untilEnd is a line that runs until end is called.
func untilEnd(t *testing.T) (line string, end func()) {
	file := filepath.Join(t.TempDir(), "end")
	return "while [ ! -e " + file + " ]; do sleep 0.02; done", func() {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Error(err)
		}
	}
}

// A kubelet that was started anew does not know its pods for a moment: nobody takes that for their end.
func TestKubeletForgets(t *testing.T) {
	e := newEngine(t, nil)
	line, end := untilEnd(t)
	e.launch(e.offer(1.5), "s.0.1", line, 0.5, true)
	e.status("s.0.1", cluster.Running)
	uid := e.k.List("pods", "trials")[0].UID()
	attach := &kubernetestest.Fault{Match: of("", "attach"), Times: 3,
		Status: &kubernetestest.Status{Code: 404, Reason: "NotFound", Message: "pod does not exist"}}
	defer e.k.Inject(attach)()
	defer e.k.Inject(&kubernetestest.Fault{Match: of("", "log"), Times: 2,
		Status: &kubernetestest.Status{Code: 400, Reason: "BadRequest", Message: "container is not known"}})()
	n := e.k.Kubelet("n1")
	n.Stop()
	n.Start()
	testkit.Await(t, "attachments to be refused", func() bool { return e.k.Hits(attach) == 3 })
	if all := e.k.List("pods", "trials"); len(all) != 1 || all[0].UID() != uid || all[0].Deleting() {
		t.Fatalf("pods are %v, want the one that was healthy", all)
	}
	end()
	e.status("s.0.1", cluster.Finished)
	e.empty()
}

// said is how many calls of an executor are in its pod's log.
func said(t *testing.T, k *kubernetestest.Cluster, pod string) (n int) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(k.CA())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	defer transport.CloseIdleConnections()
	rq, err := http.NewRequestWithContext(t.Context(), http.MethodGet, k.URL()+"/api/v1/namespaces/trials/pods/"+pod+"/log", nil)
	if err != nil {
		t.Fatal(err)
	}
	rq.Header.Set("Authorization", "Bearer "+kubernetestest.AdminToken)
	resp, err := transport.RoundTrip(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_ = stdio.Replay(resp.Body, func(r *http.Request) { // a last line may be half there
		if r.Host != cluster.OutputHost {
			n++
		}
	})
	return n
}

// A log that breaks off, or that our account may not read for a while, is read again before the pod is removed: what an executor said
// while nobody was attached is in it alone.
func TestLogBreaksOff(t *testing.T) {
	t.Run("torn", func(t *testing.T) { breakLog(t, &kubernetestest.Fault{Torn: 40}) })
	t.Run("no token", func(t *testing.T) {
		breakLog(t, &kubernetestest.Fault{Status: &kubernetestest.Status{Code: 401, Reason: "Unauthorized", Message: "Unauthorized"}})
	})
}

// breakLog has an executor end unheard, and what reads its log meet a fault twice.
func breakLog(t *testing.T, log *kubernetestest.Fault) {
	e := newEngine(t, nil)
	line, end := untilEnd(t)
	e.launch(e.offer(1.5), "s.0.1", line, 0.5, false)
	e.status("s.0.1", cluster.Running)
	pod := e.k.List("pods", "trials")[0]
	attach := &kubernetestest.Fault{Match: of("", "attach"), Status: kubernetestest.Unavailable()}
	defer e.k.Inject(attach)()
	n := e.k.Kubelet("n1")
	time.Sleep(2 * time.Second) // for the acknowledgement to come to it
	n.Stop()
	n.Start()
	testkit.Await(t, "an attachment to be refused", func() bool { return e.k.Hits(attach) > 0 })
	before := said(t, e.k, pod.Name())
	end()
	testkit.Await(t, "the executor to say so to its output", func() bool { return said(t, e.k, pod.Name()) > before })
	log.Match, log.Times = of("", "log"), 2
	defer e.k.Inject(log)()
	n.Kill(pod.UID(), "executor")
	e.status("s.0.1", cluster.Finished)
	if e.k.Hits(log) != 2 {
		t.Errorf("%d logs broke off", e.k.Hits(log))
	}
	e.empty()
}

// A pod to which nobody could ever attach has nothing to say: its end is told though its node's kubelet cannot be reached for its log.
func TestNobodyListened(t *testing.T) {
	e := newEngine(t, nil)
	attach := &kubernetestest.Fault{Match: of("", "attach"), Status: kubernetestest.Unavailable()}
	defer e.k.Inject(attach)()
	defer e.k.Inject(&kubernetestest.Fault{Match: of("", "log"), Status: kubernetestest.Unavailable()})()
	e.launch(e.offer(1.5), "s.0.1", "exit 0", 0.5, true)
	testkit.Await(t, "its pod to run", func() bool {
		all := e.k.List("pods", "trials")
		return len(all) == 1 && e.k.Kubelet("n1").PID(all[0].UID(), "executor") != 0
	})
	e.k.Kubelet("n1").Kill(e.k.List("pods", "trials")[0].UID(), "executor")
	e.status("s.0.1", cluster.Failed)
	e.empty()
}

// A quota that others change at the same moment is no pod that is there already.
func TestQuotaIsContended(t *testing.T) {
	e := newEngine(t, nil)
	defer e.k.Inject(&kubernetestest.Fault{Match: of("create", ""), Times: 2, Status: &kubernetestest.Status{Code: 409, Reason: "Conflict",
		Message: `Operation cannot be fulfilled on resourcequotas "compute": the object has been modified`}})()
	e.launch(e.offer(1.5), "s.0.1", "exit 0", 0.5, true)
	e.status("s.0.1", cluster.Finished)
	e.empty()
}

// hasty is an engine that does not wait for what the API server will not have.
func hasty(c *kubernetes.Config, _ *kubernetestest.Cluster) { c.CreateTimeout = time.Millisecond }

// A quota that is used up, and a namespace whose account is still to come, spend no attempt: the API server is asked
// again, and in the end the tasks are given back with its words, and run when it takes them.
func TestRefusalsThatPass(t *testing.T) {
	young := &kubernetestest.Status{Code: 403, Reason: "Forbidden",
		Message: `pods "trial" is forbidden: error looking up service account trials/default: serviceaccount "default" not found`}
	for words, refused := range map[string]*kubernetestest.Status{
		"exceeded quota: compute": kubernetestest.QuotaExceeded("trial"), `serviceaccount "default" not found`: young,
	} {
		e := newEngine(t, hasty)
		taken := e.k.Inject(&kubernetestest.Fault{Match: of("create", ""), Status: refused})
		e.launch(e.offer(1.5), "s.0.1", "exit 0", 0.5, true)
		if s := e.status("s.0.1", cluster.Dropped); !strings.Contains(s.Message, words) || s.Reason != "REASON_INVALID_OFFERS" {
			t.Errorf("%s: %s %q", words, s.Reason, s.Message)
		}
		taken()
		e.launch(e.offer(1.5), "s.0.2", "exit 0", 0.5, true)
		e.status("s.0.2", cluster.Finished)
		e.empty()
	}
}

// One that has room a moment later has cost nobody anything; and a trial that is ended while it is used up is not waited for.
func TestQuotaHasRoomLater(t *testing.T) {
	e := newEngine(t, nil)
	full := &kubernetestest.Fault{Match: of("create", ""), Times: 1, Status: kubernetestest.QuotaExceeded("trial")}
	defer e.k.Inject(full)()
	e.launch(e.offer(1.5), "s.0.1", "exit 0", 0.5, true)
	e.status("s.0.1", cluster.Finished)
	testkit.Await(t, "its pod to be gone", func() bool { return len(e.k.List("pods", "trials")) == 0 })
	used := &kubernetestest.Fault{Match: of("create", ""), Status: kubernetestest.QuotaExceeded("trial")}
	defer e.k.Inject(used)()
	o := e.offer(1.5)
	e.launch(o, "s.1.1", "exit 0", 0.5, true)
	testkit.Await(t, "a refusal", func() bool { return e.k.Hits(used) > 0 })
	e.send(cluster.Kill{Task: "s.1.1", Agent: o.Agent, Grace: time.Second})
	e.status("s.1.1", cluster.Killed)
	e.empty()
}

// An API server that was just started and has not read its roles yet refuses everything: nobody takes that for an answer, neither
// the one who begins nor a trial that is to be created. One that is ready means it, at once.
func TestRolesAreNotReadYet(t *testing.T) {
	unread := func(times int) *kubernetestest.Fault {
		return &kubernetestest.Fault{Times: times, Status: &kubernetestest.Status{Code: 403, Reason: "Forbidden",
			Message: `pods is forbidden: User "u" cannot list resource "pods" in API group "" in the namespace "trials"`}}
	}
	e := newEngine(t, func(c *kubernetes.Config, k *kubernetestest.Cluster) {
		c.CreateTimeout = time.Millisecond
		t.Cleanup(k.Inject(unread(4)))
	})
	if e.engine.Narrow() {
		t.Error("it looks at its own namespace alone")
	}
	one := unread(4)
	one.Match = func(q kubernetestest.Request) bool { return q.Path == "/readyz" || of("create", "")(q) }
	defer e.k.Inject(one)()
	e.launch(e.offer(1.5), "s.0.1", "exit 0", 0.5, true)
	e.status("s.0.1", cluster.Finished)
	testkit.Await(t, "its pod to be gone", func() bool { return len(e.k.List("pods", "trials")) == 0 })
	meant := unread(0)
	meant.Match = of("create", "")
	defer e.k.Inject(meant)()
	e.launch(e.offer(1.5), "s.1.1", "exit 0", 0.5, true)
	s := e.status("s.1.1", cluster.Dropped)
	if !strings.Contains(s.Message, "cannot list resource") || !strings.Contains(s.Message, "rbac.yaml") || e.k.Hits(one) != 4 || e.k.Hits(meant) < 2 {
		t.Errorf("%q after %d and %d calls", s.Message, e.k.Hits(one), e.k.Hits(meant))
	}
	e.empty()
}

// An account that is not taken in any more, as its token has run out, is no fault of the trial whose pod is refused.
func TestTokenHasRunOut(t *testing.T) {
	e := newEngine(t, hasty)
	old := &kubernetestest.Fault{Match: of("create", ""), Status: &kubernetestest.Status{Code: 401, Reason: "Unauthorized", Message: "Unauthorized"}}
	renew := e.k.Inject(old)
	e.launch(e.offer(1.5), "s.0.1", "exit 0", 0.5, true)
	if s := e.status("s.0.1", cluster.Dropped); s.Reason != "REASON_INVALID_OFFERS" || !strings.Contains(s.Message, "log in to the cluster again") {
		t.Errorf("%s %q", s.Reason, s.Message)
	}
	renew()
	e.launch(e.offer(1.5), "s.0.2", "exit 0", 0.5, true)
	e.status("s.0.2", cluster.Finished)
	e.empty()
}

// A pod that others delete while its program is brought, and while nobody is here to see it, is the platform's doing; who comes
// next says so as soon as it has seen the pod, and not when it gives up waiting for an executor.
func TestDeletedWhileNobodyIsHere(t *testing.T) {
	slow := filepath.Join(t.TempDir(), "kaon")
	if err := os.WriteFile(slow, []byte("#!/bin/sh\ntrap 'exit 2' TERM\nwhile :; do sleep 0.02; done\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, func(c *kubernetes.Config, k *kubernetestest.Cluster) {
		k.SetImage("slow:1", kubernetestest.Image{Files: map[string]string{"/kaon": slow}})
		c.KaonImage = "slow:1"
	})
	e.launch(e.offer(1.5), "s.0.1", "exit 0", 0.5, true)
	pod := func() kubernetestest.Object { return e.k.List("pods", "trials")[0] }
	testkit.Await(t, "the init container to run", func() bool {
		return len(e.k.List("pods", "trials")) == 1 && pod().Get("status", "initContainerStatuses", "0", "state", "running") != nil
	})
	e.end()
	e.k.Delete("pods", "trials", pod().Name(), 5)
	testkit.Await(t, "the pod to end", func() bool { return pod().Text("status", "phase") == "Failed" })
	e.begin()
	if s := e.status("s.0.1", cluster.Killed); !strings.Contains(s.Message, "somebody deletes the pod") {
		t.Errorf("%s %q", s.Reason, s.Message)
	}
	e.empty()
}

// What an executor says that was asked to end by its node, as one that is shut down, comes before the pod tells why, and what it said while
// nobody was here is read later than that: neither is a kill that nobody asked for.
func TestEndedByOthers(t *testing.T) {
	e := newEngine(t, nil)
	pod := func() kubernetestest.Object { return e.k.List("pods", "trials")[0] }
	line, _ := untilEnd(t)
	e.launch(e.offer(1.5), "s.0.1", line, 0.5, true)
	e.status("s.0.1", cluster.Running)
	if err := syscall.Kill(e.k.Kubelet("n1").PID(pod().UID(), "executor"), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if s := e.status("s.0.1", cluster.Killed); s.Reason != "REASON_AGENT_DRAINING" {
		t.Errorf("ended by its node: %s %q", s.Reason, s.Message)
	}
	testkit.Await(t, "its pod to be gone", func() bool { return len(e.k.List("pods", "trials")) == 0 })

	e.launch(e.offer(1.5), "s.1.1", line, 0.5, true)
	e.status("s.1.1", cluster.Running)
	time.Sleep(2 * time.Second) // for the acknowledgement to come to it
	before := said(t, e.k, pod().Name())
	e.end()
	e.k.Delete("pods", "trials", pod().Name(), 3)
	testkit.Await(t, "the pod to end", func() bool {
		return pod().Text("status", "phase") == "Failed" || pod().Text("status", "phase") == "Succeeded"
	})
	if said(t, e.k, pod().Name()) == before {
		t.Error("the executor said nothing")
	}
	e.begin()
	if s := e.status("s.1.1", cluster.Killed); s.Reason != "REASON_AGENT_DRAINING" {
		t.Errorf("drained while nobody was here: %s %q", s.Reason, s.Message)
	}

	e.launch(e.offer(1.5), "s.2.1", line, 0.5, true)
	o := e.status("s.2.1", cluster.Running)
	e.send(cluster.Kill{Task: "s.2.1", Agent: o.Agent, Grace: time.Second})
	if s := e.status("s.2.1", cluster.Killed); s.Reason == "REASON_AGENT_DRAINING" {
		t.Errorf("killed by us: %s %q", s.Reason, s.Message)
	}
	e.empty()
}

// A pod that does not run yet when kaon is started again, as its image is still pulled, neither keeps its node from being offered nor is
// ended for it.
func TestSlowPodIsTakenOver(t *testing.T) {
	e := newEngine(t, nil)
	o := e.offer(1.5)
	n := e.k.Kubelet("n1")
	n.Stop()
	e.launch(o, "s.0.1", "exit 0", 0.5, true)
	testkit.Await(t, "its pod", func() bool { return len(e.k.List("pods", "trials")) == 1 })
	e.end()
	e.begin()
	e.decline(e.offer(1.4))
	if all := e.k.List("pods", "trials"); len(all) != 1 || all[0].Deleting() {
		t.Errorf("pods are %v, want the one that was there", all)
	}
	n.Start()
	e.status("s.0.1", cluster.Finished)
	e.empty()
}

// A restart spends no attempt on a pod that was yet to be created, nor on one to which the executor's program was being brought: how much of
// it had come is known to nobody.
func TestRestartBeforeTheExecutor(t *testing.T) {
	e := newEngine(t, nil)
	away := &kubernetestest.Fault{Match: of("create", ""), Status: kubernetestest.Unavailable()}
	back := e.k.Inject(away)
	e.launch(e.offer(1.5), "s.0.1", "exit 0", 0.5, true)
	testkit.Await(t, "a creation", func() bool { return e.k.Hits(away) > 0 })
	e.end()
	back()
	e.begin()
	if s := e.status("s.0.1", cluster.Dropped); s.Reason != "REASON_INVALID_OFFERS" {
		t.Errorf("not created: %s %q", s.Reason, s.Message)
	}

	attach := e.k.Inject(&kubernetestest.Fault{Match: of("", "attach"), Status: kubernetestest.Unavailable()})
	e.launch(e.offer(1.5), "s.1.1", "exit 0", 0.5, true)
	testkit.Await(t, "its pod to run", func() bool {
		all := e.k.List("pods", "trials")
		return len(all) == 1 && all[0].Get("status", "containerStatuses", "0", "state", "running") != nil
	})
	e.end()
	attach()
	e.begin()
	if s := e.status("s.1.1", cluster.Killed); s.Reason != "REASON_AGENT_DRAINING" || !strings.Contains(s.Message, "only in part") {
		t.Errorf("brought in part: %s %q", s.Reason, s.Message)
	}
	e.empty()
}

// Another namespace, as of a context that was changed meanwhile, is refused while pods of a former life are in the one before, and not longer.
func TestNamespaceHasChanged(t *testing.T) {
	e := newEngine(t, nil)
	line, end := untilEnd(t)
	e.launch(e.offer(1.5), "s.0.1", line, 0.5, true)
	e.status("s.0.1", cluster.Running)
	e.end()
	e.k.AddNamespace("others", nil)
	elsewhere := e.conf
	elsewhere.Namespace = "others"
	c, err := kubernetes.Start(t.Context(), elsewhere)
	if err == nil {
		c.Close(0)
	}
	if err == nil || !strings.Contains(err.Error(), "?namespace=trials") {
		t.Fatalf("another namespace is taken: %v", err)
	}
	e.begin()
	end()
	e.status("s.0.1", cluster.Finished)
	e.empty()
	e.end()
	e.conf, e.framework = elsewhere, ""
	e.begin()
}

// A copy of a pod under another name, with all its labels, as kubectl debug makes it, is somebody else's: it stands for no executor, whatever
// becomes of it, and is left alone.
func TestCopiedPod(t *testing.T) {
	e := newEngine(t, nil)
	line, end := untilEnd(t)
	e.launch(e.offer(1.5), "s.0.1", line, 0.5, true)
	e.status("s.0.1", cluster.Running)
	known := e.k.List("pods", "trials")[0]
	labels := map[string]any{}
	for name, value := range known.Labels() {
		labels[name] = value
	}
	copied := func(name string) {
		e.k.Create("pods", "trials", kubernetestest.Object{"kind": "Pod", "apiVersion": "v1", "metadata": map[string]any{"name": name, "labels": labels},
			"spec": map[string]any{"nodeName": "n1", "restartPolicy": "Never", "containers": []any{map[string]any{"name": "executor", "image": "plain:1",
				"command": []any{"/bin/sh", "-c", "exit 3"}}}}})
	}
	copied("a-copy")
	testkit.Await(t, "the copy to end", func() bool { return e.k.Get("pods", "trials", "a-copy").Text("status", "phase") == "Failed" })
	for range 2 { // turns of the container's
		time.Sleep(time.Second)
		if p := e.k.Get("pods", "trials", known.Name()); p == nil || p.Deleting() {
			t.Fatal("the pod is removed, as its copy has ended")
		}
	}
	if e.k.Get("pods", "trials", "a-copy") == nil {
		t.Error("the copy is removed")
	}
	end()
	e.status("s.0.1", cluster.Finished)
	e.k.Delete("pods", "trials", "a-copy", 0)
	e.empty()
}

// Pods of ours that nobody waits for are removed at once, and not by the next process: one whose creation was answered by a
// failure, one that came from a former life's last call, and one whose removal failed.
func TestPodsOfNobody(t *testing.T) {
	e := newEngine(t, nil)
	gone := func(what string) {
		t.Helper()
		testkit.Await(t, what+" to be gone", func() bool { return len(e.k.List("pods", "trials")) == 0 })
	}
	created := &kubernetestest.Fault{Match: of("create", ""), Times: 1, Applied: true,
		Status: &kubernetestest.Status{Code: 403, Reason: "Forbidden", Message: "a webhook says no, too late"}}
	defer e.k.Inject(created)()
	e.launch(e.offer(1.5), "s.0.1", "sleep 1000", 0.5, true)
	e.status("s.0.1", cluster.Failed)
	gone("the pod that was created all the same")

	line, end := untilEnd(t)
	e.launch(e.offer(1.5), "s.1.1", line, 0.5, true)
	e.status("s.1.1", cluster.Running)
	known := e.k.List("pods", "trials")[0]
	labels := map[string]any{}
	for name, value := range known.Labels() {
		labels[name] = value
	}
	labels["kaon.dev/container"] = "of-a-former-life"
	e.k.Create("pods", "trials", kubernetestest.Object{"kind": "Pod", "apiVersion": "v1",
		"metadata": map[string]any{"name": "kaon-of-a-former-life", "labels": labels, "finalizers": []any{kubernetes.Finalizer}},
		"spec":     maps.Clone(known["spec"].(map[string]any))})
	testkit.Await(t, "the late pod to be gone", func() bool { return e.k.Get("pods", "trials", "kaon-of-a-former-life") == nil })

	deleted := &kubernetestest.Fault{Match: of("delete", ""), Times: 1, Status: &kubernetestest.Status{Code: 403, Reason: "Forbidden"}}
	defer e.k.Inject(deleted)()
	end()
	e.status("s.1.1", cluster.Finished)
	gone("the pod whose deletion was refused")
	if e.k.Hits(created) != 1 || e.k.Hits(deleted) != 1 {
		t.Errorf("%d creations and %d deletions failed", e.k.Hits(created), e.k.Hits(deleted))
	}
	e.empty()
}

// A node that was away when the engine began offers what it has when it comes back, whether or not an executor of a former life
// was there.
func TestNodeComesBack(t *testing.T) {
	folder := t.TempDir()
	node := func(k *kubernetestest.Cluster, name string) {
		k.AddNode(kubernetestest.Node{Name: name, CPU: "4", Memory: "2Gi", Labels: map[string]string{"pool": name}})
	}
	t.Run("former life", func(t *testing.T) {
		e := newEngine(t, func(c *kubernetes.Config, k *kubernetestest.Cluster) {
			c.Folder = folder
			node(k, "idle")
		})
		e.launch(e.offer(3.5), "s.0.1", "sleep 1000", 0.5, true)
		e.status("s.0.1", cluster.Running)
		testkit.Await(t, "its record", func() bool {
			all, _ := filepath.Glob(filepath.Join(folder, "nodes", "idle", "meta", "*.state"))
			return len(all) == 1
		})
	})
	if err := os.Rename(filepath.Join(folder, "nodes", "idle"), filepath.Join(folder, "nodes", "busy")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(folder, "nodes", "idle", "meta"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(folder, "cluster")); err != nil { // what follows stands for the same one
		t.Fatal(err)
	}
	e := newEngine(t, func(c *kubernetes.Config, _ *kubernetestest.Cluster) { c.Folder = folder })
	if _, err := os.Stat(filepath.Join(folder, "nodes", "idle")); err == nil {
		t.Error("the agent of a node that owes nothing is kept")
	}
	node(e.k, "idle")
	node(e.k, "busy")
	for seen := map[string]bool{}; len(seen) < 2; {
		o := e.offer(3)
		seen[o.Hostname] = true
		e.decline(o)
	}
}

// Another cluster, as of a context that leads elsewhere now, is refused while pods of a former life are in the one before.
func TestClusterHasChanged(t *testing.T) {
	e := newEngine(t, nil)
	line, end := untilEnd(t)
	e.launch(e.offer(1.5), "s.0.1", line, 0.5, true)
	e.status("s.0.1", cluster.Running)
	e.end()
	k := kubernetestest.New(t, kubernetestest.Options{Images: map[string]kubernetestest.Image{"plain:1": {}}})
	k.AddNamespace("trials", nil)
	k.AddNode(kubernetestest.Node{Name: "n1", CPU: "2", Memory: "2Gi"})
	elsewhere := e.conf
	elsewhere.Kubeconfig = k.Kubeconfig(kubernetestest.AdminToken, "trials")
	c, err := kubernetes.Start(t.Context(), elsewhere)
	if err == nil {
		c.Close(0)
	}
	if err == nil || !strings.Contains(err.Error(), "another cluster") {
		t.Fatalf("another cluster is taken: %v", err)
	}
	e.begin()
	end()
	e.status("s.0.1", cluster.Finished)
	e.empty()
}

// A pod that had not begun when kaon was started again, whose log cannot be read, holds its trial as long as one that is to be created, and no
// day.
func TestUnreadLogOfAPodThatHadNotBegun(t *testing.T) {
	e := newEngine(t, hasty)
	o := e.offer(1.5)
	n := e.k.Kubelet("n1")
	n.Stop()
	e.launch(o, "s.0.1", "exit 0", 0.5, true)
	testkit.Await(t, "its pod", func() bool { return len(e.k.List("pods", "trials")) == 1 })
	e.end()
	refused := &kubernetestest.Status{Code: 403, Reason: "Forbidden", Message: "somebody's webhook says no"}
	defer e.k.Inject(&kubernetestest.Fault{Match: of("get", "log"), Status: refused})()
	defer e.k.Inject(&kubernetestest.Fault{Match: of("", "attach"), Status: kubernetestest.Unavailable()})()
	e.begin()
	n.Start()
	uid := e.k.List("pods", "trials")[0].UID()
	testkit.Await(t, "its pod to run", func() bool { return n.PID(uid, "executor") > 0 })
	if err := syscall.Kill(n.PID(uid, "executor"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	e.status("s.0.1", cluster.Failed)
	e.empty()
}
