package main

import (
	"os"
	"strings"

	"github.com/kaon-sweep/kaon/sweep/shell"
)

// typedAs is how a spec that is printed was typed, as a comment of it; empty when it does not fit there, or may show a
// secret, as the address of a cluster does.
func typedAs() string {
	const longest = 1000
	words := []string{"kaon"}
	for _, word := range os.Args[1:] {
		if word != "--print" {
			words = append(words, shell.Quote(word))
		}
	}
	text := strings.Join(words, " ")
	secret := strings.Contains(text, "://") && strings.Contains(text, "@")
	if secret || clean(text) != text || strings.ContainsAny(text, "\n\t") || len(text) > longest {
		return ""
	}
	return text
}
