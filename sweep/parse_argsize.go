package sweep

import "fmt"

const argsFileRemedy = "hand the parameters over in a file: ${args_json_file} stands for its path, and it " +
	"has values of any size"

// checkArgumentSize refuses commands and variables that no program could be given, tried with the longest
// value of each parameter.
func (d *decoder) checkArgumentSize(root *node) {
	s := d.spec
	values := make([]Value, len(s.Space.leaves))
	size := 0
	for k, l := range s.Space.leaves {
		values[k] = l.longestValue()
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
				d.fail(item, field, fmt.Sprintf("with the longest values one word has %d bytes; a program "+
					"can be given %d", len(w), MaxWord), argsFileRemedy)
				return
			}
		}
		if all > MaxWords {
			d.fail(at, "command",
				fmt.Sprintf("with the longest values the words have %d bytes together; %d are sure "+
					"to be taken", all, MaxWords), argsFileRemedy)
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
			d.fail(env.get(name), "task.env."+name,
				fmt.Sprintf("with the longest values the variable has %d bytes; a program can be given %d", n,
					MaxWord), argsFileRemedy)
		}
	}
}
