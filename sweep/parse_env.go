package sweep

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/kaon-sweep/kaon/sweep/shell"
)

// checkEnv refuses macros in a value of `env` that have nothing to stand for.
func (d *decoder) checkEnv(value string, n *node, field string) {
	err := envParts(value, func(_ string, m *macro) error {
		switch {
		case m == nil:
		case m.winner && !d.options.winner:
			return &withRemedy{m.String() + ": there is no winner while trials run",
				"use the trial's own parameters: ${param.NAME}"}
		case m.name == "param":
			d.checkParam(*m, false, n, field)
		case m.name == "envvar":
			d.checkVariable(*m, n, field)
		}
		return nil
	})
	if err != nil {
		d.fail(n, field, err.Error(), remedyOf(err, "check the value"))
	}
}

// checkEnvUse refuses macros in a variable that the command, or its script, takes for code.
func (d *decoder) checkEnvUse(n *node) {
	if n == nil || n.kind != mapping {
		return
	}
	var names []string
	for _, p := range n.pairs {
		names = append(names, p.key.text)
	}
	command := d.spec.Command
	_, needed, err := command.split(names)
	if err != nil {
		if _, _, alone := command.split(nil); alone == nil { // else it was told of the command
			d.fail(n, "task.env", "what the command does with these variables is not known: "+err.Error(),
				"give the command fewer of them, or write it into a file of its own")
		}
		return
	}
	for _, p := range n.pairs {
		x := needed[p.key.text]
		if x == nil || p.value.kind != scalar {
			continue
		}
		field := join("task.env", p.key.text)
		_ = envParts(p.value.text, func(_ string, m *macro) error {
			if m != nil && m.name != "kaon" {
				d.checkNeed(*m, &shell.Need{Kind: x.Kind, Place: x.Place + " of the command",
					Remedy: x.Remedy}, p.value, field)
			}
			return nil
		})
	}
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

func (d *decoder) env(n *node) map[string]string {
	if n == nil || n.null {
		return nil
	}
	if !d.mappingOf(n, "task.env", `env: {OMP_NUM_THREADS: "1"}`) {
		return nil
	}
	env := make(map[string]string, len(n.pairs))
	for _, p := range n.pairs {
		name, field := p.key.text, join("task.env", p.key.text)
		switch {
		case !envName.MatchString(name):
			d.fail(p.key, field, fmt.Sprintf("`%s` cannot be a variable's name", short(name)),
				"use letters, digits and _")
		case strings.HasPrefix(name, "KAON_"):
			d.fail(p.key, field, "variables that begin with KAON_ are set by kaon", "choose another name")
		case p.value.kind == scalar && p.value.null:
			env[name] = ""
		default:
			env[name] = d.text(p.value, field)
			d.checkEnv(env[name], p.value, field)
		}
	}
	return env
}
