package sweep

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// withoutDirectives blanks %YAML, %TAG and what else stands before the first ---, which the library takes for
// a document of its own. Lines keep their numbers.
func (r *reader) withoutDirectives(src []byte) []byte {
	lines := bytes.SplitAfter(src, []byte("\n"))
	directive := false
	for i, line := range lines {
		text := bytes.TrimRight(line, " \t\r\n")
		switch {
		case len(text) == 0 || text[0] == '#':
		case text[0] == '%':
			directive = true
			if words := strings.Fields(string(text)); len(words) == 3 && words[0] == "%TAG" &&
				words[2] == yamlTags {
				r.handles = append(r.handles, words[1])
			}
		case directive && (bytes.Equal(text, []byte("---")) || bytes.HasPrefix(text, []byte("--- "))):
			for k := range i {
				lines[k] = []byte("\n")
			}
			return bytes.Join(lines, nil)
		default:
			return src
		}
	}
	return src
}

// yamlTags is what the tags of YAML itself begin with when they are written out.
const yamlTags = "tag:yaml.org,2002:"

var longTag = regexp.MustCompile(`(^|[\s\[{,])!<` + yamlTags + `(\w+)>`)

// shortTags writes !!float for !<tag:yaml.org,2002:float>, whose comma the library does not read, and keeps
// columns.
func shortTags(src []byte) []byte {
	if !bytes.Contains(src, []byte("!<"+yamlTags)) {
		return src
	}
	lines := bytes.SplitAfter(src, []byte("\n"))
	for i, line := range lines {
		var out []byte
		from := 0
		for _, at := range longTag.FindAllSubmatchIndex(line, -1) {
			before := line[:at[3]]
			out = append(out, line[from:at[3]]...)
			from = at[3]
			if bytes.Count(before, []byte(`"`))%2 == 0 && bytes.Count(before, []byte(`'`))%2 == 0 &&
				!bytes.Contains(before, []byte(" #")) {
				out = append(out, "!!"...)
				out = append(out, line[at[4]:at[5]]...)
				out = append(out, bytes.Repeat([]byte(" "), at[1]-at[3]-2-(at[5]-at[4]))...)
				from = at[1]
			}
		}
		lines[i] = append(out, line[from:]...)
	}
	return bytes.Join(lines, nil)
}

func (r *reader) tag(n *ast.TagNode, depth int) *node {
	value := r.convert(n.Value, depth)
	at := position(n.GetToken())
	copied := *value
	copied.line, copied.column = at.Line, at.Column
	name := n.Start.Value
	for _, handle := range r.handles {
		if short, ok := strings.CutPrefix(name, handle); ok {
			name = "!!" + short
			break
		}
	}
	fits := map[kind][]string{
		scalar: {"!!str", "!", "!!int", "!!float", "!!bool", "!!null"}, list: {"!!seq"}, mapping: {"!!map"},
	}
	switch {
	case r.broken:
		return value
	case slices.Contains(fits[value.kind], name):
		if name == "!!str" || name == "!" {
			copied.plain, copied.null = false, false
		} else if value.kind == scalar {
			copied.tag, copied.null = name, name == "!!null"
		}
		return &copied
	default:
		r.fail(at.Line, at.Column, fmt.Sprintf("tag `%s` is not supported", short(name)),
			"write a plain string, number, list or mapping")
		return value
	}
}
