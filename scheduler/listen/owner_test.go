package listen_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/listen"
)

// The test binary plays the other user: it listens where it is told to, or connects there.
func TestMain(m *testing.M) {
	switch role, where, _ := strings.Cut(os.Getenv("KAON_TEST_STRANGER"), " "); role {
	case "listen":
		l, err := net.Listen("tcp", where)
		if err != nil {
			os.Exit(1)
		}
		os.Stdout.WriteString(l.Addr().String())
		os.Stdout.Close()
		_, _ = os.Stdin.Read(make([]byte, 1)) // accepts nothing: the kernel tells least of such connections
		os.Exit(0)
	case "connect":
		c, err := net.Dial("unix", where)
		if err != nil {
			os.Exit(2)
		}
		n, _ := c.Read(make([]byte, 10))
		os.Stdout.WriteString(strconv.Itoa(n))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const nobody = 65534

// stranger is this binary as another user, somewhere that this user can read it.
func stranger(t *testing.T, role string) *exec.Cmd {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("plays another user, which only root may become")
	}
	dir, err := os.MkdirTemp("/tmp", "stranger")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	self, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = errors.Join(os.Chmod(dir, 0o755), os.WriteFile(filepath.Join(dir, "x"), self, 0o755))
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(dir, "x"))
	cmd.Dir, cmd.Env = "/", append(os.Environ(), "KAON_TEST_STRANGER="+role)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody, NoSetGroups: false}}
	return cmd
}

// A port that became free and was taken by another user is told from our own listener, also behind a name, by
// IPv6, and before the connection is accepted.
func TestAttackTakenPort(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"} {
		own, err := net.Listen("tcp", address)
		if err != nil {
			t.Logf("%s: %v", address, err) // a machine without IPv6
			continue
		}
		defer own.Close()
		if err := ask(t, own.Addr().String()); err != nil {
			t.Errorf("our own at %s: %v", address, err)
		}
		cmd := stranger(t, "listen "+address)
		in, err1 := cmd.StdinPipe()
		out, err2 := cmd.StdoutPipe()
		if err := errors.Join(err1, err2, cmd.Start()); err != nil {
			t.Fatal(err)
		}
		var said [100]byte
		n, _ := out.Read(said[:])
		var foreign *listen.ForeignError
		if err := ask(t, string(said[:n])); !errors.As(err, &foreign) || foreign.UID != nobody {
			t.Errorf("a stranger's at %s: %v", said[:n], err)
		}
		in.Close()
		_ = cmd.Wait()
	}
}

func ask(t *testing.T, address string) error {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatalf("%q: %v", address, err)
	}
	host := "127.0.0.1"
	if strings.HasPrefix(address, "[::1]") {
		host = "::1"
	}
	c, err := net.Dial("tcp", net.JoinHostPort(host, port))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return listen.Ours(c)
}

// A Unix socket answers its own user, and nobody else even if the modes let them in.
func TestAttackSocketOfAnotherUser(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "socket")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "s")
	inner, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
	if err == nil {
		err = errors.Join(os.Chmod(dir, 0o777), os.Chmod(name, 0o777))
	}
	if err != nil {
		t.Fatal(err)
	}
	l := listen.OwnUser(inner)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("hello"))
			c.Close()
		}
	}()
	c, err := net.Dial("unix", name)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if n, err := c.Read(make([]byte, 10)); n != 5 {
		t.Errorf("we ourselves read %d bytes, %v", n, err)
	}
	cmd := stranger(t, "connect "+name)
	if said, err := cmd.Output(); string(said) != "0" {
		t.Errorf("a stranger reads %s bytes, %v", said, err)
	}
}
