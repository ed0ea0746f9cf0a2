package run

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/sweep/shell"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/expression"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// sweepType is the type of steps that are sweeps: of their keys some are commands, or become parts of some.
const sweepType = "sweep"

// scope is where the templates of one attempt find their values.
type scope struct {
	expression.Names
	environment func(string) (string, bool)
	own         map[string]bool // names that are the workflow's, where specs have macros of their own, too
	secret      secrets
	meter       expression.Metered // of all that the attempt is given
}

// metered are the names, with the meter.
func (s scope) metered() expression.Names { return s.meter.Of(s) }

// Lookup implements expression.Names.
func (s scope) Lookup(path []string) (any, int, error) {
	if path[0] == "envvar" && len(path) == 2 {
		v, ok := s.environment(path[1])
		if !ok {
			return nil, 0, fmt.Errorf("the variable %s is not set", path[1])
		}
		return v, 2, nil
	}
	if v, ok := s.secret[path[0]]; ok && !s.own[path[0]] {
		return v, 1, nil
	}
	if path[0] == "parameters" && len(path) > 1 {
		if v, ok := s.secret[path[1]]; ok {
			return v, 2, nil
		}
	}
	return s.Names.Lookup(path)
}

// ours tells which macros are the workflow's where specs have their own.
func (s scope) ours(name string) bool {
	return name == "steps" || name == "parameters" || name == "workflow" || s.own[name]
}

// specMacros are names that mean what they mean in specs where those may stand.
var specMacros = []string{"args", "args_no_hyphens", "args_no_boolean_flags", "args_json", "args_json_file",
	"param", "envvar",
	"env", "interpreter", "program", "winner"}

// scopeOf is the scope of a task of a run.
func (r *Run) scopeOf(t engine.Task) scope {
	s := scope{Names: r.engine.Names(t.Key), environment: os.LookupEnv, own: map[string]bool{}, secret: r.secret,
		meter: expression.Meter(nil)}
	if r.cfg.Environment != nil {
		s.environment = r.cfg.Environment
	}
	for _, name := range r.engine.Variables(t.Key) {
		if !slices.Contains(specMacros, name) {
			s.own[name] = true
		}
	}
	return s
}

// value is a tree as JSON has it, templates replaced.
func (s scope) value(t *sweep.Tree) (any, error) {
	return expression.Expand(steps.ValueOf(t), nil, s.metered())
}

// text is a text, templates replaced.
func (s scope) text(text string) (string, error) {
	v, err := expression.Expand(text, nil, s.metered())
	if err != nil {
		return "", err
	}
	return expression.Text(v), nil
}

// spec is a sweep, those of its templates replaced that are not macros of specs.
func (s scope) spec(t *sweep.Tree) (*sweep.Tree, error) { return s.tree(t, "", s.ours) }

// overrides are those of a sweep by their paths. What is none of the workflow's templates is for the sweep.
func (s scope) overrides(t *sweep.Tree) (any, error) {
	tree, err := s.tree(t, "", nil)
	return steps.ValueOf(tree), err
}

// ranPlaces are the places of a sweep whose text a shell reads, or whose list is a program with its words; those below
// are single words.
var ranPlaces = []string{"command", "then", "then.command", "method.command"}

// keysRan are the places of a sweep among whose keys are some that are run, or are variables: no value brings keys
// there.
var keysRan = []string{"", "method", "task", "task.env"}

// tree is the part of a sweep at a place. What a shell reads takes no text but numbers: a text could be a command.
// Words and variables are read once more, for macros, and get none by a value.
func (s scope) tree(t *sweep.Tree, at string, ours expression.Ours) (*sweep.Tree, error) {
	if t == nil {
		return nil, nil
	}
	if t.List && slices.Contains(ranPlaces, at) {
		return s.argv(t, ours)
	}
	out := *t
	out.Items, out.Pairs = nil, nil
	for _, item := range t.Items {
		x, err := s.tree(item, at+"[]", ours)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, x)
	}
	for _, p := range t.Pairs {
		x, err := s.tree(p.Value, strings.TrimPrefix(at+"."+strings.TrimSpace(p.Key.Text), "."), ours)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Key.Text, err)
		}
		out.Pairs = append(out.Pairs, sweep.TreePair{Key: p.Key, Value: x})
	}
	if t.List || t.Mapping || t.Null || !strings.Contains(t.Text, "${") {
		return &out, nil
	}
	parent := at[:max(0, strings.LastIndexByte(at, '.'))]
	switch {
	case slices.Contains(ranPlaces, at) || slices.Contains(ranPlaces, parent) && isNumber(at[len(parent)+1:]):
		text, err := s.numbers(t.Text, ours)
		return steps.TreeOf(text), err
	case strings.HasPrefix(at, "task.env."):
		word, err := s.word(t.Text, ours)
		return steps.TreeOf(word), err
	}
	v, err := expression.Expand(t.Text, ours, s.metered())
	if err != nil {
		return nil, err
	}
	out = *steps.TreeOf(v)
	if (out.List || out.Mapping) && slices.Contains(keysRan, at) {
		return nil, fmt.Errorf("%s is a list or mapping, and could bring a command or variables there: write "+
			"its keys, "+
			"each with a ${…} of its own", t.Text)
	}
	return &out, nil
}

func isNumber(text string) bool {
	_, err := strconv.Atoi(text)
	return err == nil
}

