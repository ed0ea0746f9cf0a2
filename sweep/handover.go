package sweep

import "fmt"

// What Linux hands to a program: one word or variable has at most 32 pages with its NUL (MAX_ARG_STRLEN), all of
// them together a quarter of the stack's limit, 2 MiB where nobody changed it, half of which is left to the rest of
// the environment.
const (
	MaxWord  = 128<<10 - 1
	MaxWords = 1 << 20
)

const byFile = "hand the parameters over in a file: ${args_json_file} stands for its path, and it has values of any size"

// handover refuses commands and variables that no program could be given, tried with the longest value of each
// parameter.
func (d *decoder) handover(root *node) {
	s := d.spec
	values := make([]Value, len(s.Space.leaves))
	size := 0
	for k, l := range s.Space.leaves {
		values[k] = l.longest()
		size += len(Format(values[k]))
	}
	if size+len(s.Source) < MaxWord/16 { // the common case: even quoted for several shells it is far below
		return
	}
	vars := Vars{Params: s.Space.build(values), Getenv: func(string) (string, bool) { return "", true }}
	if d.options.winner {
		vars.Winner = &Winner{}
	}
	at := root.get("command")
	if at == nil {
		at = root
	}
	if x, err := s.Command.Expand(vars); err == nil {
		all := 0
		for i, w := range append(x.Argv, x.Shell) {
			all += len(w) + 1
			if len(w) > MaxWord {
				item, field := at, "command"
				if at.kind == list && i < len(at.items) {
					item, field = at.items[i], fmt.Sprintf("command.%d", i)
				}
				d.fail(item, field, fmt.Sprintf("with the longest values one word has %d bytes; a program can be given %d", len(w), MaxWord), byFile)
				return
			}
		}
		if all > MaxWords {
			d.fail(at, "command", fmt.Sprintf("with the longest values the words have %d bytes together; %d are sure to be taken", all, MaxWords), byFile)
			return
		}
	}
	env := root.get("task")
	if env != nil {
		env = env.get("env")
	}
	for name, value := range s.Task.Env {
		text, err := ExpandEnv(value, vars, func(string) string { return "" })
		if n := len(name) + 1 + len(text); err == nil && n > MaxWord && env != nil {
			d.fail(env.get(name), "task.env."+name, fmt.Sprintf("with the longest values the variable has %d bytes; a program can be given %d", n, MaxWord), byFile)
		}
	}
}

// longest is a value of the dimension that is longest when written.
func (d *Dimension) longest() Value {
	if len(d.Values) == 0 {
		return d.Quantile(1.0 / 3)
	}
	best := d.Values[0]
	for _, v := range d.Values[1:] {
		if len(Format(v)) > len(Format(best)) {
			best = v
		}
	}
	return best
}

// whole says whether all values are whole numbers.
func (d *Dimension) whole() bool {
	for _, v := range d.Values {
		if _, ok := v.(int64); !ok {
			return false
		}
	}
	return len(d.Values) > 0 || d.Distribution == IntUniform || d.Q > 0 && d.Integer
}
