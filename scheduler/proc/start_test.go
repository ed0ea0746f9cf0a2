package proc

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A program whose file is open for writing starts as soon as it is closed; any other error is told at once.
func TestStartWaitsForTheWriter(t *testing.T) {
	program := filepath.Join(t.TempDir(), "true")
	text, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Skip(err)
	}
	if err := os.WriteFile(program, text, 0o755); err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(program, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := exec.Command(program).Run(); !errors.Is(err, syscall.ETXTBSY) {
		t.Skipf("no text is busy here: %v", err)
	}
	time.AfterFunc(20*time.Millisecond, func() { _ = writer.Close() })
	if err := Start(func() error { return exec.Command(program).Run() }); err != nil {
		t.Error(err)
	}
	times := 0
	if err := Start(func() error { times++; return syscall.ENOENT }); err != syscall.ENOENT || times != 1 {
		t.Errorf("%d times, %v", times, err)
	}
}