// argv is a program with its words. Those that a shell reads, or something else runs as code, take numbers alone.
func (s scope) argv(t *sweep.Tree, ours expression.Ours) (*sweep.Tree, error) {
	out := *t
	out.Items = slices.Clone(t.Items)
	read, err := s.readings(t, ours)
	if err != nil {
		return nil, err
	}
	for i, item := range t.Items {
		if item.List || item.Mapping || item.Null || !strings.Contains(item.Text, "${") {
			continue
		}
		text, err := s.word(item.Text, ours)
		if err == nil && (read[i] == shell.Number || read[i] == shell.PlainWord && !shell.IsPlain(text)) {
			text, err = s.numbers(item.Text, ours)
		}
		if err != nil {
			return nil, fmt.Errorf("%d: %w", i, err)
		}
		out.Items[i] = steps.TreeOf(text)
	}
	return &out, nil
}

// program is what a step runs beside this process: a list is a program with its words, as they are.
func (s scope) program(t *sweep.Tree) (any, error) {
	if !t.List {
		v, err := s.value(t)
		if _, list := v.([]any); list && err == nil {
			err = errors.New("a value brings a list, which would be a program with its words: write the list here, " +
				"with ${…} in words of their own")
		}
		return v, err
	}
	read, err := s.readings(t, nil)
	if err != nil {
		return nil, err
	}
	for i, item := range t.Items {
		if read[i] == shell.Anything || !strings.Contains(item.Text, "${") {
			continue
		}
		if _, err := s.numbers(item.Text, nil); err != nil {
			return nil, fmt.Errorf("%d: what is in ${…} is no number, and would be read as part of the command: "+
				"give it as a word of its own behind it, "+
				"as in [sh, -c, 'echo \"$1\"', sh, \"${…}\"], or as `with`", i)
		}
	}
	return s.value(t)
}

// readings tells what becomes of each word of a program.
func (s scope) readings(t *sweep.Tree, ours expression.Ours) ([]shell.Kind, error) {
	var c sweep.Command
	for i, item := range t.Items {
		word, err := s.render(item.Text, ours, func(p expression.Piece) (string, error) {
			if i == 0 { // which program it is counts
				return expression.Text(p.Value), nil
			}
			return "${param." + steps.Own + "1}", nil // as a sweep would have it
		})
		if err != nil {
			return nil, err
		}
		c.Argv = append(c.Argv, word)
	}
	return c.Readings(), nil
}

// numbers is a text for a shell, in which only numbers and truths are put.
func (s scope) numbers(text string, ours expression.Ours) (string, error) {
	return s.render(text, ours, func(p expression.Piece) (string, error) {
		switch p.Value.(type) {
		case nil, int64, float64, bool:
			return expression.Text(p.Value), nil
		}
		return "", fmt.Errorf("${%s} is no number, and would be read as part of the command: make it a parameter "+
			"of the sweep, "+
			"as {name: {value: \"${%s}\"}}, and write ${param.name}", p.Text, p.Text)
	})
}

// render is a text with each of its macros replaced by what put gives for it.
func (s scope) render(text string, ours expression.Ours, put func(expression.Piece) (string, error)) (string, error) {
	pieces, err := expression.Pieces(text, ours, s.metered())
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range pieces {
		out := p.Text
		if p.Macro {
			if out, err = put(p); err != nil {
				return "", err
			}
		}
		b.WriteString(out)
	}
	return b.String(), nil
}

// script is a command: its values become parameters, which specs quote, or words that nothing looks into.
func (s scope) script(t *sweep.Tree) (out steps.Script, err error) {
	if !t.List {
		out.Shell, err = s.asParameters(t.Text, &out)
		return out, err
	}
	read, err := s.readings(t, s.ours)
	if err != nil {
		return out, err
	}
	for i, item := range t.Items {
		var word string
		if read[i] == shell.Anything {
			word, err = s.word(item.Text, s.ours)
		} else {
			word, err = s.asParameters(item.Text, &out)
		}
		if err != nil {
			return out, err
		}
		out.Words = append(out.Words, word)
	}
	for name, v := range out.Values {
		switch v.(type) {
		case int64, float64: // code takes numbers alone
		default: // as in a word that is data
			out.Values[name] = expression.Text(v)
		}
	}
	return out, nil
}

// asParameters is a text whose values become parameters of a script.
func (s scope) asParameters(text string, of *steps.Script) (string, error) {
	if of.Values == nil {
		of.Values, of.Names = map[string]any{}, map[string]string{}
	}
	return s.render(text, s.ours, func(p expression.Piece) (string, error) {
		name := fmt.Sprintf("%s%d", steps.Own, len(of.Values)+1)
		of.Values[name], of.Names[name] = p.Value, p.Text
		return "${param." + name + "}", nil
	})
}

// word is a word of a command, in which values are no macros of specs.
func (s scope) word(text string, ours expression.Ours) (string, error) {
	pieces, err := expression.Pieces(text, ours, s.metered())
	if err != nil {
		return "", err
	}
	var b strings.Builder
	data := "" // of values that stand side by side, and what makes a macro with them
	for _, p := range pieces {
		if p.Macro {
			data += expression.Text(p.Value)
			continue
		}
		text := p.Text
		if strings.HasSuffix(data, "$") && strings.HasPrefix(text, "{") {
			data, text = data+"{", text[1:]
		}
		data = strings.ReplaceAll(data, "${", "$${")
		if strings.HasSuffix(data, "$") && strings.HasPrefix(text, "${") {
			return "", fmt.Errorf("a value ends in $ right before %s, which would be no macro behind it: "+
				"put something between them", text[:strings.IndexByte(text+"}", '}')+1])
		}
		b.WriteString(data)
		b.WriteString(text)
		data = ""
	}
	b.WriteString(strings.ReplaceAll(data, "${", "$${"))
	return b.String(), nil
}
