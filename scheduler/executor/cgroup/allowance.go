package cgroup

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Allowance is what this process and all beside it in its group may use, below root, which is /: the least of
// what the group and those above it are held to. 0: no limit. Which processors it may run on is not counted;
// the scheduler of the kernel knows (sched_getaffinity).
func Allowance(root string) (cpus float64, memory int64) {
	memory = CurrentMemory(root).Limit
	h, err := find(root, "cpu")
	if err != nil {
		return 0, memory
	}
	for dir := range h.upwards() {
		if n := quota(dir, h.v2); n > 0 && (cpus == 0 || n < cpus) {
			cpus = n
		}
	}
	return cpus, memory
}

// quota is how many cores' worth of time a group has; 0: it is not bounded.
func quota(dir string, v2 bool) float64 {
	files := []string{"cpu.cfs_quota_us", "cpu.cfs_period_us"}
	if v2 {
		files = []string{"cpu.max"}
	}
	var words []string
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return 0
		}
		words = append(words, strings.Fields(string(text))...)
	}
	if len(words) != 2 {
		return 0
	}
	time, err := strconv.ParseFloat(words[0], 64) // "max" and -1 are no bounds
	per, err2 := strconv.ParseFloat(words[1], 64)
	if err != nil || err2 != nil || time <= 0 || per <= 0 {
		return 0
	}
	return time / per
}
