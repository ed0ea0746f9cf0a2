package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded/protocol"
	"github.com/kaon-sweep/kaon/scheduler/cluster/mesos"
	"github.com/kaon-sweep/kaon/scheduler/executor/cgroup"
	"github.com/kaon-sweep/kaon/scheduler/transfer"
	"github.com/kaon-sweep/kaon/sweep"
)

// clusterFlags say where trials run.
type clusterFlags struct {
	Cluster string `default:"local" env:"KAON_CLUSTER" placeholder:"WHERE" help:"local, or mesos://[user:secret@]host:port[,host:port…][?options] (${default})."`
	executorFlags
	machineFlags
	Advertise      string        `placeholder:"HOST[:PORT]" help:"Address at which agents and executors reach this process, to fetch files and to leave artifacts; found out when left out."`
	Container      string        `enum:",docker,mesos" default:"" placeholder:"WHICH" help:"Containerizer for trials in an image: docker or mesos; the spec's task.container, else docker, when left out."`
	WorkDir        string        `enum:"auto,spec,sandbox" default:"auto" help:"Where trials without an image start: in the spec's folder, in their own sandbox, or (auto) in the spec's folder when the master is on this machine."`
	ConnectTimeout time.Duration `default:"30s" help:"How long to look for a master before giving up (${default})."`
	PartitionGrace time.Duration `default:"2m" help:"How long an attempt on an unreachable agent may come back before it is replaced (${default})."`
}

// runningCluster is a way to run tasks.
type runningCluster struct {
	driver      mesos.Config
	executor    scheduler.ExecutorTemplate
	interpreter string
	reviveEvery time.Duration
	workDir     func(*sweep.Spec) string
	here        bool   // trials run on this machine, in the environment of this process
	stop        func() // nil: nothing to stop
	interrupt   func() // ends what runs, when leaving it would surprise; nil: tasks outlive this process
	name        string // for people

	machine embedded.AgentConfig                                       // of the embedded cluster: all that there is
	share   func(choose func(used protocol.Share) protocol.Share) bool // limits what is used of it; nil: others are not there, or the master's business
}

// startCluster starts the embedded cluster, or makes ready to drive a Mesos.
func startCluster(ctx context.Context, f clusterFlags, state string, d *transfer.Depot, log *slog.Logger) (runningCluster, error) {
	if f.Cluster == "local" {
		return startLocal(ctx, state, f.machineFlags, log)
	}
	driver, err := parseCluster(f.Cluster)
	if err != nil {
		return runningCluster{}, usage(fmt.Errorf("--cluster: %w", err))
	}
	driver.FirstTimeout = f.ConnectTimeout
	c := runningCluster{
		driver:      driver,
		reviveEvery: time.Second, // Mesos's own allocation interval: asking more often brings nothing sooner
		workDir:     f.workDir(driver.Masters),
		name:        "Mesos at " + strings.Join(driver.Masters, ","),
	}
	if c.executor, err = f.remote(d); err != nil {
		return runningCluster{}, err
	}
	return c, nil
}

