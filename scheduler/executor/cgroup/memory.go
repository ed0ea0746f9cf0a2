package cgroup

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Memory is a group as far as memory is concerned. The zero value is a group without a limit in which nothing
// was killed.
type Memory struct {
	dir string
	v2  bool

	Limit int64 // bytes; 0: none
}

// boundless is what a limit is at least when there is none: version 1 has no word for it.
const boundless = 1 << 60

// CurrentMemory is the group that this process was put into, below root, which is /. Its limit is the least
// of its own and of those above that can be seen. It is the zero value when there is no group with a limit.
func CurrentMemory(root string) Memory {
	h, err := find(root, "memory")
	if err != nil {
		return Memory{}
	}
	m := Memory{dir: h.own, v2: h.v2}
	file := "memory.limit_in_bytes"
	if m.v2 {
		file = "memory.max"
	}
	for dir := range h.upwards() {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil { // the root of version 2 has no limit
			continue
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
		if err != nil || n >= boundless { // "max" is no number
			continue
		}
		if m.Limit == 0 || n < m.Limit {
			m.Limit = n
		}
	}
	if m.Limit == 0 {
		return Memory{}
	}
	return m
}

// Kills is how many processes of the group the kernel has killed for want of memory, the group's own or the machine's.
func (m Memory) Kills() uint64 { return m.event("memory.oom_control", "oom_kill") }

// reached tells whether the group has come to its limit, and what it did there had to wait for memory or was killed.
func (m Memory) reached() bool {
	if m.v2 || m.dir == "" {
		return m.event("", "oom") > 0
	}
	// Where swap is limited, too, version 1 does not count what memory alone refused.
	text, err := os.ReadFile(filepath.Join(m.dir, "memory.max_usage_in_bytes"))
	if err != nil {
		return true
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	return err != nil || n > m.Limit-hugePage
}

// hugePage is the most that the kernel asks for at once, in bytes: by so much a group is below its limit when it is
// refused.
const hugePage = 2 << 20

// event is a count of version 2's events of the group, or of a file of version 1.
func (m Memory) event(file, name string) uint64 {
	if m.dir == "" {
		return 0
	}
	files := []string{file}
	if m.v2 {
		// The second counts those of groups inside, and is the older.
		files = []string{"memory.events.local", "memory.events"}
	}
	var text []byte
	for _, file := range files {
		var err error
		if text, err = os.ReadFile(filepath.Join(m.dir, file)); err == nil {
			break
		}
	}
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		if number, ok := strings.CutPrefix(s.Text(), name+" "); ok {
			n, _ := strconv.ParseUint(number, 10, 64) // not a number: none
			return n
		}
	}
	return 0
}
