package inline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Reader says how words are read, and reads what they name.
type Reader struct {
	// Text leaves listed values as they are typed, so that 007 and 1.50 stay what they are; only ranges are numbers.
	Text bool
	// Finite says that every combination is to run: a range without a step is of integers.
	Finite bool
	// Read gives the content of the file behind @, or of standard input, which is "-".
	Read func(name string) ([]byte, error)
	// Glob gives the files that a pattern stands for.
	Glob func(pattern string) ([]string, error)
}

// Parameter is one parameter of the sweep and its values.
type Parameter struct {
	Name   string
	word   string
	values []string // YAML of each listed value
	keys   []*node  // of a range
	count  uint64   // how many values it has; 0: not a finite number that a grid walks
}

// maxValues bounds what a range with steps stands for, and the lines of a file: a spec holds no more.
const maxValues = 100_000

// name is what a parameter may be called here; a spec takes more, but in a command line it must be told from a file.
var name = regexp.MustCompile(`^(\+{1,2}|~)?[\pL_][^\s=\pC'"$` + "`" + `\\{}]*$`)

// IsParameter says whether a word looks like NAME=VALUES.
func IsParameter(word string) bool {
	before, _, found := strings.Cut(word, "=")
	return found && name.MatchString(before)
}

// Parameter reads one word.
func (r Reader) Parameter(word string) (Parameter, error) {
	before, rest, found := strings.Cut(word, "=")
	p := Parameter{Name: before, word: word}
	switch {
	case !utf8.ValidString(word):
		return p, &Error{word, -1, "it is not UTF-8, in which a spec is written", "rename what it names"}
	case !found:
		return p, &Error{word, -1, "it is no parameter", "write NAME=VALUES, as lr=0.1,0.01 or batch=16..256"}
	case !name.MatchString(before):
		return p, &Error{word, 0, "`" + before + "` cannot be a parameter's name",
			"start with a letter; then letters, digits, _ - . or /"}
	case rest == "":
		return p, &Error{word, len(word), "there are no values",
			"write " + before + "=1,2,3, or " + before + `='""' for the empty text`}
	}
	offset := len(before) + 1
	if rest[0] == '@' && len(rest) > 1 {
		return p, r.lines(&p, word, offset+1)
	}
	items, kind, err := split(word, offset)
	if err != nil {
		return p, err
	}
	if kind == "nul" {
		return p, &Error{word, len(word) - len(kind) - 1, "`:nul` is for files",
			"write " + before + "=@FILE:nul, or quote the value"}
	}
	if len(items) == 1 && !items[0].quoted && kind != "text" {
		if done, err := r.interval(&p, word, items[0], kind); done || err != nil {
			return p, err
		}
	}
	if kind == "log" || kind == "uniform" {
		return p, &Error{word, len(word) - len(kind) - 1, "`:" + kind + "` is for ranges, and this is a list",
			"write a range, as 1e-5~0.1:log, or quote the value: '\"…\"'"}
	}
	for _, e := range items {
		if err := r.add(&p, word, e, kind == "text"); err != nil {
			return p, err
		}
	}
	p.count = uint64(len(p.values))
	return p, nil
}

// add appends what one element stands for: text, a number, files, or the integers of a range.
func (r Reader) add(p *Parameter, word string, e element, asText bool) error {
	switch {
	case e.quoted || asText:
		p.values = append(p.values, scalarText(e.text))
		return nil
	case e.text == "":
		return &Error{word, e.offset, "a value is empty", `remove the comma, or write "" for the empty text`}
	}
	if values, isRange, err := steps(word, e); isRange || err != nil {
		p.values = append(p.values, values...)
		return err
	}
	if (e.text[0] == '[' || e.text[0] == '{') && json.Valid([]byte(e.text)) && !r.Text {
		p.values = append(p.values, jsonFlow(e.text))
		return nil
	}
	if strings.ContainsAny(e.text, "*?[") && r.Glob != nil {
		return r.files(p, word, e)
	}
	p.values = append(p.values, r.value(e.text))
	return nil
}

