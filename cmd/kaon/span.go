package main

import "strings"

// span is a piece of one line of a screen: a text that anybody may have written, and how it looks.
type span struct {
	text string
	code string // of its colour; empty: that of the terminal
	look string // of what else: strong, faint
}

const strong, faint = "1", "2"

func spanOf(text string) span { return span{text: text} }

// inState is a text in the colour of a state.
func inState(state, text string) span { return span{text: text, code: stateCode(state)} }

// textLine is one line of a screen.
type textLine struct {
	spans  []span
	chosen bool // what keys act on
}

func lineOf(spans ...span) textLine { return textLine{spans: spans} }

// painted is the line for a terminal so wide. Whatever its spans say, what is written of them moves no cursor and fits.
func (l textLine) painted(width int, colours bool) string {
	var b strings.Builder
	used := 0
	for _, s := range l.spans {
		text, room := escaped(s.text), width-used
		if text == "" || room <= 0 {
			continue
		}
		if columns(text) > room {
			text = screen.Truncate(text, room, "…")
		}
		used += columns(text)
		codes := s.look
		if colours && s.code != "" {
			codes = strings.TrimPrefix(codes+";"+s.code, ";")
		}
		if l.chosen {
			codes = strings.TrimPrefix(codes+";7", ";")
		}
		if codes != "" {
			text = "\x1b[" + codes + "m" + text + "\x1b[0m"
		}
		b.WriteString(text)
	}
	if l.chosen && used < width {
		b.WriteString("\x1b[7m" + strings.Repeat(" ", width-used) + "\x1b[0m")
	}
	return b.String()
}

// wrapped is a text on lines so wide, as many as there is room for.
func wrapped(text string, width, most int) (lines []string) {
	lines = strings.Split(screen.Wrap(escaped(text), max(width, 1)), "\n")
	if len(lines) > most {
		lines = lines[:most]
		lines[most-1] = shorten(lines[most-1], width-1) + "…"
	}
	return lines
}
