package executor

import (
	"os"
	"path/filepath"
	"strings"
)

// Discard removes from a sandbox the program that this process runs, and the builds of it for other architectures,
// which lie beside it as NAME-ARCH. The agent fetched them into the sandbox, where they would stay for as long as it
// keeps it, a week by default, after every executor. The kernel keeps what runs; this process starts itself by no name
// again. A program that lies elsewhere, as the operator's own does, stays. It returns the names of what it removed.
func Discard(sandbox string) []string {
	path, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil
	}
	return discard(sandbox, path)
}

func discard(sandbox, program string) (gone []string) {
	folder, err := filepath.EvalSymlinks(sandbox)
	if err != nil || filepath.Dir(program) != folder {
		return nil
	}
	name, _, _ := strings.Cut(filepath.Base(program), "-")
	for _, name := range []string{name, name + "-amd64", name + "-arm64"} {
		path := filepath.Join(folder, name)
		info, err := os.Lstat(path)
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 && os.Remove(path) == nil {
			gone = append(gone, name)
		}
	}
	return gone
}
