package sweep

import (
	"path/filepath"
	"strings"
	"unicode"
)

// Title is what a spec is called: by its name or, without one, after its file. It is empty where there is no file, or
// one that is called as any sweep.
func (s *Spec) Title() string {
	if s.Name != "" {
		return s.Name
	}
	base := filepath.Base(s.File)
	ending := filepath.Ext(base)
	stem := strings.TrimSuffix(base, ending)
	const longest = 200 // bytes, as of names
	switch {
	case ending == "": // no file: -, or what was typed
		return ""
	case strings.Trim(stem, ".") == "", stem == "sweep", len(stem) > longest:
		return ""
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '-'
		}
		return r
	}, stem)
}

// Slug is a spec's name made fit for task ids and paths.
func Slug(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
	slug := strings.Trim(strings.Join(words, "-"), "-_")
	const longest = 48
	if slug = slug[:min(len(slug), longest)]; slug == "" {
		slug = "sweep"
	}
	return slug
}
