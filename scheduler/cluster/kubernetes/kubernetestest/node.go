package kubernetestest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/kaon-sweep/kaon/scheduler/crash"
)

// Node is a node to add.
type Node struct {
	Name        string
	CPU, Memory string            // such as "4" and "8Gi"
	Pods        int               // 0: 110
	Extended    map[string]string // further resources, such as nvidia.com/gpu: "2"
	Labels      map[string]string
	Taints      []Taint
}

// Taint keeps pods away that do not tolerate it.
type Taint struct{ Key, Value, Effect string }

// Kubelet is a node's kubelet and what it runs.
type Kubelet struct {
	c      *Cluster
	name   string
	folder string
	woken  chan struct{}

	mu      sync.Mutex
	pods    map[string]*sandbox // by uid
	known   []Object            // the node's pods when the API server was last heard
	stop    context.CancelFunc  // nil while it does not run
	running context.Context     // what streams through it ends with this
	stopped chan struct{}
}

// AddNode adds a node that is ready, and starts its kubelet.
func (c *Cluster) AddNode(n Node) *Kubelet {
	c.t.Helper()
	if n.Pods == 0 {
		n.Pods = 110
	}
	capacity := map[string]any{"cpu": n.CPU, "memory": n.Memory, "pods": float64(n.Pods)}
	for name, amount := range n.Extended {
		capacity[name] = amount
	}
	labels := map[string]any{"kubernetes.io/hostname": n.Name, "kubernetes.io/os": "linux",
		"kubernetes.io/arch": "amd64"}
	for name, value := range n.Labels {
		labels[name] = value
	}
	o := Object{
		"metadata": map[string]any{"name": n.Name, "labels": labels},
		"spec":     map[string]any{},
		"status": map[string]any{
			"capacity": capacity, "allocatable": clone(capacity),
			"addresses": []any{map[string]any{"type": "InternalIP", "address": "127.0.0.1"},
				map[string]any{"type": "Hostname", "address": n.Name}},
			"nodeInfo": map[string]any{"kubeletVersion": "v1.37.2", "operatingSystem": "linux",
				"architecture": "amd64"},
		},
	}
	var taints []any
	for _, taint := range n.Taints {
		taints = append(taints, map[string]any{"key": taint.Key, "value": taint.Value, "effect": taint.Effect})
	}
	if taints != nil {
		dict(o["spec"])["taints"] = taints
	}
	ready(o, "True", "KubeletReady")
	c.Create("nodes", "", o)
	k := &Kubelet{c: c, name: n.Name, folder: filepath.Join(c.folder, "nodes", n.Name), woken: make(chan struct{}, 1),
		pods: map[string]*sandbox{}}
	if err := os.MkdirAll(k.folder, 0o755); err != nil {
		c.t.Fatal(err)
	}
	c.store.nodes.Store(n.Name, k)
	k.Start()
	return k
}

func ready(o Object, value, reason string) {
	setCondition(o, "Ready", value, reason, "")
	for _, pressure := range []string{"MemoryPressure", "DiskPressure", "PIDPressure"} {
		setCondition(o, pressure, map[string]string{"True": "False"}[value]+
			map[string]string{"Unknown": "Unknown"}[value], reason, "")
	}
}

// Name is the node's name.
func (k *Kubelet) Name() string { return k.name }

func (k *Kubelet) poke() {
	select {
	case k.woken <- struct{}{}:
	default:
	}
}

// Start starts the kubelet, which finds the containers that run still.
func (k *Kubelet) Start() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stop != nil {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	k.running, k.stop, k.stopped = ctx, stop, done
	crash.Go(func() {
		defer close(done)
		ticker := time.NewTicker(100 * time.Millisecond) // for what waits for time, an image or a secret
		defer ticker.Stop()
		for ctx.Err() == nil {
			k.sync()
			select {
			case <-k.woken:
			case <-ticker.C:
			case <-ctx.Done():
			}
		}
	})
}

// Stop ends the kubelet and what streams through it; its containers go on.
func (k *Kubelet) Stop() {
	k.mu.Lock()
	stop, stopped := k.stop, k.stopped
	k.stop = nil
	k.mu.Unlock()
	if stop != nil {
		stop()
		<-stopped
	}
}

const unreachable = "node.kubernetes.io/unreachable"

// Lose is the loss of the node: the kubelet is not heard any more, the node becomes NotReady and is tainted. Its
// containers go on, as behind a broken network.
func (k *Kubelet) Lose() {
	k.Stop()
	k.c.Change("nodes", "", k.name, func(o Object) {
		ready(o, "Unknown", "NodeStatusUnknown")
		spec := dict(o["spec"])
		spec["taints"] = append(items(spec, "taints"),
			map[string]any{"key": unreachable, "effect": "NoSchedule", "timeAdded": now()},
			map[string]any{"key": unreachable, "effect": "NoExecute", "timeAdded": now()})
	})
}

// Return ends a loss.
func (k *Kubelet) Return() {
	k.c.Change("nodes", "", k.name, func(o Object) {
		ready(o, "True", "KubeletReady")
		var rest []any
		for _, taint := range items(o.Get("spec", "taints")) {
			if text(taint, "key") != unreachable {
				rest = append(rest, taint)
			}
		}
		if dict(o["spec"])["taints"] = rest; rest == nil {
			delete(dict(o["spec"]), "taints")
		}
	})
	k.Start()
}

// Reboot is the machine's: all containers end with 255, and the kubelet starts anew.
func (k *Kubelet) Reboot() {
	k.Stop()
	k.killAll("Unknown")
	k.mu.Lock()
	for _, sb := range k.pods {
		sb.rebooted = true
	}
	k.mu.Unlock()
	k.Start()
}

// Remove takes the node away with its machine. Its pods are deleted, as the pod garbage collector does; finalizers keep
// them.
func (k *Kubelet) Remove() {
	k.c.store.nodes.Delete(k.name)
	k.destroy()
	k.c.Delete("nodes", "", k.name, 0)
	for _, pod := range k.c.store.podsOn(k.name) {
		k.c.Change("pods", pod.Namespace(), pod.Name(), func(o Object) {
			if !o.ended() {
				dict(o["status"])["phase"] = "Failed"
				setCondition(o, "DisruptionTarget", "True", "DeletionByPodGC", "PodGC: node no longer exists")
			}
		})
		k.c.Delete("pods", pod.Namespace(), pod.Name(), 0)
	}
}

// Cordon makes a node unschedulable, or schedulable again.
func (k *Kubelet) Cordon(on bool) {
	k.c.Change("nodes", "", k.name, func(o Object) {
		if dict(o["spec"])["unschedulable"] = true; !on {
			delete(dict(o["spec"]), "unschedulable")
		}
	})
}

// killAll ends all processes of the node at once, and waits for it.
func (k *Kubelet) killAll(reason string) {
	k.mu.Lock()
	var all []*process
	for _, sb := range k.pods {
		for _, p := range sb.processes {
			all = append(all, p)
		}
	}
	k.mu.Unlock()
	for _, p := range all {
		p.signal(syscall.SIGKILL, reason)
	}
	for _, p := range all {
		<-p.ended
	}
}

func (k *Kubelet) destroy() {
	k.Stop()
	k.killAll("")
}
