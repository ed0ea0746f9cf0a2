package cgroup

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

const (
	asUser = "KAON_TEST_AS_USER"
	nobody = 65534
)

// An agent of Mesos that starts an executor as an ordinary user gives that user the executor's group, to make
// others in, but none of its files. In version 1 threads of such a process can go into the groups that it
// made, and must come back.
func TestGroupsOfAnOrdinaryUser(t *testing.T) {
	if homes := os.Getenv(asUser); homes != "" {
		ordinaryUser(t, filepath.SplitList(homes))
		return
	}
	open(t)
	if os.Getuid() != 0 {
		t.Skip("beyond a whole run: needs root, to become somebody else")
	}
	var homes string
	for _, controller := range []string{"memory", "cpu"} {
		h, err := find("/", controller)
		if err != nil {
			t.Fatal(err)
		}
		if h.v2 {
			t.Skip("beyond a whole run: needs control groups of version 1")
		}
		home := filepath.Join(h.own, "user-of-"+strconv.Itoa(os.Getpid()))
		if err := os.Mkdir(home, 0o755); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := removeAll(home); err != nil {
				t.Error(err)
			}
		})
		if err := os.Chown(home, nobody, nobody); err != nil {
			t.Fatal(err)
		}
		homes += string(filepath.ListSeparator) + home
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestGroupsOfAnOrdinaryUser$", "-test.v")
	cmd.Env = append(os.Environ(), asUser+"="+homes[1:])
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("as an ordinary user: %v\n%s", err, out)
	}
}

// ordinaryUser is the test in a process of its own, which it moves to the homes.
func ordinaryUser(t *testing.T, homes []string) {
	for _, home := range homes {
		if err := write(home, "cgroup.procs", strconv.Itoa(os.Getpid())); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Setgroups(nil); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setgid(nobody); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setuid(nobody); err != nil {
		t.Fatal(err)
	}
	tr, err := Open("/")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		mb     int
		killed bool
	}{{16, false}, {256, true}, {16, false}} {
		g, err := tr.Group(Limits{Memory: 64 << 20, CPUs: 1})
		if err != nil {
			t.Fatal(err)
		}
		_ = run(t, g, hog(tt.mb)).Wait()
		if got := g.OutOfMemory(); got != tt.killed {
			t.Errorf("%d MB: killed %v, want %v", tt.mb, got, tt.killed)
		}
		if err := g.Remove(); err != nil {
			t.Error(err)
		}
	}
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
}
