package sweep

// Clip is a text of at most so many characters, at least one; of a longer one the beginning, and "…" in the place of
// the last.
func Clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
