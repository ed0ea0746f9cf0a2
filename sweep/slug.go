package sweep

import (
	"strings"
)

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
