package sweep

import (
	"fmt"
	"slices"
	"strings"
)

// KaonVariables are the variables of a trial that values of `env` may use, as ${KAON_TRIAL}.
var KaonVariables = []string{
	"KAON_SWEEP", "KAON_TRIAL", "KAON_ATTEMPT", "KAON_SEED", "KAON_PARAMS", "KAON_METRICS", "KAON_ARTIFACTS",
	"KAON_CONTROL",
}

// ExpandEnv replaces the macros in a value of Task.Env: ${param.NAME}, ${envvar:NAME}, ${args_json}, those of
// the winner, and ${KAON_…}, for which kaon answers. It fails as Command.Expand does.
func ExpandEnv(value string, v Vars, kaon func(name string) string) (string, error) {
	x := expander{vars: v}
	var b strings.Builder
	err := envParts(value, func(text string, m *macro) error {
		b.WriteString(text)
		switch {
		case m == nil:
			return nil
		case m.name == "kaon":
			b.WriteString(kaon(m.arg))
			return nil
		}
		words, err := x.value(*m)
		b.WriteString(strings.Join(words, " "))
		return err
	})
	return b.String(), err
}

// envParts cuts a value into text, each with the macro that follows it, if any.
func envParts(value string, use func(text string, m *macro) error) error {
	text := ""
	for value != "" {
		i := strings.IndexByte(value, '$')
		if i < 0 {
			break
		}
		text, value = text+value[:i], value[i:]
		if strings.HasPrefix(value, "$${") {
			text, value = text+"${", value[3:]
			continue
		}
		if !strings.HasPrefix(value, "${") {
			text, value = text+"$", value[1:]
			continue
		}
		end := strings.IndexByte(value, '}')
		if end < 0 {
			return &withRemedy{"a ${ is not closed", "close the macro with }, or write $${ for a plain ${"}
		}
		m, err := envMacro(value[2:end])
		if err != nil {
			return err
		}
		if err := use(text, &m); err != nil {
			return err
		}
		text, value = "", value[end+1:]
	}
	return use(text+value, nil)
}

func envMacro(inner string) (macro, error) {
	if strings.HasPrefix(inner, "KAON_") {
		if !slices.Contains(KaonVariables, inner) {
			return macro{}, &withRemedy{"there is no ${" + short(inner) + "} before the trial starts",
				didYouMean(inner, KaonVariables)}
		}
		return macro{name: "kaon", arg: inner}, nil
	}
	m, err := parseMacro(inner)
	if err == nil && m.name != "param" && m.name != "envvar" && m.name != "args_json" && m.name != "value" &&
		m.name != "trial" {
		err = &withRemedy{fmt.Sprintf("%s belongs in a command", m),
			"in `env` there are ${param.NAME}, ${args_json}, ${envvar:NAME} and ${KAON_TRIAL}"}
	}
	return m, err
}
