package cgroup

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// Lines of mountinfo as they are on a host and in containers.
const (
	v1Host    = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
	v1Docker  = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro,relatime shared:9 - cgroup cgroup rw,memory\n"
	v2Mount   = "41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
	hybrid    = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n" + v1Host
	elsewhere = `35 31 0:32 / /my\040groups rw - cgroup cgroup rw,memory` + "\n"
)

// tree makes files below a root.
func tree(t *testing.T, files map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	for file, text := range files {
		file = filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// Both versions, on a host and inside containers, where the group lies at the mount itself.
func TestOwnGroupIsFound(t *testing.T) {
	for name, tt := range map[string]struct {
		member, mounts string
		files          map[string]string
		limit          int64
		kills          uint64
	}{
		"v1 host": {"5:memory:/docker/abc\n", v1Host, map[string]string{
			"sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "1000\n",
			"sys/fs/cgroup/memory/docker/abc/memory.oom_control":    "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":            "9223372036854771712\n",
		}, 1000, 3},
		"v1 inside, told of the host's path": {"5:memory:/docker/abc\n", v1Docker, map[string]string{
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "2000\n", "sys/fs/cgroup/memory/memory.oom_control": "oom_kill 1\n",
		}, 2000, 1},
		"v1 inside, told of a path of its own": {"5:memory:/\n", v1Docker, map[string]string{
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "2000\n", "sys/fs/cgroup/memory/memory.oom_control": "oom_kill 1\n",
		}, 2000, 1},
		"v1 mounted elsewhere": {"5:memory:/x\n", elsewhere, map[string]string{
			"my groups/x/memory.limit_in_bytes": "4000\n",
		}, 4000, 0},
		"v2 host": {"0::/user.slice/x\n", v2Mount, map[string]string{
			"sys/fs/cgroup/user.slice/x/cgroup.controllers":  "cpu memory pids\n",
			"sys/fs/cgroup/user.slice/x/memory.max":          "3000\n",
			"sys/fs/cgroup/user.slice/x/memory.events":       "low 0\noom 5\noom_kill 5\noom_group_kill 0\n",
			"sys/fs/cgroup/user.slice/x/memory.events.local": "low 0\noom 2\noom_kill 2\noom_group_kill 0\n",
		}, 3000, 2},
		"v2 inside": {"0::/\n", v2Mount, map[string]string{
			"sys/fs/cgroup/cgroup.controllers": "memory\n", "sys/fs/cgroup/memory.max": "3000\n",
		}, 3000, 0},
		"both mounted, memory is version 1's": {"4:memory:/y\n0::/y\n", hybrid, map[string]string{
			"sys/fs/cgroup/unified/y/cgroup.controllers":   "\n",
			"sys/fs/cgroup/memory/y/memory.limit_in_bytes": "5000\n",
		}, 5000, 0},
		"v2, a group above has the least": {"0::/pod/x\n", v2Mount, map[string]string{
			"sys/fs/cgroup/pod/x/cgroup.controllers": "memory\n", "sys/fs/cgroup/pod/x/memory.max": "max\n",
			"sys/fs/cgroup/pod/x/memory.events": "oom_kill 4\n", "sys/fs/cgroup/pod/memory.max": "7000\n"}, 7000, 4},
		"v1, a group above has the least": {"5:memory:/pod/x\n", v1Host, map[string]string{
			"sys/fs/cgroup/memory/pod/x/memory.limit_in_bytes": "9000\n", "sys/fs/cgroup/memory/pod/memory.limit_in_bytes": "8000\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 8000, 0},
		"v1 without a limit": {"5:memory:/\n", v1Host, map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 0, 0},
		"v2 without a limit": {"0::/x\n", v2Mount, map[string]string{
			"sys/fs/cgroup/x/cgroup.controllers": "memory\n", "sys/fs/cgroup/x/memory.max": "max\n"}, 0, 0},
		"no memory at all": {"3:cpu,cpuacct:/\n", v1Host, map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": "1\n"}, 0, 0},
		"nothing mounted":  {"0::/\n", "", nil, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"proc/self/cgroup": tt.member, "proc/self/mountinfo": tt.mounts}
			maps.Copy(files, tt.files)
			m := CurrentMemory(tree(t, files))
			if m.Limit != tt.limit || m.Kills() != tt.kills {
				t.Errorf("limit %d, kills %d; want %d, %d", m.Limit, m.Kills(), tt.limit, tt.kills)
			}
		})
	}
}

// Where groups may be made in version 2, which has processes only in leaves.
func TestPlaceInVersion2(t *testing.T) {
	const own = "sys/fs/cgroup/above/own/"
	limitless := map[string]string{own + "memory.max": "max\n", own + "cpu.max": "max 100000\n"}
	for name, tt := range map[string]struct {
		files map[string]string
		want  string // below the mount; empty: nowhere
	}{
		"handed down already": {map[string]string{own + "cgroup.subtree_control": "cpu memory\n"}, "above/own"},
		"beside": {with(limitless, "sys/fs/cgroup/above/cgroup.subtree_control", "cpu memory\n",
			own+"cgroup.procs", "1\n2\n"), "above"},
		"beside would escape a limit of memory": {with(limitless, "sys/fs/cgroup/above/cgroup.subtree_control", "cpu memory\n",
			own+"memory.max", "1000\n"), ""},
		"beside would escape a limit of cpus": {with(limitless, "sys/fs/cgroup/above/cgroup.subtree_control", "cpu memory\n",
			own+"cpu.max", "50000 100000\n"), ""},
		"nothing is handed down": {limitless, ""},
		"in the leaf that it moved into": {map[string]string{own + "kaon/cgroup.controllers": "cpu memory\n", own + "cgroup.subtree_control": "cpu memory\n",
			own + "memory.max": "1000\n", "proc/self/cgroup": "0::/above/own/kaon\n"}, "above/own"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"proc/self/cgroup": "0::/above/own\n", "proc/self/mountinfo": v2Mount, own + "cgroup.controllers": "cpu memory\n"}
			maps.Copy(files, tt.files)
			root := tree(t, files)
			h, err := find(root, "memory")
			if err != nil {
				t.Fatal(err)
			}
			got, err := parentV2(h)
			if tt.want == "" {
				if err == nil {
					t.Errorf("in %s", got)
				}
				return
			}
			if want := filepath.Join(root, "sys/fs/cgroup", tt.want); err != nil || got != want {
				t.Errorf("in %s, %v; want %s", got, err, want)
			}
		})
	}
}

func with(files map[string]string, more ...string) map[string]string {
	files = maps.Clone(files)
	for i := 0; i < len(more); i += 2 {
		files[more[i]] = more[i+1]
	}
	return files
}
