package executor

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"sync"
)

// leftovers tells, for one system call, whether attempts that have ended may have left processes behind. Those hang
// on the first thread of this process, their subreaper, from the moment at which the end of their parents can be seen.
type leftovers struct {
	file *os.File // the children of that thread; nil: the kernel does not list them, or they are not adopted

	mu struct {
		sync.Mutex
		leaders map[int]bool // of the attempts that run
	}
}

func openLeftovers(subreaper bool) *leftovers {
	l := &leftovers{}
	l.mu.leaders = map[int]bool{}
	if subreaper {
		pid := os.Getpid()
		l.file, _ = os.Open(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid)) // nil: none can be excluded
	}
	return l
}

func (l *leftovers) close() {
	if l.file != nil {
		l.file.Close()
	}
}

// lead and follow keep the books of which children lead an attempt.
func (l *leftovers) lead(pid int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mu.leaders[pid] = true
}

func (l *leftovers) follow(pid int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.mu.leaders, pid)
}

// none tells whether there are no children but leaders. A leader of which lead was not told yet counts as one that
// was left behind.
func (l *leftovers) none() bool {
	if l.file == nil {
		return false
	}
	var buf [512]byte
	n, _ := l.file.ReadAt(buf[:], 0)
	if n == len(buf) {
		return false // more than fit: not worth the look
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, field := range bytes.Fields(buf[:n]) {
		if pid, err := strconv.Atoi(string(field)); err != nil || !l.mu.leaders[pid] {
			return false
		}
	}
	return true
}
