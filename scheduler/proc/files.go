package proc

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Bounds of what is looked at of one process: it may have a million descriptors.
const (
	maxThreads     = 4096
	maxDescriptors = 4096
)

// entries is names of a folder, at most so many.
func entries(folder string, most int) []string {
	f, err := os.Open(folder)
	if err != nil {
		return nil
	}
	defer f.Close()
	names, _ := f.Readdirnames(most)
	return names
}

// Descendants is a process and what it has started, and that in turn, as far as it lives and has not lost its parent:
// at most so many.
func Descendants(pid, most int) []int {
	all := []int{pid}
	for i := 0; i < len(all) && len(all) < most; i++ {
		for _, thread := range entries(fmt.Sprintf("/proc/%d/task", all[i]), maxThreads) {
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", all[i], thread))
			for _, word := range strings.Fields(string(text)) {
				if child, err := strconv.Atoi(word); err == nil && len(all) < most {
					all = append(all, child)
				}
			}
		}
	}
	return all
}

// Writes lists the files that a process has open to be written to, by absolute path, and whose last part is wanted. Of
// a process with very many descriptors the lowest are looked at.
func Writes(pid int, wanted func(base string) bool) (paths []string) {
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	for _, fd := range entries(folder, maxDescriptors) {
		path, err := os.Readlink(filepath.Join(folder, fd))
		if err == nil && filepath.IsAbs(path) && wanted(filepath.Base(path)) && writes(pid, fd) {
			paths = append(paths, path)
		}
	}
	return paths
}

// writes tells whether a descriptor was opened for writing, by the octal flags in its fdinfo.
func writes(pid int, fd string) bool {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%s", pid, fd))
	for line := range strings.Lines(string(text)) {
		if word, ok := strings.CutPrefix(line, "flags:"); ok {
			flags, err := strconv.ParseUint(strings.TrimSpace(word), 8, 64)
			return err == nil && flags&unix.O_ACCMODE != unix.O_RDONLY
		}
	}
	return false
}
