package run

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// facts answer what functions of expressions have read, and read what nobody has asked for.
type facts struct {
	folder string
	items  map[[2]string][]any
	fresh  []fact // not in the log yet
}

func newFacts(folder string, had []fact) *facts {
	f := &facts{folder: folder, items: map[[2]string][]any{}}
	for _, one := range had {
		f.items[[2]string{one.Function, one.Text}] = one.Items
	}
	return f
}

// known answers only for what was read before.
func (f *facts) known(function, text string) ([]any, error) {
	if items, ok := f.items[[2]string{function, text}]; ok {
		return items, nil
	}
	return nil, fmt.Errorf("%s(%q) is not in the log", function, text)
}

const maxLines = 100_000

// read answers for what was read before, and otherwise reads it.
func (f *facts) read(function, text string) ([]any, error) {
	if items, err := f.known(function, text); err == nil {
		return items, nil
	}
	path := text
	if !filepath.IsAbs(path) {
		path = filepath.Join(f.folder, path)
	}
	items := []any{}
	switch function {
	case "files":
		found, err := filepath.Glob(path)
		if err != nil {
			return nil, fmt.Errorf("files(%q): %w", text, err)
		}
		for _, name := range found {
			if !filepath.IsAbs(text) {
				if rel, err := filepath.Rel(f.folder, name); err == nil {
					name = rel
				}
			}
			items = append(items, name)
		}
	case "lines":
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("lines(%q): %w", text, err)
		}
		for line := range strings.Lines(string(data)) {
			if line = strings.TrimRight(line, "\r\n"); line != "" {
				items = append(items, line)
			}
		}
	default:
		return nil, fmt.Errorf("there is no function %s", function)
	}
	if len(items) > maxLines {
		return nil, fmt.Errorf("%s(%q) has more than %d items", function, text, maxLines)
	}
	f.items[[2]string{function, text}] = items
	f.fresh = append(f.fresh, fact{function, text, items})
	return items, nil
}
