package ui

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// The modules keep to a part of the language that can be put together without a parser of it: an import is one line of
// names in braces from a relative file, and an export stands before the declaration, or at the end of a library. A
// test holds them to that.
var (
	importLine  = regexp.MustCompile(`(?m)^import \{ ?([^}]*?) ?\} from "(\.{1,2}/[^"]+)";\n`)
	libImport   = regexp.MustCompile(`import\{([^}]*)\}from"(\./[^"]+)";`)
	exported    = regexp.MustCompile(`(?m)^export ((?:async )?function|const|class) (\w+)`)
	libExported = regexp.MustCompile(`export\{([^}]*)\};?\s*$`)
)

// bundle is a module and all that it needs as one script: each module a function that is called once and answers what
// it exports.
func bundle(files fs.FS, entry string) (string, error) {
	b := bundler{files: files, done: map[string]string{}}
	if _, err := b.add(entry); err != nil {
		return "", err
	}
	return "\"use strict\";\n" + b.out.String(), nil
}

type bundler struct {
	files fs.FS
	count int               // of modules written
	done  map[string]string // variable that holds what a module exports; empty while it is being read
	out   strings.Builder
}

func (b *bundler) add(name string) (variable string, err error) {
	if variable, begun := b.done[name]; begun {
		if variable == "" {
			return "", fmt.Errorf("ui: %s is among what it imports itself", name)
		}
		return variable, nil
	}
	b.done[name] = ""
	source, err := fs.ReadFile(b.files, name)
	if err != nil {
		return "", fmt.Errorf("ui: %w", err)
	}
	text := string(source)
	for _, line := range []*regexp.Regexp{importLine, libImport} {
		text = line.ReplaceAllStringFunc(text, func(found string) string {
			m := line.FindStringSubmatch(found)
			from, addErr := b.add(path.Join(path.Dir(name), m[2]))
			if addErr != nil && err == nil {
				err = addErr
			}
			return "const {" + strings.ReplaceAll(m[1], " as ", ": ") + "} = " + from + ";\n"
		})
	}
	if err != nil {
		return "", err
	}
	var names []string
	for _, m := range exported.FindAllStringSubmatch(text, -1) {
		names = append(names, m[2])
	}
	text = exported.ReplaceAllString(text, "$1 $2")
	if m := libExported.FindStringSubmatch(text); m != nil {
		for one := range strings.SplitSeq(m[1], ",") {
			inner, outer, renamed := strings.Cut(one, " as ")
			if renamed {
				inner = outer + ": " + inner
			}
			names = append(names, inner)
		}
		text = libExported.ReplaceAllString(text, "")
	}
	b.count++
	variable = fmt.Sprintf("module%d", b.count)
	fmt.Fprintf(&b.out, "const %s = (() => {\n%s\nreturn {%s};\n})();\n", variable, text, strings.Join(names, ", "))
	b.done[name] = variable
	return variable, nil
}
