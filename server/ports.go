package server

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Ports for trials that ask for them lie below those that the kernel itself hands out (from 32768). Every
// run on this machine has a block of its own, so that two runs, whoever they belong to, give no port twice.
const (
	firstPort   = 30000
	portsLeased = 200
	portBlocks  = 13
)

// LeasePorts takes a block of ports for as long as this process lives or until release. The lease is a name
// in the kernel's abstract namespace of sockets, which nobody listens at and which goes with the process.
// Without a free block there are no ports: zero.
func LeasePorts() (ports [2]uint64, release func()) {
	for i := range uint64(portBlocks) {
		first := firstPort + i*portsLeased
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			break
		}
		if unix.Bind(fd, &unix.SockaddrUnix{Name: fmt.Sprintf("@kaon-ports-%d", first)}) == nil {
			return [2]uint64{first, first + portsLeased - 1}, func() { _ = unix.Close(fd) }
		}
		_ = unix.Close(fd)
	}
	return ports, func() {}
}
