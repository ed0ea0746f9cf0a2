package proc

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/timer"
)

// KillPatience is for how long KillAll usually tries.
const KillPatience = 30 * time.Second

// KillAll ends the processes that find gives, until it gives none or patience is over, and tells whether that
// came to be. What forks faster than it is killed, as a fork bomb does, is stopped first: what is stopped
// forks no more, and what waits for a child that was killed would go on. find must not give zombies.
// What this process may not kill, since it is another user's, is left alone, and so is a process that has got the
// number of one that was found: while a bomb goes off numbers may come round within moments.
func KillAll(patience time.Duration, find func() []Stat) bool {
	until := time.Now().Add(patience)
	others := map[Stat]bool{}
	ours := func() (all []Stat) {
		for _, s := range find() {
			if s = s.identity(); !others[s] {
				all = append(all, s)
			}
		}
		return all
	}
	for try := 0; ; try++ {
		found := ours()
		if len(found) == 0 {
			return true
		}
		if time.Now().After(until) {
			return false
		}
		stopped := map[Stat]bool{}
		for fresh := true; fresh && time.Now().Before(until); {
			fresh = false
			for _, s := range found {
				if stopped[s] {
					continue
				}
				switch s.kill(unix.SIGSTOP) {
				case nil:
					stopped[s], fresh = true, true
				case unix.EPERM:
					others[s] = true
				}
			}
			if fresh {
				found = ours()
			}
		}
		for _, s := range found {
			_ = s.kill(unix.SIGKILL)
		}
		// The kernel needs a moment to take them away.
		time.Sleep(timer.Backoff(time.Millisecond, 50*time.Millisecond, try))
	}
}

// identity is what tells the process from all others.
func (s Stat) identity() Stat { return Stat{PID: s.PID, Started: s.Started} }

// kill sends the process a signal, unless another has its number now.
func (s Stat) kill(sig unix.Signal) error {
	if now := Started(s.PID); now != s.Started {
		return unix.ESRCH
	}
	return unix.Kill(s.PID, sig)
}
