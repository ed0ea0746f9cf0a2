package sweep

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// safe is what a shell takes as it stands, whatever stands beside it.
const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:@%"

// Quote writes a word so that a POSIX shell reads it back unchanged, whatever it holds.
func Quote(word string) string {
	if word != "" && word[0] != '=' && strings.Trim(word, safe+",") == "" {
		return word
	}
	return QuoteAlways(word)
}

// QuoteAlways is Quote with quotes also around what needs none.
func QuoteAlways(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// quoting is where a macro stands in the text of one shell.
type quoting struct {
	mark byte // 0, '\'' or '"'
	bare bool // its words could be more than data without quotes: a keyword, an assignment, a descriptor
	join bool // it is a part of a longer word
	sum  bool // in arithmetic, where nothing but a whole number may stand
}

// place puts words where the macro stood: it leaves the quotes around it, adds each word quoted, and takes
// the quotes up again.
func (q quoting) place(words []string) string {
	if q.sum { // the words were found to be whole numbers
		if strings.HasPrefix(words[0], "-") {
			return "(" + words[0] + ")"
		}
		return words[0]
	}
	var b strings.Builder
	if q.mark != 0 {
		b.WriteByte(q.mark)
	}
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		if q.bare || q.join && (strings.Contains(w, ",") || strings.Contains(w, "..")) { // braces: {a,b} and {1..9}
			b.WriteString(QuoteAlways(w))
		} else {
			b.WriteString(Quote(w))
		}
	}
	if q.mark != 0 {
		b.WriteByte(q.mark)
	}
	return b.String()
}

// embed puts words where a macro stood that as many shells read as there are quotings, the outermost first.
func embed(words []string, depth []quoting) string {
	text := depth[len(depth)-1].place(words)
	for _, q := range slices.Backward(depth[:len(depth)-1]) {
		text = q.place([]string{text})
	}
	return text
}

// maxScript bounds the text of a shell command that has macros: its parser recurses.
const maxScript = 64 << 10

// splitShell cuts a shell command into text and macros, and notes the quotes each macro stands in, so that
// its value can be put there as data: 'x', "x" and x alike, also in text that a second shell reads
// (shellReader says where). Shell variables in capitals (${HOME}, ${N:-4}) are left to the shell; `$${` is a
// plain `${`. Where a value cannot be put as data the macro is refused: a value must never run as code.
func splitShell(script string, vars []string) ([]part, taken, error) {
	parts, taken, err := splitScript([]string{script}, reading{}, vars)
	if err != nil {
		return nil, taken, err.(*itemError).err
	}
	return parts[0], taken, nil
}

// firstScope is the place of the positional words of the outermost text.
const firstScope = "words:1"

// taken is what a script needs of what comes to it from outside.
type taken struct {
	words *requirement            // of its positional words; nil: nothing
	vars  map[string]*requirement // of variables of its environment
}

// splitScript is splitShell of words that one shell reads, joined by blanks. vars are variables of its environment.
func splitScript(words []string, as reading, vars []string) ([][]part, taken, error) {
	texts, found := make([][]string, len(words)), make([][]hole, len(words))
	var all []hole
	for i, w := range words {
		texts[i], found[i] = holes(w)
		all = append(all, found[i]...)
	}
	r := newShellReader(strings.Join(words, " "), all)
	r.at = append(r.at, make([]standing, 1+len(vars))...) // what comes from outside is like one more macro each
	r.flow.pour(source{holes: []int{len(all)}}, firstScope)
	for i, name := range vars {
		r.flow.pour(source{holes: []int{len(all) + 1 + i}}, "var:"+name)
	}
	if as.refuse != "" {
		r.refuseAll(r.fill(texts), as.refuse, as.remedy)
	} else if len(all) > 0 || as.after > 0 || len(vars) > 0 {
		r.read(r.fill(texts), firstScope)
	}
	r.flow.settle(r.at)
	outside := taken{words: r.at[len(all)].needs, vars: map[string]*requirement{}}
	for i, name := range vars {
		outside.vars[name] = r.at[len(all)+1+i].needs
	}
	out := make([][]part, len(words))
	n := 0
	for i := range words {
		parts, err := r.parts(texts[i], found[i], n)
		if err != nil {
			return nil, outside, &itemError{i, err}
		}
		out[i], n = parts, n+len(found[i])
	}
	return out, outside, nil
}

