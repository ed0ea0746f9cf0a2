package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kaon-sweep/kaon/scheduler/safefile"
	"github.com/kaon-sweep/kaon/testkit"
)

func TestFaultsOfFileSystems(t *testing.T) {
	for err, want := range map[error]string{
		&os.PathError{Op: "write", Path: "/x", Err: unix.ENOSPC}: Space,
		fmt.Errorf("write: %w", unix.EDQUOT):                     Quota,
		&os.PathError{Op: "open", Path: "/x", Err: unix.EROFS}:   Writable,
		&os.PathError{Op: "write", Path: "/x", Err: unix.EIO}:    Working,
		&os.PathError{Op: "open", Path: "/x", Err: unix.EACCES}:  "",
		errors.New("no space left on device, somebody claims"):   "",
		&os.PathError{Op: "open", Path: "/x", Err: unix.EMFILE}:  "",
		safefile.ErrRefused: "",
	} {
		if got := Fault(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

// Quotas are of the file system's own kind: what a write is refused with stands for one here. Who holds more than he asked for is to
// blame, who holds less is not.
func TestJudgementByQuota(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "a", "model"), make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	sandbox, err := safefile.OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	defer sandbox.Close()
	folder, err := sandbox.Dir("a")
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	w := NewWatch(sandbox)
	u := w.Begin()
	if v := u.Judge(folder, 1, true); v.Lacked != "" {
		t.Errorf("a disk with room: %+v", v)
	}
	w.write = func(*safefile.Dir) error { return &os.PathError{Op: "write", Path: "x", Err: unix.EDQUOT} }
	if v := w.Begin().Judge(folder, 1, false); v.Lacked != "" {
		t.Errorf("nothing was written, so that nothing is known: %+v", v)
	}
	if v := u.Judge(folder, 10<<20, true); v.Lacked != Quota || v.Filled != "" {
		t.Errorf("of 10 MB that it asked for: %+v", v)
	}
	if v := u.Judge(folder, 100<<10, false); v.Lacked != Quota || !strings.Contains(v.Filled, "asked for 102400 bytes") {
		t.Errorf("of 100 KB that it asked for: %+v", v)
	}
	u.End()
	other := w.Begin()
	w.note(Working)
	if u.Lacked() != Quota || other.Lacked() != Working {
		t.Errorf("%q, %q", u.Lacked(), other.Lacked())
	}
	if v := other.Judge(folder, 1, false); v.Filled != "" {
		t.Errorf("a broken disk: %+v", v)
	}
}

// Who holds as many inodes as are counted is to blame for their want on a disk of any size.
func TestJudgementByInodes(t *testing.T) {
	for _, c := range []struct {
		lacked       string
		inodes, held int64
		want         string
	}{
		{Inodes, 40, 20, ""},
		{Inodes, 40, 21, "21 of the 40 files"},
		{Inodes, 1_500_000, 800_000, "800000 of the 1500000 files"},
		{Inodes, 65_000_000, 999_999, ""},
		{Inodes, 65_000_000, mostCounted, "1000000 files or more of the 65000000"},
		{Space, 65_000_000, mostCounted, ""},
	} {
		got := filled(c.lacked, 0, total{bytes: 1 << 40, inodes: c.inodes}, total{bytes: 1 << 20, inodes: c.held})
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// What an attempt held looks larger than what it asked for.
func TestJudgementBySize(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		held, asked int64
		want        string
	}{
		{100*mb - 1, 100 * mb, ""},
		{250*mb - 1, 100 * mb, "it held 249 MB of disk and asked for 100 MB (task.resources.disk)"},
		{100*mb + 600_000, 100 * mb, "it held 105457600 bytes of disk and asked for 104857600 bytes (task.resources.disk)"},
		{500 * mb, 0, ""},
		{600 * mb, 0, "it held 600 MB of the 1000 MB of the disk and asked for none (task.resources.disk)"},
	} {
		if got := filled(Space, c.asked, total{bytes: 1000 * mb}, total{bytes: c.held}); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// Who puts what it holds into more deep folders than are looked into is to blame, however little of it was counted.
func TestAttackJudgementOfDeepFolders(t *testing.T) {
	root := t.TempDir()
	deep := filepath.Join(root, strings.Repeat("d/", 99))
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	sandbox, err := safefile.OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	defer sandbox.Close()
	w := NewWatch(sandbox)
	w.write = func(*safefile.Dir) error { return &os.PathError{Op: "write", Path: "x", Err: unix.EDQUOT} }
	folders := 0
	for _, c := range []struct {
		folders int
		want    string
	}{{64, ""}, {65, "too deep"}} {
		for ; folders < c.folders; folders++ {
			if err := os.Mkdir(filepath.Join(deep, fmt.Sprint(folders)), 0o755); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(deep, fmt.Sprint(folders), "file")
			if err := os.WriteFile(file, make([]byte, 4096), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		v := w.Begin().Judge(sandbox, 1<<30, true)
		if v.Lacked != Quota || (v.Filled == "") != (c.want == "") || !strings.Contains(v.Filled, c.want) {
			t.Errorf("%d folders: %+v", c.folders, v)
		}
	}
}

// A file that has names elsewhere, too, is not all of who gave it one more.
func TestUseOfFilesWithSeveralNames(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := os.Mkdir(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(root, "a", "data")
	if err := os.WriteFile(file, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"1", "2", "3"} {
		if err := os.Link(file, filepath.Join(root, "b", name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, names := range map[string]int64{"a": 1, "b": 3} {
		folder, err := safefile.OpenDir(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		defer folder.Close()
		if held := usage(folder); held.bytes/(256<<10) != names || held.inodes != 0 {
			t.Errorf("%s: %+v, want %d quarters of a megabyte", name, held, names)
		}
	}
}

// A Use of nothing is that of an attempt that is prepared by hand.
func TestNoWatch(t *testing.T) {
	var w *Watch
	u := w.Begin()
	u.Saw(unix.ENOSPC)
	u.End()
	if v := u.Judge(nil, 0, true); v != (Verdict{}) || w.Probe(nil) != "" {
		t.Errorf("%+v", v)
	}
}

// What was full while an attempt ran counts, though there is room again at its end.
func TestDiskThatWasFullMeanwhile(t *testing.T) {
	root := t.TempDir()
	if err := unix.Mount("kaon-test", root, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "size=1m"); err != nil {
		t.Skipf("needs to mount file systems: %v", err)
	}
	defer func() {
		if err := unix.Unmount(root, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	sandbox, err := safefile.OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	defer sandbox.Close()
	w := NewWatch(sandbox)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { w.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()
	before, u := w.Begin(), w.Begin()
	before.End()
	full := filepath.Join(root, "full")
	if err := os.WriteFile(full, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	testkit.Await(t, "the disk to be seen full", func() bool { return u.Lacked() != "" })
	if err := os.Remove(full); err != nil {
		t.Fatal(err)
	}
	after := w.Begin()
	if v := u.Judge(sandbox, 0, true); v.Lacked != Space || v.Filled != "" {
		t.Errorf("while it was full: %+v", v)
	}
	if v := after.Judge(sandbox, 0, true); v.Lacked != "" || before.Lacked() != "" {
		t.Errorf("after it was: %+v, before: %q", v, before.Lacked())
	}
}
