package proc

import (
	"fmt"
	"hash/fnv"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Tag marks a program and all that it will ever start: what makes a session of its own, leaves its parents
// and clears its environment has it still. It lies in the soft RLIMIT_LOCKS, which children inherit and which
// has limited nothing since Linux 2.4. A program can change its own, if it knows of it: a tag finds, and is
// not there to contain.
type Tag uint64

// A tag has, from the top: a mark that it is one, whose it is, and a serial number.
const (
	tagMark    = 0x4b
	markShift  = 56 // below RLIM_INFINITY, with which it has nothing to do
	ownerShift = 24
)

// TagOf is the tag of the n-th program started for owner, which is a folder or anything that names it.
func TagOf(owner string, n uint64) Tag {
	h := fnv.New32a()
	h.Write([]byte(owner))
	return Tag(tagMark)<<markShift | Tag(h.Sum32())<<ownerShift | Tag(n%(1<<ownerShift))
}

// SameOwner tells whether two tags are of one owner.
func (t Tag) SameOwner(other Tag) bool { return t>>ownerShift == other>>ownerShift }

var tagging sync.Mutex

// WithTag has start start a program that has a tag. Where it cannot be set, the program starts without.
func WithTag(t Tag, start func() (int, error)) (int, error) {
	tagging.Lock()
	defer tagging.Unlock()
	var before unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_LOCKS, &before) == nil {
		if unix.Setrlimit(unix.RLIMIT_LOCKS, &unix.Rlimit{Cur: uint64(t), Max: before.Max}) == nil {
			// Which it may: the hard limit is as it was
			defer func() { _ = unix.Setrlimit(unix.RLIMIT_LOCKS, &before) }()
		}
	}
	return start()
}

// TagFrom is the tag of a process; 0: it has none, or there is no such process.
func TagFrom(pid int) Tag {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(line, "Max file locks")
		if !ok {
			continue
		}
		f := strings.Fields(rest)
		if len(f) == 0 {
			return 0
		}
		n, err := strconv.ParseUint(f[0], 10, 64)
		if err != nil || n>>markShift != tagMark { // "unlimited", usually
			return 0
		}
		return Tag(n)
	}
	return 0
}
