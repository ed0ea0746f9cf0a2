package main

import (
	"fmt"
	"slices"
	"strings"
)

// mostAgain is how many tests are run again; more that fail at once are no matter of a busy machine.
const mostAgain = 3

// suspect is a package with tests that failed, and the command that ran them.
type suspect struct {
	Package string
	Tests   []string
	Command []string
}

// isGrave tells output of what no busy machine explains.
func isGrave(line string) bool {
	for _, mark := range []string{"DATA RACE", "race detected", "panic:", "fatal error:"} {
		if strings.Contains(line, mark) {
			return true
		}
	}
	return false
}

// again runs what failed once more, one package after the other with nothing beside.
func (r *report) again() {
	n := 0
	for _, s := range r.suspects {
		n += len(s.Tests)
	}
	suspects := r.suspects
	r.suspects = nil
	if r.failed || n > mostAgain {
		r.failed = r.failed || n > 0
		return
	}
	for _, s := range suspects {
		skipped := len(r.skipped)
		fmt.Printf("again, alone: %s %s\n", s.Package, strings.Join(s.Tests, " "))
		if err := r.follow(s.once()); err != nil || r.failed {
			r.failed = true
			return
		}
		r.skipped = r.skipped[:skipped] // they were told the first time
		r.results = slices.DeleteFunc(r.results, func(line string) bool {
			return strings.HasPrefix(line, "FAIL\t"+s.Package+"\t")
		})
		for _, t := range s.Tests {
			r.unsteady = append(r.unsteady, s.Package+"/"+t)
		}
	}
}

// once is the command for the tests alone: with the flags of the first, which end with -json.
func (s suspect) once() []string {
	flags := s.Command[:slices.Index(s.Command, "-json")+1]
	return append(slices.Clone(flags), "-count=1", "-run", "^("+strings.Join(s.Tests, "|")+")$", s.Package)
}
