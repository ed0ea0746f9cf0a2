package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/scheduler/cluster/stdio"
	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
)

// gated is a sweep whose trials count to a hundred, wait in the middle for a file to appear, and note that they ran.
func (w *world) gated(trials int, more string) (spec *sweep.Spec, release func()) {
	gate, ran := filepath.Join(w.dir, "gate"), filepath.Join(w.dir, "ran")
	values := ""
	for i := range trials {
		values += fmt.Sprintf("%d, ", i+1)
	}
	text := fmt.Sprintf(`
method: grid
metric: {name: loss, goal: minimize}
parameters: {x: {values: [%s]}}
command:
  - /bin/sh
  - -c
  - 'echo $0 >>%s; i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo "{\"step\": $i, \"loss\": $0}"; if [ $i = 50 ]; then while [ ! -e %s ]; do sleep 0.02; done; fi; done'
  - ${param.x}
task:
  resources: {cpus: 0.5, memory: 32MB}
%s`, strings.TrimSuffix(values, ", "), ran, gate, more)
	return w.spec("gated.yaml", text), func() {
		if err := os.WriteFile(gate, nil, 0o600); err != nil {
			w.t.Error(err)
		}
	}
}

// ran is how often trials were started.
func (w *world) ran() int {
	b, _ := os.ReadFile(filepath.Join(w.dir, "ran"))
	return strings.Count(string(b), "\n")
}

// whole checks that every trial of a sweep ran once, and that each of its hundred points was kept once.
func (w *world) whole(id string, trials int) {
	w.t.Helper()
	b, damage, err := store.LoadRecords(w.t.Context(), w.results, board.Config{Sweep: id})
	if err != nil || len(damage) > 0 {
		w.t.Fatal(damage, err)
	}
	if attempts, points := b.Totals(); attempts != trials || points != uint64(100*trials) {
		w.t.Errorf("%d attempts and %d points, want %d and %d", attempts, points, trials, 100*trials)
	}
	for i := range trials {
		if t, _ := b.Trial(i); len(t.Attempts) != 1 || t.Attempts[0].Known != 100 || t.Attempts[0].Missing != 0 {
			w.t.Errorf("trial %d: %+v", i, t.Attempts)
		}
	}
}

// kubernetesServer is a server on a Kubernetes of so many nodes.
func kubernetesServer(t *testing.T, nodes ...string) (*world, *kubernetestest.Cluster, Config) {
	t.Helper()
	w := newWorld(t)
	k, where := kubernetesWorld(t, nodes...)
	cfg := w.config()
	cfg.Cluster, cfg.Only = where, "gated"
	return w, k, cfg
}

// finish ends a server as kaon run does.
func (w *world) finish(s *Server, k *kubernetestest.Cluster) {
	w.t.Helper()
	if err := s.Teardown(w.t.Context()); err != nil {
		w.t.Error(err)
	}
	w.closed(s)
	noPods(w.t, k)
}

// A process that ends while trials run is followed by one on the same folder, which takes the pods over: each trial has run
// once, and no point is lost or doubled, also when the API server was away, ended its watches and forgot its history.
func TestKubernetesTakenOver(t *testing.T) {
	w, k, cfg := kubernetesServer(t, "n1", "n2")
	const trials = 6
	spec, release := w.gated(trials, "")
	s := w.open(cfg)
	w.submit(s, "gated", spec)
	testkit.Await(t, "all trials to run", func() bool { return w.ran() == trials })
	k.EndWatches()
	k.Compact()
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	s = w.open(cfg)
	sw, _ := s.Sweep("gated")
	k.Down()
	release()
	k.Up()
	w.ends(sw, sweep.PhaseSucceeded)
	w.finish(s, k)
	if n := w.ran(); n != trials {
		t.Errorf("%d trials were started, want %d", n, trials)
	}
	w.whole("gated", trials)
}

// A pod that others delete, as a drain does, moves its trials elsewhere, at nobody's charge.
func TestKubernetesEviction(t *testing.T) {
	w, k, cfg := kubernetesServer(t, "n1", "n2")
	spec, release := w.gated(2, "  retries: 0\n")
	s := w.open(cfg)
	sw := w.submit(s, "gated", spec)
	testkit.Await(t, "both trials to run", func() bool { return w.ran() == 2 })
	k.Disrupt("default", k.List("pods", "default")[0].Name(), "EvictionByEvictionAPI")
	testkit.Await(t, "the trials to run again", func() bool { return w.ran() == 4 })
	release()
	w.ends(sw, sweep.PhaseSucceeded)
	w.finish(s, k)
}

// An image that is not to be had is told in Kubernetes's words, once for all.
func TestKubernetesImageMissing(t *testing.T) {
	w, k, cfg := kubernetesServer(t, "n1")
	s := w.open(cfg)
	spec := w.spec("none.yaml", strings.Replace(three, "task:\n", "task:\n  image: none:1\n  retries: 0\n", 1))
	sw := w.submit(s, "gated", spec)
	w.ends(sw, sweep.PhaseFailed)
	w.finish(s, k)
	b, _, err := store.LoadRecords(t.Context(), w.results, board.Config{Sweep: "gated"})
	if err != nil {
		t.Fatal(err)
	}
	first, _ := b.Trial(0)
	if reason := first.Attempts[0].End.Reason; !strings.Contains(reason, "Kubernetes: ") || !strings.Contains(reason, "ImagePull") || !strings.Contains(reason, "none:1") {
		t.Errorf("reason %q", reason)
	}
}