// parts puts the text of one word and what is known of its macros, from the first on, together.
func (r *shellReader) parts(texts []string, found []hole, first int) ([]part, error) {
	var parts []part
	text := ""
	for i, h := range found {
		text += texts[i]
		at := r.at[first+i]
		switch {
		case at.asIs:
			text += h.source
			continue
		case h.err != nil:
			return nil, h.err
		case at.err != nil:
			return nil, at.err
		case !at.seen:
			return nil, unquotable(h.macro, "a place that kaon cannot quote for", "")
		}
		parts = append(parts, part{text: text}, part{macro: h.macro, depth: at.depth, needs: at.needs})
		text = ""
	}
	return dropQuotes(append(parts, part{text: text + texts[len(found)]})), nil
}

// dropQuotes takes away quotes that hold a macro for several words and nothing else: of no words, nothing stays.
func dropQuotes(parts []part) []part {
	for i := range parts {
		if parts[i].macro == nil {
			continue
		}
		q := &parts[i].depth[len(parts[i].depth)-1]
		if next := parts[i+1].text; next != "" && (next[0] == '<' || next[0] == '>') {
			q.bare = true // 2>out
		}
		if !isList(parts[i].macro.name) {
			continue
		}
		mark := string(q.mark)
		before, after := &parts[i-1].text, &parts[i+1].text
		for _, mark := range []string{`\` + mark, mark} {
			if q.mark != 0 && strings.HasSuffix(*before, mark) && strings.HasPrefix(*after, mark) {
				*before, *after = strings.TrimSuffix(*before, mark), strings.TrimPrefix(*after, mark)
				q.mark = 0
			}
		}
	}
	return parts
}

// hole is a place for a macro in shell text.
type hole struct {
	source string // ${…}
	macro  *macro
	err    error // why it is no macro
}

// holes cuts shell text at what look like macros: one text more than holes.
func holes(script string) (texts []string, found []hole) {
	var text strings.Builder
	for script != "" {
		i := strings.IndexByte(script, '$')
		if i < 0 {
			break
		}
		text.WriteString(script[:i])
		script = script[i:]
		switch {
		case strings.HasPrefix(script, "$${"):
			text.WriteString("${")
			script = script[len("$${"):]
			continue
		case !strings.HasPrefix(script, "${") || shellVariable.MatchString(script[len("${"):min(len(script), 80)]):
			text.WriteByte('$')
			script = script[1:]
			continue
		}
		h := hole{source: "${"}
		if end := strings.IndexByte(script, '}'); end < 0 {
			h.err = &withRemedy{"a ${ is not closed", "close the macro with }, or write $${ for a plain ${"}
		} else {
			h.source = script[:end+1]
			m, err := parseMacro(h.source[len("${"):end])
			h.macro, h.err = &m, err
		}
		texts, found = append(texts, text.String()), append(found, h)
		text.Reset()
		script = script[len(h.source):]
	}
	return append(texts, text.String()+script), found
}

// fill gives the words, joined by blanks, with a name of letters and digits in each hole.
func (r *shellReader) fill(words [][]string) string {
	var b strings.Builder
	n := 0
	for k, texts := range words {
		if k > 0 {
			b.WriteByte(' ')
		}
		for i, text := range texts {
			if i > 0 {
				b.WriteString(r.name(n))
				n++
			}
			b.WriteString(text)
		}
	}
	return b.String()
}

func (r *shellReader) name(hole int) string { return r.prefix + strconv.Itoa(hole) + "Z" }

// named calls use for every hole whose name stands in text, with what stands before and behind the name.
func (r *shellReader) named(text string, use func(hole int, before, after string)) {
	for from := 0; ; {
		i := strings.Index(text[from:], r.prefix)
		if i < 0 {
			return
		}
		i += from
		digits, _, closed := strings.Cut(text[i+len(r.prefix):], "Z")
		n, err := strconv.Atoi(digits)
		from = i + len(r.prefix)
		if closed && err == nil && n < len(r.at) {
			from = i + len(r.name(n))
			use(n, text[:i], text[from:])
		}
	}
}

func newShellReader(script string, found []hole) *shellReader {
	r := &shellReader{prefix: "KaonMacro", holes: found, at: make([]standing, len(found)), functions: map[string]bool{}, integers: map[string]bool{}, literals: map[string]string{}}
	for strings.Contains(script, r.prefix) {
		r.prefix += "x"
	}
	return r
}

// unquotable refuses a macro for the place it stands in.
func unquotable(m *macro, where, remedy string) error {
	if remedy == "" {
		remedy = "give it to a program as a word of its own, or let the program read $KAON_PARAMS"
	}
	r := requirement{place: where, remedy: remedy}
	return &withRemedy{fmt.Sprintf("%s stands in %s, where its value would not arrive as it is", m, where), r.advice(*m)}
}
