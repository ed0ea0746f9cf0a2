package proc

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
)

// A file that a child of a child writes to is found by the first of them; one that is only read is not.
func TestWritesOfDescendants(t *testing.T) {
	dir := t.TempDir()
	written, read := filepath.Join(dir, "a.log"), filepath.Join(dir, "b.log")
	if err := os.WriteFile(read, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `(sh -c 'exec 5>"$0" 6<"$1"; sleep 60' "$0" "$1"; true); true`, written, read)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); _ = cmd.Wait() }()
	wanted := func(base string) bool { return filepath.Ext(base) == ".log" }
	var got []string
	testkit.Await(t, "the file", func() bool {
		got = nil
		for _, pid := range Descendants(cmd.Process.Pid, 10) {
			got = append(got, Writes(pid, wanted)...)
		}
		return len(got) > 0
	})
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, []string{written}) {
		t.Errorf("found %q", got)
	}
	if all := Descendants(cmd.Process.Pid, 2); len(all) != 2 {
		t.Errorf("%d of at most two", len(all))
	}
}

// A process with very many descriptors costs no more to look at than one with many.
func TestWritesOfManyDescriptors(t *testing.T) {
	most := maxDescriptors + 100
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Max < uint64(most)+100 {
		t.Skipf("at most %d files may be open", limit.Max)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: limit.Max, Max: limit.Max}); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) })
	path := filepath.Join(t.TempDir(), "a.log")
	for range most {
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
	found := len(Writes(os.Getpid(), func(base string) bool { return base == "a.log" }))
	if found > maxDescriptors || found < maxDescriptors-100 {
		t.Errorf("%d of %d descriptors were looked at, at most %d are to be", found, most, maxDescriptors)
	}
}
