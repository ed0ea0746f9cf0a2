package cgroup

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// hierarchy is a tree of groups as this process sees it.
type hierarchy struct {
	own   string // folder of the group that this process is in
	mount string // folder of the topmost group that can be seen
	v2    bool
}

// upwards are the folders of the own group and of all above it that can be seen.
func (h hierarchy) upwards() iter.Seq[string] {
	return func(yield func(string) bool) {
		for dir := h.own; yield(dir) && dir != h.mount && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		}
	}
}

var errNone = errors.New("is not mounted here")

// find looks for the hierarchy that a controller works on, below root, which is /. In version 2 all
// controllers share one; where both are mounted, a controller works on one of them only.
func find(root, controller string) (hierarchy, error) {
	member, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return hierarchy{}, fmt.Errorf("look for the group of this process: %w", err)
	}
	mounts, err := os.ReadFile(filepath.Join(root, "proc/self/mountinfo"))
	if err != nil {
		return hierarchy{}, fmt.Errorf("look for groups: %w", err)
	}
	for line := range strings.Lines(string(member)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		v2 := f[1] == ""
		if !v2 && !slices.Contains(strings.Split(f[1], ","), controller) {
			continue
		}
		for m := range strings.Lines(string(mounts)) {
			h, ok := mounted(root, m, f[2], controller, v2)
			if ok && (!v2 || holds(h.own, "cgroup.controllers", controller)) {
				return h, nil
			}
		}
	}
	return hierarchy{}, fmt.Errorf("the %s controller %w", controller, errNone)
}

// mounted reads one line of mountinfo (proc(5)): whether it shows the hierarchy, and where in it the group
// lies. A container may see only its own part of the tree, and may or may not be told of it by a path that
// begins there.
func mounted(root, line, group, controller string, v2 bool) (hierarchy, bool) {
	before, after, ok := strings.Cut(strings.TrimSpace(line), " - ")
	place, kind := strings.Fields(before), strings.Fields(after)
	if !ok || len(place) < 5 || len(kind) < 3 {
		return hierarchy{}, false
	}
	if v2 && kind[0] != "cgroup2" ||
		!v2 && (kind[0] != "cgroup" || !slices.Contains(strings.Split(kind[2], ","), controller)) {
		return hierarchy{}, false
	}
	h := hierarchy{mount: filepath.Join(root, unescape(place[4])), v2: v2}
	h.own = h.mount
	if rel, err := filepath.Rel(unescape(place[3]), group); err == nil && filepath.IsLocal(rel) {
		h.own = filepath.Join(h.mount, rel)
	}
	if _, err := os.Stat(h.own); err != nil {
		h.own = h.mount
	}
	return h, true
}

// unescape reads a path of mountinfo, where blanks are octal.
func unescape(path string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(path)
}

// holds tells whether a file of a group has a word.
func holds(dir, file, word string) bool {
	text, err := os.ReadFile(filepath.Join(dir, file))
	return err == nil && slices.Contains(strings.Fields(string(text)), word)
}

// write sets a file of a group.
func write(dir, file, text string) error {
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0) // one that is missing cannot be made
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
