package proc

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
)

func TestLineOfAProcess(t *testing.T) {
	page := int64(os.Getpagesize())
	for text, want := range map[string]Stat{
		"42 (a) b) S 1 40 39 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 777 1000 25 18446744073709551615": {
			PID: 42, State: 'S', Parent: 1, Session: 39, Threads: 1, Started: 777, Resident: 25 * page},
		"42 () Z 1 40 39 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 777 0 0 0": {PID: 42, State: 'Z', Parent: 1,
			Session: 39, Threads: 1, Started: 777},
	} {
		if got, ok := parse(42, text); !ok || got != want {
			t.Errorf("%s: %+v, %v; want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", ")", "42 (x) S 1 2 3",
		"42 (x) S 1 x 39 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 x 1000 25 0"} {
		if got, ok := parse(42, text); ok {
			t.Errorf("%q is %+v", text, got)
		}
	}
}

func TestRollup(t *testing.T) {
	const text = "00400000-7fff rollup\nRss: 900 kB\nPss: 700 kB\nPss_Anon: 10 kB\nPss_File: 600 kB\nPss_Shmem: 5 kB\n"
	if got, ok := parseRollup(text); !ok || got != 15<<10 {
		t.Errorf("%d, %v", got, ok)
	}
	for _, text := range []string{"", "Pss: 3 kB\n", "Pss_Anon: x kB\n", "Pss_Anon: 3 MB\n"} {
		if got, ok := parseRollup(text); ok {
			t.Errorf("%q is %d", text, got)
		}
	}
}

func TestOwnProcess(t *testing.T) {
	self, ok := Read(os.Getpid())
	if !ok || self.Parent != os.Getppid() || self.Resident <= 0 || self.Started == 0 || self.zombie() {
		t.Fatalf("%+v, %v", self, ok)
	}
	if !slices.ContainsFunc(All(os.Getpid()), func(s Stat) bool { return s.PID == os.Getpid() }) {
		t.Error("not among all processes")
	}
	held := make([]byte, 32<<20)
	for i := range held {
		held[i] = 1
	}
	if n, ok := ProportionalSet(os.Getpid()); !ok || n < int64(len(held)) {
		t.Errorf("holds %d bytes, %v; want at least %d", n, ok, len(held))
	}
	if held[len(held)-1] != 1 { // used until here
		t.Fatal()
	}
}

// A session is found with all its members, also those whose parent is gone; what has ended is not in it.
func TestSession(t *testing.T) {
	cmd := exec.Command("sh", "-c", "(sleep 60 & echo $!); read x")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var child int
	if _, err := fmt.Fscan(out, &child); err != nil {
		t.Fatal(err)
	}
	leader := cmd.Process.Pid
	got := Session(leader)
	has := func(pid int) bool { return slices.ContainsFunc(got, func(s Stat) bool { return s.PID == pid }) }
	if !has(leader) || !has(child) {
		t.Errorf("session of %d: %v; want %d in it", leader, got, child)
	}
	in.Close()
	_ = syscall.Kill(-leader, syscall.SIGKILL)
	_ = cmd.Wait()
	if got := Started(leader); got != 0 {
		t.Errorf("began at %d, and has ended", got)
	}
}