// files appends the names that a pattern stands for.
func (r Reader) files(p *Parameter, word string, e element) error {
	names, err := r.Glob(e.text)
	if err != nil {
		return &Error{word, e.offset, fmt.Sprintf("the pattern `%s` cannot be read: %v", e.text, err),
			`quote it to mean the text itself: '"` + e.text + `"'`}
	}
	if len(names) == 0 {
		return &Error{word, e.offset, "no file matches `" + e.text + "`",
			`look in which folder you are, or quote it to mean the text itself: ` + p.Name + `='"` + e.text + `"'`}
	}
	for _, name := range names {
		if !utf8.ValidString(name) {
			return &Error{word, e.offset,
				fmt.Sprintf("the file %q has a name that is not UTF-8, in which a spec is written", name),
				"rename it, or use a pattern that leaves it out"}
		}
		p.values = append(p.values, scalarText(name))
	}
	return nil
}

// lines reads the values from a file, one a line.
func (r Reader) lines(p *Parameter, word string, offset int) error {
	file, kind := word[offset:], ""
	for _, k := range []string{"text", "nul"} {
		if before, found := strings.CutSuffix(file, ":"+k); found {
			file, kind = before, k
		}
	}
	if r.Read == nil || file == "" {
		return &Error{word, offset, "there is no file to read", "write NAME=@FILE, or NAME=@- for standard input"}
	}
	data, err := r.Read(file)
	if err != nil {
		return &Error{word, offset, err.Error(), `name a file of one value a line, or quote the text: ` + p.Name +
			`='"@` + file + `"'`}
	}
	end := []byte("\n")
	if kind == "nul" {
		end = []byte{0}
	}
	for i, line := range bytes.Split(data, end) {
		if kind != "nul" {
			line = bytes.TrimSuffix(line, []byte("\r"))
		}
		switch {
		case len(line) == 0:
			continue
		case !utf8.Valid(line):
			return &Error{word, offset, fmt.Sprintf("value %d of the file is not UTF-8, in which a spec is written",
				i+1), "mend or remove it"}
		case bytes.IndexByte(line, 0) >= 0:
			return &Error{word, offset, fmt.Sprintf("value %d of the file has a NUL character in it, which no "+
				"command can carry", i+1),
				"write :nul behind the name where values end with NUL, as `find -print0` writes them"}
		case kind != "" || r.Text:
			p.values = append(p.values, scalarText(string(line)))
		default:
			p.values = append(p.values, r.value(string(line)))
		}
		if len(p.values) > maxValues {
			return &Error{word, offset, fmt.Sprintf("the file has more than %d values", maxValues), "split it"}
		}
	}
	if len(p.values) == 0 {
		return &Error{word, offset, "the file has no values", "write one a line"}
	}
	p.count = uint64(len(p.values))
	return nil
}

// value is a typed value as YAML: a number, true or false where it is one, else text.
func (r Reader) value(text string) string {
	switch {
	case r.Text:
		return scalarText(text)
	case text == "true" || text == "True" || text == "false" || text == "False":
		return strings.ToLower(text)
	case literal.MatchString(text) && inRange(text):
		return text
	}
	return scalarText(text)
}

// jsonFlow is a JSON value as YAML reads it: spaces behind colons and commas, which YAML wants and JSON does not.
func jsonFlow(text string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(text); i++ {
		b.WriteByte(text[i])
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
			b.WriteByte(text[i])
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ':' || c == ','):
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// merge adds the values of another word for the same parameter, as a shell makes of lr={0.1,0.2}.
func (p *Parameter) merge(q Parameter) error {
	if p.keys != nil || q.keys != nil {
		return &Error{q.word, 0, "`" + p.Name + "` is given twice, and one of them is a range",
			"leave one of them out, or give both as lists"}
	}
	p.values = append(p.values, q.values...)
	p.count = uint64(len(p.values))
	return nil
}

// node is the parameter in a spec.
func (p Parameter) node() *node {
	switch {
	case p.keys != nil:
		return &node{key: p.Name, kids: p.keys}
	case len(p.values) == 1:
		return &node{key: p.Name, kids: []*node{leaf("value", p.values[0])}}
	}
	return &node{key: p.Name, kids: []*node{leaf("values", "["+strings.Join(p.values, ", ")+"]")}}
}
