package shell

import (
	"fmt"
	"strings"
)

// firstScope is the place of the positional words of the outermost text.
const firstScope = "words:1"

// inputs is what a script needs of what comes to it from outside.
type inputs struct {
	words *Need            // of its positional words; nil: nothing
	vars  map[string]*Need // of variables of its environment
}

// Script finds the macros of a script that sh -c runs, and what it needs of each of vars, variables of its
// environment, so that their values are no code. It fails with a Refusal where a macro's value could not be
// put as data.
func Script(script string, vars []string, parse Parse) ([]Part, map[string]*Need, error) {
	return scriptWithin(script, vars, parse, &budget{})
}

// LongScript is Script for a script that was accepted when its length and steps had no bound.
func LongScript(script string, vars []string, parse Parse) ([]Part, map[string]*Need, error) {
	return scriptWithin(script, vars, parse, &budget{long: true})
}

func scriptWithin(script string, vars []string, parse Parse, spending *budget) ([]Part, map[string]*Need, error) {
	parts, outside, err := splitScript([]string{script}, reading{}, vars, parse, spending)
	if err != nil {
		return nil, outside.vars, err.(*ItemError).Err
	}
	return parts[0], outside.vars, nil
}

// Word is one item of a command that is a list.
type Word struct {
	Script bool   // a shell reads it: Parts are its text
	Parts  []Part // of a script
	// of the values in a word that is no script, as in the code of python -c; nil: any value is data there
	Need *Need
}

// ItemError says which item of a list a problem is in.
type ItemError struct {
	Item int
	Err  error
}

func (e *ItemError) Error() string { return fmt.Sprintf("item %d: %v", e.Item+1, e.Err) }

func (e *ItemError) Unwrap() error { return e.Err }

// Words is Script for a command that is a list: some of its items may be scripts (sh -c), or code of other
// languages. Errors are ItemErrors.
func Words(argv, vars []string, parse Parse) ([]Word, map[string]*Need, error) {
	return wordsWithin(argv, vars, parse, &budget{})
}

// LongWords is Words for a command that was accepted when its words and steps had no bound.
func LongWords(argv, vars []string, parse Parse) ([]Word, map[string]*Need, error) {
	return wordsWithin(argv, vars, parse, &budget{long: true})
}

func wordsWithin(argv, vars []string, parse Parse, spending *budget) ([]Word, map[string]*Need, error) {
	if spending.tooMany(len(argv)) {
		return nil, nil, &ItemError{maxWords, &Refusal{
			fmt.Sprintf("the command has %d words; %d are allowed", len(argv), maxWords),
			"write what follows into a file that the program reads",
		}}
	}
	words, needed := make([]Word, len(argv)), map[string]*Need{}
	spending.spend(len(argv) * len(argv) / 16) // which of them are programs that read the others
	found, zeroth := readings(argv, false)
	if zeroth >= 0 {
		if err := checkZeroth(argv[zeroth], parse); err != nil {
			return nil, nil, &ItemError{zeroth, err}
		}
	}
	for _, r := range found {
		if r.need != nil {
			for _, i := range r.words {
				words[i].Need = r.need
			}
			continue
		}
		spending.spend(len(r.words))
		texts := make([]string, len(r.words))
		for k, i := range r.words {
			texts[k] = argv[i]
		}
		parts, outside, err := splitScript(texts, r, vars, parse, spending)
		if err != nil {
			item := err.(*ItemError)
			return nil, nil, &ItemError{r.words[item.Item], item.Err}
		}
		for k, i := range r.words {
			words[i].Script, words[i].Parts = true, parts[k]
		}
		if r.after > 0 {
			for i := r.after; i < len(words); i++ {
				words[i].Need = outside.words
			}
		}
		needed = outside.vars
	}
	return words, needed, nil
}

// splitScript is Script for words that one shell reads, joined by blanks.
func splitScript(words []string, as reading, vars []string, parse Parse, b *budget) ([][]Part, inputs, error) {
	texts, found := make([][]string, len(words)), make([][]hole, len(words))
	var all []hole
	for i, w := range words {
		texts[i], found[i] = holes(w, parse)
		all = append(all, found[i]...)
	}
	r := newReader(strings.Join(words, " "), all, b)
	// what comes from outside is like one more macro each
	r.at = append(r.at, make([]standing, 1+len(vars))...)
	r.flow.connect(source{holes: []int{len(all)}}, firstScope)
	for i, name := range vars {
		r.flow.connect(source{holes: []int{len(all) + 1 + i}}, "var:"+name)
	}
	if as.refuse != "" {
		r.refuseAll(r.fill(texts), as.refuse, as.remedy)
	} else if !r.spent() && (len(all) > 0 || as.after > 0 || len(vars) > 0) {
		r.read(r.fill(texts), firstScope)
	}
	if r.flow.propagate(r.at); r.spent() {
		r.giveUp()
	}
	outside := inputs{words: r.at[len(all)].need, vars: map[string]*Need{}}
	for i, name := range vars {
		outside.vars[name] = r.at[len(all)+1+i].need
	}
	out := make([][]Part, len(words))
	n := 0
	for i := range words {
		parts, err := r.parts(texts[i], found[i], n)
		if err != nil {
			return nil, outside, &ItemError{i, err}
		}
		out[i], n = parts, n+len(found[i])
	}
	return out, outside, nil
}

// parts puts the text of one word and what is known of its macros, from the first on, together.
func (r *reader) parts(texts []string, found []hole, first int) ([]Part, error) {
	var parts []Part
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
		parts = append(parts, Part{Text: text}, Part{Macro: h.macro, Need: at.need, depth: at.depth})
		text = ""
	}
	return dropQuotes(append(parts, Part{Text: text + texts[len(found)]})), nil
}

// dropQuotes takes away quotes that hold a macro for several words and nothing else: of no words, nothing
// stays.
func dropQuotes(parts []Part) []Part {
	for i := range parts {
		if parts[i].Macro == nil {
			continue
		}
		q := &parts[i].depth[len(parts[i].depth)-1]
		if next := parts[i+1].Text; next != "" && (next[0] == '<' || next[0] == '>') {
			q.bare = true // 2>out
		}
		if !parts[i].Macro.IsList() {
			continue
		}
		mark := string(q.mark)
		before, after := &parts[i-1].Text, &parts[i+1].Text
		for _, mark := range []string{`\` + mark, mark} {
			if q.mark != 0 && strings.HasSuffix(*before, mark) && strings.HasPrefix(*after, mark) {
				*before, *after = strings.TrimSuffix(*before, mark), strings.TrimPrefix(*after, mark)
				q.mark = 0
			}
		}
	}
	return parts
}

// fill gives the words, joined by blanks, with a name of letters and digits in each hole.
func (r *reader) fill(words [][]string) string {
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

// checkZeroth is zeroth of an item of a list.
func checkZeroth(item string, parse Parse) error {
	if _, found := holes(item, parse); len(found) == 1 && found[0].err == nil && item == found[0].source &&
		found[0].macro.IsList() {
		return zerothWord(found[0].macro)
	}
	return nil
}
