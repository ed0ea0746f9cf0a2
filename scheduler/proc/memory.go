package proc

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ProportionalSet is a process's proportional set size without pages of files: the memory that would be free
// if it and those it shares with ended. It adds up anonymous and shared-memory pages, each divided by how
// many processes share it; pages of files are left out because the kernel takes them back when it needs them.
// The kernel walks the page tables, which takes about a millisecond for each gigabyte. ok is false when there
// is no such process or it may not be read.
func ProportionalSet(pid int) (bytes int64, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, false
	}
	return parseRollup(string(text))
}

func parseRollup(text string) (bytes int64, ok bool) {
	for line := range strings.Lines(text) {
		name, rest, _ := strings.Cut(line, ":")
		if name != "Pss_Anon" && name != "Pss_Shmem" {
			continue
		}
		f := strings.Fields(rest)
		if len(f) != 2 || f[1] != "kB" {
			return 0, false
		}
		kb, err := strconv.ParseInt(f[0], 10, 64)
		if err != nil {
			return 0, false
		}
		bytes, ok = bytes+kb<<10, true
	}
	return bytes, ok
}
