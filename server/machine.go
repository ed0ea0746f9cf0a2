package server

import (
	"math"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/cluster/embedded"
	"github.com/kaon-sweep/kaon/scheduler/executor/cgroup"
)

// ThisMachine is an agent that offers all processors, all memory, the disk that is free below a folder, and
// GPUs as Cluster.GPUs says, as far as this process may use them: a container, a slice of systemd or a
// batch system may hold it to less than the machine has, by a control group or by its processors.
func ThisMachine(folder, gpus string) (embedded.AgentConfig, error) {
	hostname, err := os.Hostname()
	if err != nil {
		hostname = "localhost"
	}
	a := embedded.AgentConfig{Name: "local", Hostname: hostname, CPUs: float64(runtime.NumCPU()), MemoryMB: 4096,
		DiskMB: 10240}
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
	if unix.Statfs(folder, &disk) == nil {
		a.DiskMB = float64(disk.Bavail * uint64(disk.Bsize) / mb)
	}
	a.Devices, err = Devices(gpus)
	a.GPUs = float64(len(a.Devices.IDs))
	return a, err
}

// localCache is how much of what was fetched this machine keeps until the sweep ends: Mesos's default, or a
// quarter of a roomy disk.
func localCache(state string) int64 {
	var disk unix.Statfs_t
	if unix.Statfs(state, &disk) != nil {
		return 0
	}
	return max(2<<30, int64(disk.Bavail)*disk.Bsize/4)
}
