package testkit

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// drawn are the ports that tests of this process have from FreePort.
var drawn sync.Map

// FreePort is a TCP port of 127.0.0.1 at which nobody listens, for what is to listen there later, or to find nobody
// there. It lies below those that a system gives to connections and to listeners that name none, which others could get
// in between. No other test of this process gets it.
func FreePort(t testing.TB) int {
	t.Helper()
	const least, ports, tries = 20000, 10000, 1000
	var last error
	for range tries {
		port := least + rand.IntN(ports)
		if _, had := drawn.LoadOrStore(port, true); had {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			last = err
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatalf("no port from %d to %d is free in %d tries: %v", least, least+ports-1, tries, last)
	return 0
}
