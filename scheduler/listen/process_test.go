package listen

import (
	"net"
	"os"
	"testing"
)

func TestProcessAt(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if pid := ProcessAt(l.Addr().String()); pid != os.Getpid() {
		t.Errorf("process %d listens at %s, want %d", pid, l.Addr(), os.Getpid())
	}
	l.Close()
	for _, address := range []string{l.Addr().String(), "192.0.2.1:5050", "example.org:80", "x"} {
		if pid := ProcessAt(address); pid != 0 {
			t.Errorf("process %d listens at %s", pid, address)
		}
	}
}
