package executor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// pathCache finds programs in a PATH. Like a shell it remembers where one was, the last: a sweep starts one
// program again and again, and a PATH may have many folders.
type pathCache struct {
	mu   sync.Mutex
	last struct{ name, path, file string }
}

// find looks for a bare name in the PATH the trial will see. A name with a slash is taken as it is, from the
// working directory.
func (p *pathCache) find(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	path := ""
	for _, pair := range env {
		if v, ok := strings.CutPrefix(pair, "PATH="); ok {
			path = v
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last.name == name && p.last.path == path && executable(p.last.file) {
		return p.last.file, nil
	}
	for _, dir := range filepath.SplitList(path) {
		if file := filepath.Join(dir, name); executable(file) {
			p.last.name, p.last.path, p.last.file = name, path, file
			return file, nil
		}
	}
	return "", fmt.Errorf("start %q: no such program in PATH (%s)", name, path)
}

func executable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && unix.Access(file, unix.X_OK) == nil
}
