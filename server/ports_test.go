package server

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/offers"
	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Whatever names another user takes and wherever it listens, runs have ports, each its own.
func TestLeasePorts(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	name := func(first int) {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(fd) })
		_ = unix.Bind(fd, &unix.SockaddrUnix{Name: fmt.Sprintf("@kaon-ports-%d", first)})
	}
	for i := range portBlocks {
		name(blockAt(i))
	}
	free, release := LeasePorts()
	release()
	if free[0] == 0 {
		t.Fatal("names starve a run")
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", free[0]+7))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	seen := map[uint64]bool{}
	for i := range 30 {
		ports, release := LeasePorts()
		defer release()
		if ports[0] == 0 || ports[1]-ports[0]+1 != portsLeased {
			t.Fatalf("lease %d is %v", i, ports)
		}
		for p := ports[0]; p <= ports[1]; p++ {
			if seen[p] || p == free[0]+7 {
				t.Fatalf("port %d is another's", p)
			}
			seen[p] = true
		}
	}
}

// Where something listens in a block, the rest of it can be had.
func TestLeasePartOfABlock(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	at := listener.Addr().(*net.TCPAddr).Port
	if _, ok := leaseBlock(t.TempDir(), at-20, false, portsLeased); ok {
		t.Error("a block where something listens was taken whole")
	}
	if l, ok := leaseBlock(t.TempDir(), at-20, false, 1); !ok || l.ports[0] <= uint64(at) && uint64(at) <= l.ports[1] {
		t.Errorf("of a block where %d listens: %v, %v", at, l.ports, ok)
	} else {
		l.release()
	}
}

func TestSaysThatNoPortsAreFree(t *testing.T) {
	why := offers.Reasons{Agents: 1, Offering: 1, Eligible: 1, Largest: []offers.Limit{{Resource: "ports", Asked: resource.Unit}}}
	if text, ok := (machine{}).waits(why, 2, resource.Resources{Ports: 1}); !ok || !strings.HasPrefix(text, "2 trials are waiting: no ports are free for trials: ") {
		t.Errorf("says %q", text)
	}
}
