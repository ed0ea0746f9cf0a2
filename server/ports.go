package server

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/ledger"
)

// Ports for trials that ask for them lie below those that the kernel itself hands out (from 32768). Every run
// on this machine has a block of its own: of the usual ones from firstPort on, else of those below.
const (
	firstPort   = 30000
	portsLeased = 200
	usualBlocks = 13
	portBlocks  = 100
)

// NoPorts is what people are told when LeasePorts had none.
const NoPorts = "no ports are free for trials: other runs have them, or something listens there; " +
	"run it again when they have ended"

// LeasePorts takes a block of ports for as long as this process lives or until release. Nothing listens at
// them. Without any there are no ports: zero.
//
// This user's runs lock files in a folder that others cannot enter. Runs of different users make way for
// each other by a name in the kernel's abstract namespace of sockets. Anybody can take those names, all of
// them too: where no block is left otherwise, they do not count. Locks and names go with the process.
func LeasePorts() (ports [2]uint64, release func()) {
	folder, err := ledger.Folder()
	if err != nil {
		folder = "" // the names are left
	}
	for _, take := range []struct {
		polite bool
		least  int
	}{{true, portsLeased}, {false, portsLeased}, {false, 1}} {
		for i := range portBlocks {
			if l, ok := leaseBlock(folder, blockAt(i), take.polite, take.least); ok {
				return l.ports, l.release
			}
		}
	}
	return ports, func() {}
}

// blockAt is the first port of the block that is tried after i others. Users begin with different ones, so
// that their runs rarely meet.
func blockAt(i int) int {
	if i < usualBlocks {
		return firstPort + (os.Getuid()+i)%usualBlocks*portsLeased
	}
	return firstPort - (i-usualBlocks+1)*portsLeased
}

// lease is ports, and the descriptors that hold them.
type lease struct {
	ports [2]uint64
	held  []int
}

func (l lease) release() {
	for _, fd := range l.held {
		_ = unix.Close(fd)
	}
}

// leaseBlock takes one block, if so many ports in a row are free in it. Polite is not to take what another
// user's run says is its own.
func leaseBlock(folder string, first int, polite bool, least int) (l lease, ok bool) {
	defer func() {
		if !ok {
			l.release()
		}
	}()
	if folder != "" {
		name := filepath.Join(folder, fmt.Sprintf("ports-%d.lock", first))
		fd, err := unix.Open(name, unix.O_CREAT|unix.O_RDWR|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o600)
		if err != nil {
			return l, false
		}
		if l.held = append(l.held, fd); unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) != nil {
			return l, false
		}
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return l, false
	}
	l.held = append(l.held, fd)
	name := unix.SockaddrUnix{Name: fmt.Sprintf("@kaon-ports-%d", first)}
	if unix.Bind(fd, &name) != nil && (polite || folder == "") {
		return l, false
	}
	begin, n := first, 0
	for p, start := first, first; p < first+portsLeased; p++ {
		if !portFree(p) {
			start = p + 1
		} else if p+1-start > n {
			begin, n = start, p+1-start
		}
	}
	l.ports = [2]uint64{uint64(begin), uint64(begin + n - 1)}
	return l, n >= least
}

// portFree tries whether a process could listen at a port of any address of this machine.
func portFree(port int) bool {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	// As servers do: connections that have just ended are no obstacle.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	return unix.Bind(fd, &unix.SockaddrInet4{Port: port}) == nil
}
