package relay

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// by starts a program through a relay, and gives what it prints, and what was reported.
func by(t *testing.T, folder, file string, argv ...string) (out string, in bool, err error) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var printed bytes.Buffer
	cmd := exec.Cmd{Path: Self, Args: Argv(folder, file, argv), Dir: "/", Env: []string{"A=1", "B=two words"}, Stdout: &printed, ExtraFiles: []*os.File{w}}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	in, err = Await(r)
	_ = cmd.Wait()
	return printed.String(), in, err
}

func TestRelayBecomesTheProgram(t *testing.T) {
	folder := t.TempDir()
	script := `pwd; env | grep -v ^PWD= | grep -v ^_= | sort; echo "$0 $1"; ls /proc/$$/fd | sort -n | tail -1; ulimit -n`
	out, in, err := by(t, folder, "/bin/sh", "sh", "-c", script, "zero", "one two")
	if err != nil || !in {
		t.Fatal(in, err)
	}
	cmd := exec.Command("/bin/sh", "-c", script, "zero", "one two")
	cmd.Dir, cmd.Env = folder, []string{"A=1", "B=two words"}
	want, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if out != string(want) {
		t.Errorf("%s\nwant\n%s", out, want)
	}
}

func TestRelayTellsWhatFailed(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "text"), []byte("x"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		folder, file string
		in           bool
		err          syscall.Errno
	}{
		{filepath.Join(folder, "none"), "/bin/sh", false, syscall.ENOENT},
		{folder, "./none", true, syscall.ENOENT},
		{folder, "./text", true, syscall.ENOEXEC},
		{folder, folder, true, syscall.EACCES},
	} {
		if _, in, err := by(t, c.folder, c.file, "x"); in != c.in || !errors.Is(err, c.err) {
			t.Errorf("%+v: %v, %v", c, in, err)
		}
	}
}
