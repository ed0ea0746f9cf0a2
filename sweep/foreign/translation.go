package foreign

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// Translation is another tool's experiment as a sweep file.
type Translation struct {
	Tool string         // whose file it was: Katib
	Text []byte         // the sweep file, with a comment for each decision
	Left []*sweep.Error // what was left out, as lenient reading does
	file string
	src  []byte
	from []place // by line of Text
}

// Refused is an experiment with parts that kaon cannot carry.
type Refused struct {
	Tool   string
	Parts  sweep.Errors // by their place
	Needed bool         // one of them cannot be left out either
}

// Error has one line for each part.
func (r *Refused) Error() string {
	var b strings.Builder
	for _, p := range r.Parts {
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s\n", p.File, p.Line, p.Column, p.Field, p.Problem)
	}
	what := "this part of the experiment of " + r.Tool + " cannot be carried"
	if n := len(r.Parts); n > 1 {
		what = fmt.Sprintf("these %d parts of the experiment of %s cannot be carried", n, r.Tool)
	}
	if r.Needed {
		return b.String() + what + ", and not all of it can be left out"
	}
	return b.String() + what + "; --lenient leaves out what cannot"
}

// Unwrap gives the parts.
func (r *Refused) Unwrap() error { return r.Parts }

// Relocate has errors of the translation's text name the lines of the file that it came from.
func (t *Translation) Relocate(err error) error {
	var problems sweep.Errors
	if !errors.As(err, &problems) {
		return err
	}
	out := slices.Clone(problems)
	for i, e := range out {
		out[i] = t.relocated(e)
	}
	slices.SortStableFunc(out, byPlace)
	return out
}

// Warnings relocates warnings, and adds what was left out.
func (t *Translation) Warnings(warnings []*sweep.Error) []*sweep.Error {
	all := slices.Clone(t.Left)
	for _, w := range warnings {
		all = append(all, t.relocated(w))
	}
	return all
}

func (t *Translation) relocated(e *sweep.Error) *sweep.Error {
	if e.Line < 1 || e.Line > len(t.from) || e.File != t.file {
		return e
	}
	at := t.from[e.Line-1]
	moved := sweep.ErrorAt(t.file, t.src, at.line, at.column, e.Field, e.Problem, e.Remedy)
	moved.Value = e.Value
	return moved
}

// byPlace orders problems of one file.
func byPlace(a, b *sweep.Error) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) }
