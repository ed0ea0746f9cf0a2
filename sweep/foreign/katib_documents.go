package foreign

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

const (
	mostDocuments = 100
	mostNamed     = 5 // of the documents beside an Experiment
)

// experiment is the text with its Experiment alone, at its lines, where a file for kubectl has other documents beside
// it. They are noted as without effect.
func (r *reading) experiment() ([]byte, error) {
	all := documents(r.src)
	if len(all) < 2 || len(all) > mostDocuments {
		return r.src, nil
	}
	var found *document
	var beside []string
	for i := range all {
		root, err := sweep.ReadAnyTree(r.file, all[i].text)
		switch {
		case err == nil && isKatib(root) && found != nil:
			return nil, sweep.Errors{sweep.ErrorAt(r.file, r.src, all[i].first, 1, "",
				"a second Experiment begins here", "keep one Experiment in a file")}
		case err == nil && isKatib(root):
			found = &all[i]
		default:
			beside = append(beside, all[i].title(root))
		}
	}
	if found == nil {
		return r.src, nil
	}
	if more := len(beside) - mostNamed; more > 0 {
		beside = append(beside[:mostNamed], fmt.Sprintf("%d more documents", more))
	}
	r.idle = append(r.idle, beside...)
	return slices.Concat(bytes.Repeat([]byte{'\n'}, found.first-1), found.text), nil
}

// document is one of a YAML file.
type document struct {
	first int // its first line, from 1
	text  []byte
}

// documents are those that have more than blanks and comments.
func documents(src []byte) (all []document) {
	one, filled, n := document{first: 1}, false, 0
	end := func() {
		if filled {
			all = append(all, one)
		}
		one, filled = document{first: n}, false
	}
	for line := range bytes.Lines(src) {
		n++
		text := string(bytes.TrimSpace(line))
		behind, marker := strings.CutPrefix(text, "---")
		if marker && line[0] == '-' && (behind == "" || behind[0] == ' ' || behind[0] == '\t') {
			end()
			text = strings.TrimSpace(behind)
		}
		one.text = append(one.text, line...)
		filled = filled || text != "" && text[0] != '#' && text[0] != '%' && text != "..."
	}
	end()
	return all
}

// title says what a document is, for people.
func (d document) title(root *sweep.Tree) string {
	what := "a document"
	if kind := root.Get("kind"); kind != nil && kind.Text != "" {
		what = clipped(kind.Text)
		if name := root.Get("metadata").Get("name"); name != nil {
			what += " " + clipped(name.Text)
		}
	}
	return fmt.Sprintf("%s (line %d)", what, d.first)
}
