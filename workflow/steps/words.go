package steps

import "strings"

// escaped is a word in which a spec sees no macros.
func escaped(word string) string { return strings.ReplaceAll(word, "${", "$${") }

// template tells whether a text of a file has an expression in it, so that what it is is not known before the run.
func template(text string) bool { return strings.Contains(text, "${") }
