package listen

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
)

// ProcessAt is the process that listens at a TCP address of this machine, host:port; 0: there is none, or it cannot be
// seen from here.
func ProcessAt(address string) (pid int) {
	host, text, err := net.SplitHostPort(address)
	port, wrong := strconv.ParseUint(text, 10, 16)
	if err != nil || wrong != nil || !here(host) {
		return 0
	}
	for _, file := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		sockets, _ := readSockets(file) // none: then there is no such listener
		for _, s := range sockets {
			if s.listens && s.local.Port() == uint16(port) {
				if pid := holder(s.inode); pid != 0 {
					return pid
				}
			}
		}
	}
	return 0
}

// here tells whether a host is this machine.
func here(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	if ip.IsLoopback() {
		return true
	}
	own, _ := net.InterfaceAddrs()
	for _, a := range own {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr() == ip {
			return true
		}
	}
	return false
}

// holder is a process that has a socket open.
func holder(inode string) int {
	files, _ := filepath.Glob("/proc/[0-9]*/fd/*") // those of others are not listed
	for _, file := range files {
		if to, err := os.Readlink(file); err == nil && to == fmt.Sprintf("socket:[%s]", inode) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(file))))
			return pid
		}
	}
	return 0
}
