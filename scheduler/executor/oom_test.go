package executor

import (
	"os"
	"path/filepath"
	"testing"
)

// Both generations of cgroups, seen from a host and from inside a container, where the group lies at the mount itself.
func TestMemoryGroupIsFound(t *testing.T) {
	const nested = "/docker/abc"
	for name, tt := range map[string]struct {
		member string
		files  map[string]string
		found  bool
		limit  int64
		kills  uint64
	}{
		"v1 host": {"5:memory:" + nested + "\n", map[string]string{
			"sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "1000\n",
			"sys/fs/cgroup/memory/docker/abc/memory.oom_control":    "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":            "9223372036854771712\n",
		}, true, 1000, 3},
		"v1 inside": {"5:memory:" + nested + "\n", map[string]string{
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "2000\n", "sys/fs/cgroup/memory/memory.oom_control": "oom_kill 1\n",
		}, true, 2000, 1},
		"v2 inside": {"0::/\n", map[string]string{
			"sys/fs/cgroup/memory.max": "3000\n", "sys/fs/cgroup/memory.events": "low 0\noom 2\noom_kill 2\noom_group_kill 0\n",
		}, true, 3000, 2},
		"v1 without a limit": {"5:memory:/\n", map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, false, 0, 0},
		"v2 without a limit": {"0::/x\n", map[string]string{"sys/fs/cgroup/x/memory.max": "max\n"}, false, 0, 0},
		"no memory at all":   {"3:cpu,cpuacct:/\n", map[string]string{"sys/fs/cgroup/memory/memory.limit_in_bytes": "1\n"}, false, 0, 0},
		"nothing mounted":    {"0::/\n", nil, false, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			tt.files = withFile(tt.files, "proc/self/cgroup", tt.member)
			for file, text := range tt.files {
				file = filepath.Join(root, file)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			g, found := findMemoryGroup(root)
			if found != tt.found || g.limit != tt.limit || g.kills() != tt.kills {
				t.Errorf("found %v, limit %d, kills %d; want %v, %d, %d", found, g.limit, g.kills(), tt.found, tt.limit, tt.kills)
			}
		})
	}
}

func withFile(files map[string]string, name, text string) map[string]string {
	all := map[string]string{name: text}
	for k, v := range files {
		all[k] = v
	}
	return all
}

func TestIdentities(t *testing.T) {
	for text, want := range map[string][2]uint32{"0": {0, 0}, "root": {0, 0}, "4242": {4242, 0}, "4242:17": {4242, 17}, "root:17": {0, 17}} {
		id, err := identify(text)
		if err != nil || id.credential.Uid != want[0] || id.credential.Gid != want[1] {
			t.Errorf("%s: %+v, %v; want %v", text, id, err, want)
		}
	}
	if id, err := identify(""); id != nil || err != nil {
		t.Errorf("nobody is %+v, %v", id, err)
	}
	for _, text := range []string{"no-such-user", "0:no-such-group"} {
		if id, err := identify(text); err == nil {
			t.Errorf("%s is %+v", text, id)
		}
	}
}
