package steps

import "strings"

// escaped is a word in which a spec sees no macros.
func escaped(word string) string { return strings.ReplaceAll(word, "${", "$${") }
