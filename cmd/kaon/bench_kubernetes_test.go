package main

import (
	"os"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/testkit"
)

// benchedKubernetes is what `kaon bench kubernetes --json` says.
type benchedKubernetes struct {
	Nodes, Slots int
	Hollow       bool
	Rows         []struct {
		Row, Skipped string
		Trials       int
		Seconds      float64
		PerSecond    float64  `json:"trials_per_second"`
		Ideal        float64  `json:"ideal_seconds"`
		Pods         *float64 `json:"pods"`
		APIServer    *float64 `json:"apiserver_cpu_ms_per_trial"`
		OfItems      *float64 `json:"trials_per_second_of_items"`
		OfJobs       *float64 `json:"trials_per_second_of_job"`
	}
	Notes []string
}

// benchHollow measures a cluster on nodes that run nothing, and leaves nothing there.
func benchHollow(t *testing.T, kubeconfig string, more ...string) (got benchedKubernetes) {
	p := newPlace(t)
	cluster := "kubernetes://?namespace=default&rate=200&kubeconfig=" + kubeconfig
	p.start(append([]string{"bench", "kubernetes", "--cluster", cluster, "--hollow=3", "--trials=60", "--few=20", "--time=100ms", "--cpus=0.5", "--quiet=0s", "--json"}, more...)...).
		within(3 * patience).ends(exitDone).json(&got)
	if got.Nodes != 3 || got.Slots != 24 || !got.Hollow {
		t.Errorf("the cluster: %+v", got)
	}
	return got
}

// On nodes that run nothing, trials run by kaon and as others do it; what a cluster has not is left out by name.
func TestBenchKubernetes(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.kaon("bench", "kubernetes", "--cluster", "local").ends(exitUsage).says("kubernetes://")
	c := kubernetestest.New(t, kubernetestest.Options{Scheduler: true})
	kubeconfig := c.Kubeconfig(kubernetestest.AdminToken, "default")
	p.kaon("bench", "kubernetes", "--cluster", "kubernetes://?kubeconfig="+kubeconfig).ends(exitUsage).says("image", "--hollow")
	got := benchHollow(t, kubeconfig)
	if len(got.Rows) != 4 || len(got.Notes) == 0 || !strings.Contains(got.Notes[0], "/metrics") {
		t.Fatalf("got %+v", got)
	}
	for i, r := range got.Rows[:3] {
		if want := []int{60, 20, 20}[i]; r.Trials != want || r.Skipped != "" || r.Seconds <= 0 || r.PerSecond <= 0 || r.Ideal <= 0 || r.OfItems == nil || r.OfJobs != nil || r.APIServer != nil {
			t.Errorf("%+v", r)
		}
	}
	if r := got.Rows[3]; r.Row != "job" || !strings.Contains(r.Skipped, "could not find the requested resource") {
		t.Errorf("%+v", r)
	}
	testkit.Await(t, "nodes and pods to be gone", func() bool { return len(c.List("nodes", "")) == 0 && len(c.List("pods", "default")) == 0 })
}

// Where nodes of another measurement are, none are added.
func TestBenchHollowRefusesOthers(t *testing.T) {
	t.Parallel()
	c := kubernetestest.New(t, kubernetestest.Options{})
	p := newPlace(t)
	cluster := "kubernetes://?kubeconfig=" + c.Kubeconfig(kubernetestest.AdminToken, "default")
	first := p.start("bench", "hollow", "2", "--cluster", cluster)
	first.stdout.await(t, "2 hollow nodes")
	p.kaon("bench", "hollow", "1", "--cluster", cluster).ends(exitUnreachable).says("kubectl delete nodes -l kaon.dev/hollow")
	if n := len(c.List("nodes", "")); n != 2 {
		t.Errorf("%d nodes, want 2", n)
	}
	_ = first.cmd.Process.Signal(os.Interrupt)
	<-first.ended
	if n := len(c.List("nodes", "")); n != 0 {
		t.Errorf("%d nodes are left", n)
	}
}

// On a real API server every way is measured, with what the API server says of itself.
func TestKubernetesBench(t *testing.T) {
	kubeconfig := os.Getenv("KAON_KUBERNETES")
	if kubeconfig == "" {
		t.Skip("beyond a whole run: needs a real Kubernetes: make test-kubernetes")
	}
	got := benchHollow(t, kubeconfig)
	if len(got.Rows) != 4 || len(got.Notes) > 0 {
		t.Fatalf("got %+v", got)
	}
	for _, r := range got.Rows {
		if r.Skipped != "" || r.APIServer == nil || r.Pods == nil || r.OfJobs == nil {
			t.Errorf("%+v", r)
			continue
		}
		if pods := int(*r.Pods); r.Row == "pilot" && (pods < 1 || pods > 3) || r.Row != "pilot" && pods < r.Trials {
			t.Errorf("%s created %d pods", r.Row, pods)
		}
	}
}
