package executor

import (
	"context"

	"golang.org/x/sys/unix"
)

// What this process needs descriptors for: attempts, each at its busiest (its folder, two pipes with both
// ends, a handle of the process, two outputs, the metrics file, a spill, a delivery with its connection), and
// itself.
const (
	attemptFiles = 12
	ownFiles     = 40
)

// Room is how many attempts an executor with a limit of descriptors runs at once, at least one; more wait in
// it.
func Room(descriptors uint64) int {
	const most = 1 << 16 // more never run in one executor
	if descriptors > ownFiles+attemptFiles*most {
		return most
	}
	return max(1, (int(descriptors)-ownFiles)/attemptFiles)
}

// ownRoom is the Room of this process. The Go runtime has raised its soft limit to the hard one, and gives
// programs that it starts the one of before.
func ownRoom() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return Room(1024)
	}
	return Room(limit.Cur)
}

// slots is a semaphore: it has room for as many attempts as have descriptors at a time.
type slots chan struct{}

// admit waits until there are descriptors for one attempt more, or ctx ends; who was admitted must call
// leave.
func (s slots) admit(ctx context.Context) (leave func(), err error) {
	select {
	case s <- struct{}{}:
		return func() { <-s }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
