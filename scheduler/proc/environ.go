package proc

import (
	"fmt"
	"os"
	"strings"
)

// Environ is the environment that a process began with, NAME=VALUE each; nil when there is no such process,
// or it is none of our business.
func Environ(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}
