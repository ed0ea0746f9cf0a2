package server

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/cluster/kubernetes"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/listen"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/server/sandbox"
	"github.com/kaon-sweep/kaon/server/staging"
	"github.com/kaon-sweep/kaon/sweep"
)

// runningCluster is a way to run tasks.
type runningCluster struct {
	staging.Place
	driver      mesos.Config
	executor    scheduler.ExecutorTemplate
	reviveEvery time.Duration
	stop        func() // nil: nothing to stop
	interrupt   func() // ends what runs, when leaving it would surprise; nil: tasks outlive this process
	name        string // for people
	warning     string // of what may go wrong there; empty: nothing is known

	// output reads what an attempt writes where this process alone leads; nil: it lies in folders
	output func(ctx context.Context, host string, task, attempt cluster.TaskID, name string,
		offset int64) ([]byte, error)

	// waits says what keeps what a sweep has launched from running; nil: that is told by updates alone
	waits func(sweep string) string

	machine embedded.AgentConfig // of the embedded cluster: all that there is
	// limits what is used of it; nil: others are not there, or the master's business
	share func(choose func(used protocol.Share) protocol.Share) bool
}

// startCluster starts the embedded cluster, or makes ready to drive a Mesos. Executors are served by files.
func startCluster(
	ctx context.Context, c Cluster, folder string, files *transfer.Server, log *slog.Logger,
) (runningCluster, error) {
	if c.Kubernetes != nil {
		running, err := c.openKubernetes(ctx, folder, files, log)
		if err != nil {
			return runningCluster{}, err
		}
		pods := inPods(running, c.ConnectTimeout)
		pods.PodRoot = c.Kubernetes.Root
		return pods, nil
	}
	if c.Mesos == nil {
		return startLocal(ctx, c, folder, log)
	}
	driver := *c.Mesos
	driver.FirstTimeout = c.ConnectTimeout
	executor, err := c.remoteExecutor(files)
	return runningCluster{
		driver:      driver,
		executor:    executor,
		Place:       staging.Place{WorkDir: c.workDir(driver.Masters), Containerizer: c.Containerizer},
		reviveEvery: time.Second, // Mesos's own allocation interval: asking more often brings nothing sooner
		name:        "Mesos at " + strings.Join(driver.Masters, ","),
	}, err
}

// inPods drives a Kubernetes by the master that its engine has in this process.
func inPods(running *kubernetes.Cluster, patience time.Duration) runningCluster {
	name, secret := running.Credentials()
	warning := ""
	if running.Narrow() {
		warning = "pods of other namespaces may not be seen, so nodes may be offered fuller than they are, and " +
			"their kubelets refuse what does not fit: " +
			"deploy/kubernetes/rbac-all-pods.yaml lets kaon see them"
	}
	return runningCluster{
		Place:   staging.Place{Pods: true, WorkDir: func(*sweep.Spec) string { return "" }},
		warning: warning,
		driver: mesos.Config{Masters: []string{"127.0.0.1:0"}, Principal: name, Secret: secret,
			Transport: running.Transport(),
			// pods without GPUs see none, so no node needs to be left to others for its
			FirstTimeout: patience, GPUs: true,
		},
		executor: scheduler.ExecutorTemplate{Overhead: executorOverhead, Argv: []string{executorName, "executor"}},
		stop:     func() { running.Close(podsLeave) },
		name:     running.Name(),
		output:   running.Output,
		waits:    running.Waits,
	}
}

// workDir chooses where trials start on a cluster: a master at a loopback address means agents that see this
// machine's files.
func (c Cluster) workDir(masters []string) func(*sweep.Spec) string {
	near := c.WorkDir == "spec"
	if c.WorkDir == "" || c.WorkDir == "auto" {
		near = !slices.ContainsFunc(masters, func(address string) bool { return !listen.Loopback(address) })
	}
	if near {
		return (*sweep.Spec).Folder
	}
	return func(*sweep.Spec) string { return "" }
}

// localAllocation is how soon the embedded master offers freed resources again: at once. The offer then
// reaches the scheduler together with the update that freed it, and one turn, with one write to the
// journal, serves both.
const localAllocation = time.Microsecond

// killGrace is how long SIGKILLed processes and containers may take to be gone; an engine needs up to a
// second for each.
const killGrace = time.Minute

// fetchPatience is how long fetching inputs and pulling an image may take on this machine, whose owner
// waits for it.
const fetchPatience = time.Hour

// ownPrincipal is who kaon is to a cluster that it started itself.
const ownPrincipal = "kaon"

// startLocal runs a one-agent cluster in this process. Trials work in their spec's folder, with this
// process's environment.
func startLocal(ctx context.Context, c Cluster, folder string, log *slog.Logger) (runningCluster, error) {
	self, err := os.Executable()
	if err != nil {
		return runningCluster{}, fmt.Errorf("find this program's file: %w", err)
	}
	work, err := filepath.Abs(filepath.Join(folder, sandbox.AgentsFolder))
	if err != nil {
		return runningCluster{}, err
	}
	machine, err := ThisMachine(folder, c.GPUs)
	if err != nil {
		return runningCluster{}, err
	}
	secret := rand.Text() // of this process alone: nobody else subscribes, and it is written nowhere
	ports, release := LeasePorts()
	machine.Ports, machine.Shared = ports, true
	server, err := embedded.Start(context.WithoutCancel(ctx), embedded.Config{
		Private: true,
		Auth:    map[string]string{ownPrincipal: secret},
		Agents:  []embedded.AgentConfig{machine},
		WorkDir: work,
		Cache:   localCache(folder),
		Timing:  protocol.Timing{AllocationInterval: localAllocation, ExecutorRegistration: fetchPatience},
		Log:     log,
	})
	if err != nil {
		release()
		return runningCluster{}, unreachable(err)
	}
	here := staging.Here()
	here.Containerizer = c.Containerizer
	return runningCluster{
		Place: here,
		driver: mesos.Config{Masters: []string{server.Addr()}, Principal: ownPrincipal, Secret: secret,
			Transport:    server.Transport(),
			FirstTimeout: defaultConnectTimeout,
			// The machine is this process's alone: no need to leave its agent to frameworks that want its GPUs, as
			// on a cluster.
			GPUs: true,
		},
		executor:  scheduler.ExecutorTemplate{Argv: []string{self, "executor"}},
		stop:      func() { server.Close(); release() },
		interrupt: func() { server.KillExecutors(killGrace) },
		name:      "this machine",
		machine:   machine,
		share: func(choose func(protocol.Share) protocol.Share) bool {
			return server.Share(machine.Name, choose)
		},
	}, nil
}
