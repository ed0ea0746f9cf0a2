package proc

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/testkit"
)

// A process of another user, which may have taken on our tag, holds up nobody who kills all that he has.
func TestAttackKillAllOfAnother(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs to be root, to be others")
	}
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	s, _ := Read(cmd.Process.Pid)
	done := make(chan bool, 1)
	go func() {
		runtime.LockOSThread() // which ends with this goroutine: only it becomes nobody
		const nobody = 65534
		if _, _, err := unix.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody); err != 0 {
			t.Error(err)
		}
		done <- KillAll(time.Hour, func() []Stat { return []Stat{s} })
	}()
	select {
	case <-done:
	case <-time.After(testkit.Patience):
		t.Fatal("it waits for what it cannot kill")
	}
	if Started(cmd.Process.Pid) == 0 {
		t.Error("it was killed")
	}
}

// Who has got the number of a process that was found is not killed for it.
func TestKillAllOfNumbersThatCameRound(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	s, ok := Read(cmd.Process.Pid)
	if !ok {
		t.Fatal("it cannot be read")
	}
	before, looks := s, 0
	before.Started--
	if !KillAll(time.Hour, func() []Stat {
		if looks++; looks > 3 {
			return nil
		}
		return []Stat{before}
	}) {
		t.Error("it is not done")
	}
	if now, ok := Read(cmd.Process.Pid); !ok || now.Started != s.Started || now.State == 'T' || now.State == 'Z' {
		t.Errorf("it is %+v", now)
	}
}
