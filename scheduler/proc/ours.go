package proc

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Ours tells of processes whether they descend from this one, as far as all has those between, or are of its user. Tags
// can be read by anybody, and taken on: what another user of the machine starts with one is none of ours.
func Ours(all []Stat) func(s Stat) bool {
	self, uid := os.Getpid(), uint32(os.Geteuid())
	parents := make(map[int]int, len(all))
	for _, s := range all {
		parents[s.PID] = s.Parent
	}
	return func(s Stat) bool {
		for pid, steps := s.PID, 0; steps <= len(all); steps++ { // what was read at two moments may be a circle
			parent, known := parents[pid]
			if parent == self {
				return true
			}
			if !known {
				break
			}
			pid = parent
		}
		var st unix.Stat_t
		return unix.Stat(fmt.Sprintf("/proc/%d", s.PID), &st) == nil && st.Uid == uid
	}
}
