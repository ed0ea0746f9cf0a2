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
	last place
}

// place is where a name was found in a PATH.
type place struct{ name, path, file string }

// find looks for a bare name in the PATH the trial will see. A name with a slash is taken as it is, from the
// working directory. At is told before it looks at a file, which may not answer: no lock is held meanwhile.
func (p *pathCache) find(at func(path string), name, path string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	p.mu.Lock()
	last := p.last
	p.mu.Unlock()
	if last.name == name && last.path == path && executable(at, last.file) {
		return last.file, nil
	}
	for _, dir := range filepath.SplitList(path) {
		if file := filepath.Join(dir, name); executable(at, file) {
			p.mu.Lock()
			p.last = place{name, path, file}
			p.mu.Unlock()
			return file, nil
		}
	}
	return "", fmt.Errorf("start %q: no such program in PATH (%s)", name, path)
}

// pathOf is the PATH of an environment.
func pathOf(env []string) (path string) {
	for _, pair := range env {
		if v, ok := strings.CutPrefix(pair, "PATH="); ok {
			path = v
		}
	}
	return path
}

func executable(at func(path string), file string) bool {
	at(file)
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && unix.Access(file, unix.X_OK) == nil
}
