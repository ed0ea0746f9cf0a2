package expression

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

// Ours tells of the first name of a macro whether it is to be replaced; of the others a sweep knows the meaning. nil:
// all are.
type Ours func(name string) bool

// Piece is a part of a text: as it stands there, or the value of a macro, whose text is what stands between its braces.
type Piece struct {
	Text  string
	Macro bool
	Value any
}

// Most is how many bytes, as text, all come to that macros bring into what is given to one attempt of a step: as many
// as a record of its end may have.
const Most = 64 << 20

// Metered are names whose macros bring in no more than Most together.
type Metered struct {
	Names
	left *int
}

// Meter begins with all of Most, unless names are metered already.
func Meter(names Names) Metered {
	if m, ok := names.(Metered); ok {
		return m
	}
	left := Most
	return Metered{names, &left}
}

// Of has what other names bring in counted together with what these do.
func (m Metered) Of(names Names) Metered { return Metered{names, m.left} }

// take counts a value.
func (m Metered) take(v any) error {
	*m.left -= workflow.Amount(v, *m.left)
	if *m.left < 0 {
		*m.left = 0
		return fmt.Errorf("with it the values that are put in here come to more than %d MB: leave large things "+
			"in files", Most>>20)
	}
	return nil
}

// Pieces cuts a text and evaluates its macros. With ours, what is not replaced stays as it was written, $${ too.
func Pieces(text string, ours Ours, names Names) (all []Piece, err error) {
	if !strings.Contains(text, "${") {
		return []Piece{{Text: text}}, nil
	}
	metered := Meter(names)
	parts, err := workflow.Split(text)
	if err != nil {
		if ours != nil {
			return []Piece{{Text: text}}, nil // a shell's, or a mistake that specs tell of
		}
		return nil, err
	}
	for _, p := range parts {
		switch {
		case p.Expr == "" && ours != nil:
			all = append(all, Piece{Text: strings.ReplaceAll(p.Text, "${", "$${")})
		case p.Expr == "":
			all = append(all, Piece{Text: p.Text})
		case ours != nil && !ours(first(p.Expr)):
			all = append(all, Piece{Text: "${" + p.Expr + "}"})
		default:
			v, err := macro(p.Expr, metered.Names)
			if err == nil {
				err = metered.take(v)
			}
			if err != nil {
				return nil, fmt.Errorf("${%s}: %w", p.Expr, err)
			}
			all = append(all, Piece{Text: p.Expr, Macro: true, Value: v})
		}
	}
	return all, nil
}

// macro evaluates what stands in one: an expression, or envvar:NAME.
func macro(text string, names Names) (any, error) {
	if name, ok := strings.CutPrefix(text, "envvar:"); ok {
		v, _, err := names.Lookup([]string{"envvar", name})
		return v, err
	}
	return Eval(text, names)
}

// first is the first name of an expression; empty: it has none, or is none.
func first(text string) string {
	e, err := compile(text)
	if err != nil || len(e.References) == 0 {
		return ""
	}
	return e.References[0].Path[0]
}

// Expand replaces the macros of all texts within a value. The value is not changed.
func Expand(v any, ours Ours, names Names) (any, error) { return expand(v, ours, Meter(names)) }

func expand(v any, ours Ours, names Metered) (any, error) {
	switch v := v.(type) {
	case string:
		return expandText(v, ours, names)
	case []any:
		out := make([]any, len(v))
		for i, one := range v {
			x, err := expand(one, ours, names)
			if err != nil {
				return nil, err
			}
			out[i] = x
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			x, err := expand(v[key], ours, names)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			out[key] = x
		}
		return out, nil
	}
	return v, nil
}

func expandText(text string, ours Ours, names Metered) (any, error) {
	pieces, err := Pieces(text, ours, names)
	if err != nil {
		return nil, err
	}
	if len(pieces) == 1 && pieces[0].Macro {
		return pieces[0].Value, nil
	}
	var b strings.Builder
	for _, p := range pieces {
		if p.Macro {
			b.WriteString(Text(p.Value))
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String(), nil
}

// Short is the beginning of a value as a text, for people: at most 200 bytes.
func Short(v any) string {
	const longest = 200
	if workflow.Amount(v, 1<<20) > 1<<20 {
		return "a value of more than 1 MB"
	}
	return fmt.Sprintf("%.*s", longest, Text(v))
}

// Text is a value as it stands within a text: a string as it is, everything else as JSON.
func Text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}
