package control

import (
	"fmt"
	"os"
	"path/filepath"
)

// longest is how long a name the kernel takes for a unix socket, its final NUL aside.
const longest = 107

// shortPath gives a name for path that is short enough, by way of an open folder. It is good until release.
func shortPath(path string) (short string, release func(), err error) {
	if len(path) <= longest {
		return path, func() {}, nil
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), filepath.Base(path)), func() { folder.Close() }, nil
}
