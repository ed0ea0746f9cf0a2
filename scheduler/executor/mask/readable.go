package mask

import "strings"

// Readable is text without control characters, and valid UTF-8: what terminals do not show can part a secret.
func Readable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
