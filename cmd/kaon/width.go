package main

import (
	"io"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// screen measures without asking what the locale calls wide, so that output is the same everywhere.
var screen = &runewidth.Condition{}

// columns is how many places a text takes on a screen.
func columns(text string) int { return screen.StringWidth(text) }

// shorten cuts a text that takes more places.
func shorten(text string, most int) string {
	if len(text) <= most { // no character takes more places than bytes
		return text
	}
	return screen.Truncate(text, most, "…")
}

// usualWidth is that of a terminal which does not know its own, as a container's or a recorder's.
const usualWidth = 80

// widthOf is how wide the terminal is that a writer writes to; 0: it is none, and lines have no end.
func widthOf(w io.Writer) int {
	if !onTerminal(w) {
		return 0
	}
	if width, _, err := term.GetSize(int(fileOf(w).Fd())); err == nil && width > 0 {
		return width
	}
	return usualWidth
}
