package executor

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// memoryGroup is the memory cgroup that the executor and its trials live in: where the kernel counts what it killed.
type memoryGroup struct {
	events string // file with a line "oom_kill N"
	limit  int64  // bytes
}

// boundless is what a limit is at least when there is none: cgroup v1 has no word for it.
const boundless = 1 << 60

// findMemoryGroup looks for a memory cgroup with a limit, below root, which is /. Inside a container the group's
// files may lie at the mount itself or below it by the group's path, as namespaces have it.
func findMemoryGroup(root string) (g memoryGroup, found bool) {
	member, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return g, false
	}
	for line := range strings.Lines(string(member)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		base, events, limit := "sys/fs/cgroup", "memory.events", "memory.max"
		if f[1] != "" {
			if !strings.Contains(","+f[1]+",", ",memory,") {
				continue
			}
			base, events, limit = "sys/fs/cgroup/memory", "memory.oom_control", "memory.limit_in_bytes"
		}
		for _, dir := range []string{filepath.Join(root, base, f[2]), filepath.Join(root, base)} {
			text, err := os.ReadFile(filepath.Join(dir, limit))
			if err != nil {
				continue
			}
			if n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64); err == nil && n < boundless {
				return memoryGroup{filepath.Join(dir, events), n}, true
			}
		}
	}
	return g, false
}

// kills is how many processes the kernel has killed in the group for want of memory.
func (g memoryGroup) kills() uint64 {
	text, err := os.ReadFile(g.events)
	if err != nil {
		return 0
	}
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		if number, ok := strings.CutPrefix(s.Text(), "oom_kill "); ok {
			n, _ := strconv.ParseUint(number, 10, 64) // not a number: none
			return n
		}
	}
	return 0
}
