package export

import (
	"fmt"
	"strings"

	"github.com/kaon-sweep/kaon/workflow"
)

// value is a variable of the environment that a script finds a value in, so that values are never code.
type value struct{ name, text string }

// script is what a step runs by a shell, with its templates as variables; ok false: only kaon knows how to do its work.
func (l *leaving) script(
	s *workflow.Step, of func(path []string) (string, bool),
) (text string, values []value, ok bool) {
	field := "steps." + s.Name + ".command"
	take := func(template string, quoted bool) {
		var state byte // the quote that is open
		if quoted {
			state = '"'
		}
		parts, err := workflow.Split(template)
		if err != nil {
			text += template
			return
		}
		for _, p := range parts {
			if p.Expr == "" {
				if quoted {
					text += strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", "$", `\$`).Replace(p.Text)
				} else {
					text += p.Text
					state = openQuote(p.Text, state)
				}
				continue
			}
			name := fmt.Sprintf("KAON_VALUE_%d", len(values)+1)
			if variable, ok := strings.CutPrefix(p.Expr, "envvar:"); ok {
				name = variable
			} else {
				values = append(values, value{name, l.replaced("${"+p.Expr+"}", field, of)})
			}
			switch state {
			case '"':
				text += "${" + name + "}"
			case '\'':
				text += `'"${` + name + `}"'`
			default:
				text += `"${` + name + `}"`
			}
		}
	}
	switch s.Type {
	case "command", "docker":
		c := s.Keys.Get("command")
		switch {
		case c == nil:
			return "", nil, false
		case !c.List:
			take(c.Text, false)
			return text, values, true
		}
		for i, item := range c.Items {
			if i > 0 {
				text += " "
			}
			text += `"`
			take(item.Text, true)
			text += `"`
		}
		return text, values, true
	case "sweep":
		if f := s.Keys.Get("file"); f != nil {
			text = `kaon run "`
			take(f.Text, true)
			return text + `"`, values, true
		}
	}
	return "", nil, false
}

// openQuote is the quote that is open at the end of a piece of a script.
func openQuote(text string, state byte) byte {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && state != '\'':
			i++
		case state == 0 && (c == '"' || c == '\''):
			state = c
		case c == state:
			state = 0
		}
	}
	return state
}

// refuse is the script of a step that cannot be carried.
func refuse(s *workflow.Step) string {
	return fmt.Sprintf("echo 'step %s of type %s runs in kaon only' >&2; exit 64", s.Name, s.Type)
}

// refuseValues is the script of a step whose values only kaon computes.
func refuseValues(s *workflow.Step) string {
	return fmt.Sprintf("echo 'step %s needs values that only kaon computes' >&2; exit 64", s.Name)
}

func image(s *workflow.Step) string {
	if t := s.Keys.Get("image"); t != nil {
		return t.Text
	}
	return ""
}

// replaced puts what another orchestrator writes for a name into a template; what is computed cannot be carried.
func (l *leaving) replaced(text, field string, of func(path []string) (string, bool)) string {
	parts, err := workflow.Split(text)
	if err != nil {
		return l.asIs(text, field)
	}
	var b strings.Builder
	for _, p := range parts {
		if p.Expr == "" {
			b.WriteString(l.asIs(p.Text, field))
			continue
		}
		if name, ok := strings.CutPrefix(p.Expr, "envvar:"); ok {
			b.WriteString("$" + name)
			continue
		}
		e, err := workflow.Compile(p.Expr)
		if err == nil && len(e.References) == 1 && strings.Join(e.References[0].Path, ".") == e.Text {
			if to, ok := of(e.References[0].Path); ok {
				b.WriteString(to)
				continue
			}
		}
		l.leave(field, "${%s} cannot be written there: the step fails", p.Expr)
		l.computed++
		b.WriteString("${" + p.Expr + "}")
	}
	return b.String()
}
