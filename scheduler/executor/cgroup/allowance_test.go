package cgroup

import (
	"maps"
	"testing"
)

// Limits may be those of a group above: of a pod, a slice, a container.
func TestAllowance(t *testing.T) {
	for name, tt := range map[string]struct {
		member, mounts string
		files          map[string]string
		cpus           float64
		memory         int64
	}{
		"v2": {"0::/pod/x\n", v2Mount, map[string]string{
			"sys/fs/cgroup/pod/x/cgroup.controllers": "cpu memory\n",
			"sys/fs/cgroup/pod/x/cpu.max":            "max 100000\n", "sys/fs/cgroup/pod/x/memory.max": "4000\n",
			"sys/fs/cgroup/pod/cpu.max": "150000 100000\n", "sys/fs/cgroup/pod/memory.max": "3000\n",
		}, 1.5, 3000},
		"v2, none": {"0::/x\n", v2Mount, map[string]string{
			"sys/fs/cgroup/x/cgroup.controllers": "cpu memory\n", "sys/fs/cgroup/x/cpu.max": "max 100000\n", "sys/fs/cgroup/x/memory.max": "max\n",
		}, 0, 0},
		"v1": {"3:cpu,cpuacct:/a/b\n5:memory:/a/b\n", v1Host, map[string]string{
			"sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us": "50000\n", "sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us": "100000\n",
			"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
			"sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "9223372036854771712\n", "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "2000\n",
		}, 0.5, 2000},
		"nothing mounted": {"0::/\n", "", nil, 0, 0},
	} {
		files := map[string]string{"proc/self/cgroup": tt.member, "proc/self/mountinfo": tt.mounts}
		maps.Copy(files, tt.files)
		if cpus, memory := Allowance(tree(t, files)); cpus != tt.cpus || memory != tt.memory {
			t.Errorf("%s: %v cpus, %d bytes; want %v, %d", name, cpus, memory, tt.cpus, tt.memory)
		}
	}
}