// What others take after an offer was made, so that the kubelet refuses a pod, costs a trial nothing; nor do calls that the
// API server asks to be made later.
func TestKubernetesRefusals(t *testing.T) {
	w, k, cfg := kubernetesServer(t, "n1")
	creates := func(r kubernetestest.Request) bool {
		return r.Verb == "create" && r.Resource == "pods" && r.Subresource == ""
	}
	late := &kubernetestest.Fault{Match: creates, Times: 1, Status: kubernetestest.Throttled(time.Second)}
	done := &kubernetestest.Fault{Match: creates, Times: 1, Applied: true, Cut: true} // it is made, and nobody hears of it
	defer k.Inject(late)()
	defer k.Inject(done)()
	s := w.open(cfg)
	w.ends(w.submit(s, "gated", w.spec("three.yaml", three)), sweep.PhaseSucceeded)
	if k.Hits(late) != 1 || k.Hits(done) != 1 {
		t.Errorf("%d and %d calls met a fault", k.Hits(late), k.Hits(done))
	}
	w.finish(s, k)
}

// What an executor said last, to nobody, before it went, is read from its pod's log: trials that had ended do not run again.
func TestKubernetesRecall(t *testing.T) {
	w, k, cfg := kubernetesServer(t, "n1")
	const trials = 1 // of several an executor may wait with the next end until the first is answered
	gate, ran := filepath.Join(w.dir, "gate"), filepath.Join(w.dir, "ran")
	spec := w.spec("quiet.yaml", fmt.Sprintf(`
method: grid
parameters: {x: {values: [1]}}
command: [/bin/sh, -c, 'echo $0 >>%s; while [ ! -e %s ]; do sleep 0.02; done', "${param.x}"]
task: {resources: {cpus: 0.5, memory: 32MB}}
`, ran, gate))
	s := w.open(cfg)
	w.submit(s, "gated", spec)
	testkit.Await(t, "all trials to be told to run", func() bool {
		pods := k.List("pods", "default")
		return w.ran() == trials && len(pods) == 1 && said(t, k, pods[0].Name()) == 1+trials // a SUBSCRIBE, and an update each
	})
	testkit.Await(t, "that to be heard", func() bool {
		status, err := s.Snapshot(t.Context())
		return err == nil && status.Sweeps[0].Counts.Running == trials
	})
	w.closed(s)
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	pod := k.List("pods", "default")[0].Name()
	testkit.Await(t, "their ends in the log", func() bool { return said(t, k, pod) >= 1+2*trials })
	k.Kubelet("n1").Reboot()
	s = w.open(cfg)
	sw, _ := s.Sweep("gated")
	w.ends(sw, sweep.PhaseSucceeded)
	w.finish(s, k)
	if n := w.ran(); n != trials {
		t.Errorf("%d trials were started, want %d", n, trials)
	}
}

// said is how many calls of an executor are in its pod's log.
func said(t *testing.T, k *kubernetestest.Cluster, pod string) (n int) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(k.CA())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	defer transport.CloseIdleConnections()
	rq, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, k.URL()+"/api/v1/namespaces/default/pods/"+pod+"/log", nil)
	rq.Header.Set("Authorization", "Bearer "+kubernetestest.AdminToken)
	resp, err := transport.RoundTrip(rq)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_ = stdio.Replay(resp.Body, func(r *http.Request) {
		if r.Host != cluster.OutputHost {
			n++
		}
	})
	return n
}

// The trials of a node that is lost go on elsewhere; what it runs on, when it comes back, is ended.
func TestKubernetesNodeLost(t *testing.T) {
	w, k, cfg := kubernetesServer(t, "n1", "n2")
	cfg.Cluster.Kubernetes.NodeTimeout, cfg.PartitionGrace = 100*time.Millisecond, 100*time.Millisecond
	spec, release := w.gated(2, "")
	s := w.open(cfg)
	sw := w.submit(s, "gated", spec)
	testkit.Await(t, "both trials to run", func() bool { return w.ran() == 2 })
	node := k.List("pods", "default")[0].Text("spec", "nodeName")
	k.Kubelet(node).Lose()
	testkit.Await(t, "the trials to run again", func() bool { return w.ran() == 4 })
	release()
	w.ends(sw, sweep.PhaseSucceeded)
	k.Kubelet(node).Return()
	w.finish(s, k)
}

// A kubelet that is started anew finds its containers, and the executors their agents: nothing runs twice.
func TestKubernetesKubeletRestart(t *testing.T) {
	w, k, cfg := kubernetesServer(t, "n1")
	const trials = 2
	spec, release := w.gated(trials, "")
	s := w.open(cfg)
	sw := w.submit(s, "gated", spec)
	testkit.Await(t, "all trials to run", func() bool { return w.ran() == trials })
	k.Kubelet("n1").Stop()
	release()
	k.Kubelet("n1").Start()
	w.ends(sw, sweep.PhaseSucceeded)
	w.finish(s, k)
	w.whole("gated", trials)
}
