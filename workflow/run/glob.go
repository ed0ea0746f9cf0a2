package run

import (
	"io/fs"
	"path/filepath"
	"strings"
)

// verbatim has a path stand for itself in a pattern.
var verbatim = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

// glob finds files by a pattern, which is relative to the folder, within the one folder if there is one. No link
// leads out of that.
func (f *facts) glob(pattern string) ([]string, error) {
	within := f.within
	if !filepath.IsAbs(pattern) {
		pattern, within = filepath.Join(verbatim.Replace(f.folder), pattern), verbatim.Replace(within)
	}
	if f.within == "" {
		return filepath.Glob(pattern)
	}
	root, name, err := f.root(within, pattern)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	found, err := fs.Glob(root.FS(), filepath.ToSlash(name))
	for i := range found {
		found[i] = filepath.Join(f.within, filepath.FromSlash(found[i]))
	}
	return found, err
}

// literal is what all names begin with that a pattern matches.
func literal(pattern string) string {
	if at := strings.IndexAny(pattern, meta); at >= 0 {
		return pattern[:at]
	}
	return pattern
}

// meta are the characters of patterns that do not stand for themselves.
const meta = `*?[\`
