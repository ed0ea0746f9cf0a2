package sweep

import (
	"fmt"
	"regexp"
	"slices"
)

var noColon = regexp.MustCompile(`^(\s*)([a-z_]+)\s+(\S.*)$`)

var noBlank = regexp.MustCompile(`^(\s*)([A-Za-z_]\w*):([^\s/].*)$`)

var (
	isPython = regexp.MustCompile(`^(import \w|from \w+ import|def \w+\(|#!.*python)`)
)

// syntaxHint finds in a line that is no YAML what is often forgotten; empty: nothing of the kind.
func syntaxHint(line string) (column int, problem, remedy string) {
	if m := noBlank.FindStringSubmatch(line); m != nil && slices.Contains(keys[""], m[2]) {
		return len(m[1]) + 1, "there is no blank behind the colon",
			fmt.Sprintf("write `%s: %s`", m[2], short(m[3]))
	}
	if m := noColon.FindStringSubmatch(line); m != nil && slices.Contains(keys[""], m[2]) {
		return len(m[1]) + 1, fmt.Sprintf("there is no colon behind `%s`", m[2]),
			fmt.Sprintf("write `%s: %s`", m[2], short(m[3]))
	}
	if isPython.MatchString(line) {
		return 1, "this is Python, and a sweep file is YAML",
			"write the configuration into a file of its own: {'method': 'random', …} is `method: " +
				"random` there"
	}
	return 0, "", ""
}
