package proc

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// KillPatience is for how long KillAll usually tries.
const KillPatience = 30 * time.Second

// KillAll ends the processes that find gives, until it gives none or patience is over, and tells whether that
// came to be. What forks faster than it is killed, as a fork bomb does, is stopped first: what is stopped
// forks no more, and what waits for a child that was killed would go on. find must not give zombies.
// What this process may not kill, since it is another user's, is left alone.
func KillAll(patience time.Duration, find func() []int) bool {
	until := time.Now().Add(patience)
	others := map[int]bool{}
	ours := func() []int { return slices.DeleteFunc(find(), func(pid int) bool { return others[pid] }) }
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		pids := ours()
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
				if stopped[pid] {
					continue
				}
				switch unix.Kill(pid, unix.SIGSTOP) {
				case nil:
					stopped[pid], fresh = true, true
				case unix.EPERM:
					others[pid] = true
				}
			}
			if fresh {
				pids = ours()
			}
		}
		for _, pid := range pids {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		time.Sleep(wait) // the kernel needs a moment to take them away
	}
}
