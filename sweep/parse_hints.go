package sweep

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

var noColon = regexp.MustCompile(`^(\s*)([a-z_]+)\s+(\S.*)$`)

var noBlank = regexp.MustCompile(`^(\s*)([A-Za-z_]\w*):([^\s/].*)$`)

var isPython = regexp.MustCompile(`^(import \w|from \w+ import|def \w+\(|#!.*python)`)

// syntaxHint finds in a line that is no YAML what is often forgotten; empty: nothing of the kind.
func syntaxHint(line string) (column int, problem, remedy string) {
	if space := otherSpace(line); space != 0 {
		return columnOf(line, string(space)), spaceProblem(space), spaceRemedy
	}
	if m := wideColon.FindStringSubmatch(line); m != nil {
		return columnOf(line, "："), "this is a full-width colon, which YAML does not know",
			fmt.Sprintf("write `%s: %s`", m[1], short(strings.TrimSpace(m[2])))
	}
	if m := reserved.FindStringSubmatch(line); m != nil {
		return utf8.RuneCountInString(m[1]) + 1, fmt.Sprintf("a value that begins with %s needs quotes", m[2][:1]),
			fmt.Sprintf("write `%s%s`", strings.TrimLeft(m[1], " "), quotes(short(m[2])))
	}
	if m := colonInside.FindStringSubmatch(line); m != nil {
		return utf8.RuneCountInString(m[1]) + 1, "a value with a colon and a blank in it needs quotes",
			fmt.Sprintf("write `%s%s`", strings.TrimLeft(m[1], " "), quotes(short(m[2])))
	}
	if m := noBlank.FindStringSubmatch(line); m != nil && isKey(m[2]) {
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

var (
	wideColon   = regexp.MustCompile(`^\s*([\w.-]{1,80})：(.*)$`)
	reserved    = regexp.MustCompile("^(\\s*(?:- )?[\\w.-]{1,80}: +)([%@`].*)$")
	colonInside = regexp.MustCompile(`^(\s*(?:- )?[\w.-]{1,80}: +)([^\s'"\[{|>&*!#%@][^#]*(?:: .*|:))$`)
	entry       = regexp.MustCompile(`^( *)([\w.-]+):(?: +([^\s#].*))?$`)
)

// quotes puts a value into quotes.
func quotes(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// columnOf is where text stands in a line, from 1.
func columnOf(line, text string) int {
	return utf8.RuneCountInString(line[:strings.Index(line, text)]) + 1
}

// isKey says whether a word is a key of some section.
func isKey(word string) bool {
	for _, known := range keys {
		if slices.Contains(known, word) {
			return true
		}
	}
	return false
}

const spaceRemedy = "put a plain blank in its place"

// otherSpace is the first character of a text that looks like a blank and is none to YAML; 0: there is none.
func otherSpace(text string) rune {
	for _, c := range text {
		if c > unicode.MaxASCII && (unicode.IsSpace(c) || c == 0x200B || c == 0xFEFF) {
			return c
		}
	}
	return 0
}

func spaceProblem(c rune) string {
	switch c {
	case 0xA0, 0x202F:
		return fmt.Sprintf("a no-break space (U+%04X) stands here, which is no blank to YAML", c)
	}
	return fmt.Sprintf("the character U+%04X stands here, which looks like a blank and is none to YAML", c)
}

// strayIndent tells a line that is indented below one which has its value already.
func (r *reader) strayIndent(from int) bool {
	for line := max(2, from-1); line <= min(from+1, len(r.lines)); line++ {
		above, here := entry.FindStringSubmatch(r.lines[line-2]), entry.FindStringSubmatch(r.lines[line-1])
		if above == nil || here == nil || above[3] == "" || len(here[1]) <= len(above[1]) ||
			strings.ContainsAny(above[3][:1], "|>&!{[\"'") && !strings.HasSuffix(above[3], "}") &&
				!strings.HasSuffix(above[3], "]") {
			continue
		}
		r.fail(line, len(here[1])+1,
			fmt.Sprintf("`%s` is indented more than `%s` above it, which has its value already", here[2], above[2]),
			fmt.Sprintf("indent it as `%s`, by %d blanks", above[2], len(above[1])))
		return true
	}
	return false
}
