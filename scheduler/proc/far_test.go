package proc

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A path is far that leads through what is, whatever it comes to in the end.
func TestFarPaths(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"near": "dir", "up": "../" + filepath.Base(root) + "/dir", "loop": "loop", "gone": "/nowhere/at/all"} {
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"", "dir", "near", "up", "loop", "gone", "none/x", "dir/../near"} {
		if Far(root + "/" + name) {
			t.Errorf("%s is far", name)
		}
	}
	// A kernel's own file system that is not in the list stands for one of the network.
	far := "/sys/fs/cgroup"
	var st unix.Statfs_t
	if err := unix.Statfs(far, &st); err != nil || localTypes[int64(st.Type)] {
		far = "/dev/pts"
		if err := unix.Statfs(far, &st); err != nil || localTypes[int64(st.Type)] {
			t.Skip("nothing here is on a file system that may be far")
		}
	}
	if err := os.Symlink(far, filepath.Join(root, "far")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{far, root + "/far", root + "/far/../../bin/sh"} {
		if !Far(path) {
			t.Errorf("%s is not far", path)
		}
	}
}
