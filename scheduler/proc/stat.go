package proc

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

// Stat is one line of /proc/<pid>/stat (proc(5)), as far as anybody here needs it.
type Stat struct {
	PID     int
	State   byte // Z and X are processes that have ended
	Parent  int
	Session int // process id of its leader
	Threads int
	// Clock ticks since the machine started: tells one process from a later one with the same number
	Started  uint64
	Resident int64 // bytes in memory, those shared with others included
}

// zombie tells whether the process has ended and only its wait status is left.
func (s Stat) zombie() bool { return s.State == 'Z' || s.State == 'X' }

// fields of the line, counted from the one after the name.
const (
	stateField    = 0
	parentField   = 1
	sessionField  = 3
	threadsField  = 17
	startedField  = 19
	residentField = 21
	leastFields   = residentField + 1
)

var pageSize = int64(os.Getpagesize())

// Read reads the line of a process; false when there is no such process.
func Read(pid int) (Stat, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Stat{}, false
	}
	return parse(pid, string(text))
}

// parse reads a line. The program's name is in brackets and may hold brackets and blanks.
func parse(pid int, text string) (Stat, bool) {
	f := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(f) < leastFields {
		return Stat{}, false
	}
	s := Stat{PID: pid, State: f[stateField][0]}
	var err [5]error
	var pages int64
	s.Parent, err[0] = strconv.Atoi(f[parentField])
	s.Session, err[1] = strconv.Atoi(f[sessionField])
	s.Started, err[2] = strconv.ParseUint(f[startedField], 10, 64)
	pages, err[3] = strconv.ParseInt(f[residentField], 10, 64)
	s.Threads, err[4] = strconv.Atoi(f[threadsField])
	s.Resident = pages * pageSize
	return s, err == [5]error{}
}

// Started is when a process began, in clock ticks; 0 when it has ended or never was.
func Started(pid int) uint64 {
	s, ok := Read(pid)
	if !ok || s.zombie() {
		return 0
	}
	return s.Started
}

// All reads the lines of all processes from a number up that have not ended.
func All(from int) []Stat {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil
	}
	var out []Stat
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid < from {
			continue
		}
		if s, ok := Read(pid); ok && !s.zombie() {
			out = append(out, s)
		}
	}
	return out
}

// Session lists the living processes of a session, which is named by the process id of its leader. Its other
// members are younger, so unless numbers have wrapped around since only greater ones are looked at: on a
// machine of 500 processes that is the difference between 5 ms and a quarter of one.
func Session(leader int) []Stat {
	var out []Stat
	for _, s := range All(FirstSince(leader)) {
		if s.Session == leader {
			out = append(out, s)
		}
	}
	return out
}

// FirstSince is the lowest process id that All has to look at to find what began after a process: the
// process's own, because ids grow, or 1 when they may have wrapped around since. Where there are few of them
// (32,768 on many machines) they may have wrapped and grown past the process's own again, which nothing shows.
func FirstSince(pid int) int {
	if mostPID() < manyPIDs {
		return 1
	}
	f := loadavg()
	if n, err := strconv.Atoi(f[lastPIDField]); err != nil || n < pid {
		return 1
	}
	return pid
}

// manyPIDs is how many process ids a machine has of which no executor lives to see all given out.
const manyPIDs = 1 << 20

// mostPID is the number at which process ids wrap around; 0: it is not known.
var mostPID = sync.OnceValue(func() int {
	text, err := os.ReadFile("/proc/sys/kernel/pid_max")
	if err != nil {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return n
})

// Count is how many processes and threads there are, for the price of one read; 0: it is not known.
func Count() int {
	_, total, _ := strings.Cut(loadavg()[countField], "/")
	n, err := strconv.Atoi(total)
	if err != nil {
		return 0
	}
	return n
}

// Fields of /proc/loadavg (proc(5)), after the three averages.
const (
	countField   = 3 // those that could run now/all of them
	lastPIDField = 4 // the number given out last
)

// loadavg is the fields of /proc/loadavg, empty ones where it cannot be read.
func loadavg() (fields [lastPIDField + 1]string) {
	text, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		copy(fields[:], strings.Fields(string(text)))
	}
	return fields
}