// workDir chooses where trials start on a cluster: a master at a loopback address means agents that see this
// machine's files.
func (f clusterFlags) workDir(masters []string) func(*sweep.Spec) string {
	near := f.WorkDir == "spec"
	if f.WorkDir == "auto" {
		near = !slices.ContainsFunc(masters, func(address string) bool { return !loopback(address) })
	}
	if near {
		return specFolder
	}
	return func(*sweep.Spec) string { return "" }
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// localAllocation is how soon the embedded master offers freed resources again: at once. The offer then reaches the
// scheduler together with the update that freed it, and one turn, with one write to the journal, serves both.
const localAllocation = time.Microsecond

// killGrace is how long SIGKILLed processes and containers may take to be gone; an engine needs up to a second for each.
const killGrace = time.Minute

// fetchPatience is how long fetching inputs and pulling an image may take on this machine, whose owner waits for it.
const fetchPatience = time.Hour

// localCache is how much of what was fetched this machine keeps until the sweep ends: Mesos's default, or a quarter of a
// roomy disk.
func localCache(state string) int64 {
	var disk unix.Statfs_t
	if unix.Statfs(state, &disk) != nil {
		return 0
	}
	return max(2<<30, int64(disk.Bavail)*disk.Bsize/4)
}

// ownPrincipal is who kaon is to a cluster that it started itself, or whose credentials it made.
const ownPrincipal = "kaon"

// startLocal runs a one-agent cluster in this process. Trials work in their spec's folder, with this process's
// environment.
func startLocal(ctx context.Context, state string, f machineFlags, log *slog.Logger) (runningCluster, error) {
	self, err := os.Executable()
	if err != nil {
		return runningCluster{}, fmt.Errorf("find this program's file: %w", err)
	}
	work, err := filepath.Abs(filepath.Join(state, "agents"))
	if err != nil {
		return runningCluster{}, err
	}
	secret := rand.Text() // of this process alone: nobody else subscribes, and it is written nowhere
	machine, err := thisMachine(state, f)
	if err != nil {
		return runningCluster{}, err
	}
	ports, release := leasePorts()
	machine.Ports, machine.Shared = ports, true
	server, err := embedded.Start(context.WithoutCancel(ctx), embedded.Config{
		Auth:    map[string]string{ownPrincipal: secret},
		Agents:  []embedded.AgentConfig{machine},
		WorkDir: work,
		Cache:   localCache(state),
		Timing:  protocol.Timing{AllocationInterval: localAllocation, ExecutorRegistration: fetchPatience},
		Log:     log,
	})
	if err != nil {
		release()
		return runningCluster{}, unreachable(err)
	}
	return runningCluster{
		driver: mesos.Config{Masters: []string{server.Addr()}, Principal: ownPrincipal, Secret: secret, FirstTimeout: 30 * time.Second,
			// The machine is this run's alone: no need to leave its agent to sweeps that want its GPUs, as on a cluster.
			GPUs: true,
		},
		executor:    scheduler.ExecutorTemplate{Argv: []string{self, "executor"}},
		interpreter: localInterpreter(),
		workDir:     specFolder,
		here:        true,
		stop:        func() { server.Close(); release() },
		interrupt:   func() { server.KillExecutors(killGrace) },
		name:        "this machine",
		machine:     machine,
		share: func(choose func(protocol.Share) protocol.Share) bool {
			return server.Share(machine.Name, choose)
		},
	}, nil
}

// thisMachine offers all processors, all memory, the disk that is free and the GPUs, as far as this process may use them: a container,
// a slice of systemd or a batch system may hold it to less than the machine has, by a control group or by its processors.
func thisMachine(state string, f machineFlags) (embedded.AgentConfig, error) {
	hostname, err := os.Hostname()
	if err != nil {
		hostname = "localhost"
	}
	a := embedded.AgentConfig{Name: "local", Hostname: hostname, CPUs: float64(runtime.NumCPU()), MemoryMB: 4096, DiskMB: 10240}
	const mb = 1 << 20
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		a.MemoryMB = float64(uint64(info.Totalram) * uint64(info.Unit) / mb)
	}
	cpus, memory := cgroup.Allowance("/")
	if cpus > 0 {
		a.CPUs = min(a.CPUs, math.Floor(cpus*1000)/1000) // as Mesos counts them
	}
	if memory > 0 {
		a.MemoryMB = min(a.MemoryMB, float64(memory/mb))
	}
	var disk unix.Statfs_t
	if unix.Statfs(state, &disk) == nil {
		a.DiskMB = float64(disk.Bavail * uint64(disk.Bsize) / mb)
	}
	a.Devices, err = f.devices()
	a.GPUs = float64(len(a.Devices.IDs))
	return a, err
}

// localInterpreter is python3 where there is no python, as on Debian.
func localInterpreter() string {
	if _, err := exec.LookPath("python"); err != nil {
		if _, err := exec.LookPath("python3"); err == nil {
			return "python3"
		}
	}
	return ""
}

// specFolder is where a spec's relative paths start.
func specFolder(spec *sweep.Spec) string { return filepath.Dir(spec.File) }
