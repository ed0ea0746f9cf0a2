package kubernetes_test

import (
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/clustertest"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes/kubernetestest"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/sweep/resource"
	"github.com/kaon-sweep/kaon/testkit"
)

const (
	masterWithin = "the master is in the scheduler's process, and dies with it"
	ownProgram   = "agents start kaon's own program, whatever the scheduler says; images that cannot be had are tested beside"
)

// The engine does for the scheduler what the scheduler relies on.
func TestConformance(t *testing.T) {
	clustertest.Suite{
		New: func(t *testing.T) clustertest.Engine { return newConforming(t) },
		Except: map[string]string{
			"a master that dies is followed by another":          masterWithin,
			"an executor that cannot be started fails its tasks": ownProgram,
		},
	}.Run(t)
}

// The same on the real Kubernetes of `make test-kubernetes`, where a node cannot be lost without its daemon's being started again.
func TestKubernetesConformance(t *testing.T) {
	kubeconfig := os.Getenv("KAON_KUBERNETES")
	if kubeconfig == "" {
		t.Skip("beyond a whole run: needs a real Kubernetes: make test-kubernetes")
	}
	program := filepath.Join(t.TempDir(), "executor") // of no libraries, as images have none
	build := exec.Command("go", "build", "-o", program, "./testdata/executor")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the executor: %v\n%s", err, out)
	}
	const daemons = "a node's kubelet is started again at once, and Kubernetes takes most of a minute to miss one"
	clustertest.Suite{
		Shared: true,
		New: func(t *testing.T) clustertest.Engine {
			e := &conforming{t: t, conf: kubernetes.Config{
				Kubeconfig: kubeconfig, Image: os.Getenv("KAON_KUBERNETES_IMAGE"), Folder: t.TempDir(), Resend: 50 * time.Millisecond, Rate: 1000,
				Program: func(string) (string, error) { return program, nil },
			}}
			e.begin()
			return e
		},
		Except: map[string]string{
			"a master that dies is followed by another":                  masterWithin,
			"an executor that cannot be started fails its tasks":         ownProgram,
			"a node that is lost and comes back has its tasks still":     daemons,
			"a node that was lost while nobody was there is told of":     daemons,
			"what ended on a node that was lost is told when it is back": daemons,
		},
	}.Run(t)
}

// conforming is the engine on a Kubernetes.
type conforming struct {
	t      *testing.T
	k      *kubernetestest.Cluster // nil: it is a real one
	nodes  []clustertest.Node
	conf   kubernetes.Config
	engine *kubernetes.Cluster
	way    *clustertest.Breakable
}

func newConforming(t *testing.T) *conforming {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "kaon")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexec "+self+" \"$@\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	k := kubernetestest.New(t, kubernetestest.Options{Images: map[string]kubernetestest.Image{"plain:1": {}}})
	k.AddNamespace("trials", map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	for _, n := range []string{"n1", "n2"} {
		k.AddNode(kubernetestest.Node{Name: n, CPU: "2", Memory: "1Gi"})
	}
	e := &conforming{t: t, k: k, conf: kubernetes.Config{
		Kubeconfig: k.Kubeconfig(kubernetestest.AdminToken, "trials"), Image: "plain:1", Folder: t.TempDir(), NodeTimeout: 100 * time.Millisecond,
		Resend: 50 * time.Millisecond, Rate: 1000, Program: func(string) (string, error) { return program, nil },
	}}
	e.begin()
	return e
}

func (e *conforming) begin() {
	e.t.Helper()
	all, err := kubernetes.Survey(e.t.Context(), e.conf)
	if err != nil {
		e.t.Fatal(err)
	}
	for _, o := range all {
		n := clustertest.Node{Hostname: o.Hostname}
		for _, a := range o.Amounts {
			switch v := float64(a.Scalar) / float64(resource.Unit); a.Name {
			case "cpus":
				n.CPUs = v
			case "mem":
				n.MemoryMB = v
			}
		}
		e.nodes = append(e.nodes, n)
	}
	if testing.Verbose() {
		e.conf.Log = slog.New(slog.NewTextHandler(e.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	e.way = &clustertest.Breakable{Way: func() http.RoundTripper { return e.engine.Transport() }}
	e.start()
}

func (e *conforming) start() {
	e.t.Helper()
	var err error
	if e.engine, err = kubernetes.Start(e.t.Context(), e.conf); err != nil {
		e.t.Fatal(err)
	}
}

func (e *conforming) Nodes() []clustertest.Node { return e.nodes }

func (e *conforming) Open(framework cluster.FrameworkID) (cluster.Driver, error) {
	name, secret := e.engine.Credentials()
	return mesos.New(mesos.Config{Masters: []string{"127.0.0.1:0"}, Principal: name, Secret: secret, Transport: e.way, FrameworkID: framework, GPUs: true,
		BackoffMin: time.Millisecond, BackoffMax: 20 * time.Millisecond})
}

func (e *conforming) Command(info *cluster.ExecutorInfo) { info.Argv = []string{"kaon", "executor"} }

func (e *conforming) Cut() { e.way.Cut() }

func (e *conforming) Restart() {
	e.engine.Close(0)
	e.start()
}

func (e *conforming) Failover() { e.t.Fatal(masterWithin) }

func (e *conforming) Lose(node string) { e.k.Kubelet(node).Lose() }

func (e *conforming) Return(node string) { e.k.Kubelet(node).Return() }

func (e *conforming) Close() { e.engine.Close(testkit.Patience / 4) }
