package proc

import (
	"time"

	"golang.org/x/sys/unix"
)

// KillPatience is for how long KillAll usually tries.
const KillPatience = 30 * time.Second

// KillAll ends the processes that find gives, until it gives none or patience is over, and tells whether that
// came to be. What forks faster than it is killed, as a fork bomb does, is stopped first: what is stopped
// forks no more, and what waits for a child that was killed would go on. find must not give zombies.
func KillAll(patience time.Duration, find func() []int) bool {
	until := time.Now().Add(patience)
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		pids := find()
		if len(pids) == 0 {
			return true
		}
		if time.Now().After(until) {
			return false
		}
		stopped := map[int]bool{}
		for fresh := true; fresh && time.Now().Before(until); {
			fresh = false
			for _, pid := range pids {
				if !stopped[pid] && unix.Kill(pid, unix.SIGSTOP) == nil {
					stopped[pid], fresh = true, true
				}
			}
			if fresh {
				pids = find()
			}
		}
		for _, pid := range pids {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		time.Sleep(wait) // the kernel needs a moment to take them away
	}
}
