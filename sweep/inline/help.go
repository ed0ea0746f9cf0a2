package inline

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// option is one option as a program's --help tells of it.
type option struct {
	name    string   // without hyphens
	choices []string // {a,b} of argparse, [a|b] of click
	value   string   // how its value is called; empty: a flag without one
	help    string
	several bool   // it takes more than one value
	of      string // the group of Hydra's that it is there with; empty: none
}

var (
	optionLine = regexp.MustCompile(`^ {1,8}(?:-\w(?:[ ,][^\s,]*)?,? )?--([A-Za-z][\w-]*)(?:[ =](\[[^\]]*\]|\{[^}]*\}|[^\s\[{]\S*(?: RANGE)?))?((?: \[[^\]]* ?\.\.\.\]| [A-Z][A-Z0-9_]*)*)(?:, -\w(?: \S+)?)?(?:$|  +(.*)$)`)
	offSwitch  = regexp.MustCompile(`^( {1,8}-.*?)(?: /|,) --no-[\w-]+`) // click's, and argparse's
	moreHelp   = regexp.MustCompile(`^ {8,}([^\s-].*)$`)
	defaultsTo = regexp.MustCompile(`(?i)\bdefaults?(?: to| is|:|=)? *[:=]? *['"]?([^\s'"\])};,]+)`)
	bounds     = regexp.MustCompile(`(` + number + `)<=?x<=?(` + number + `)`)

	// steady are options that say how a program runs, not what is to be found out.
	steady = regexp.MustCompile(`(?i)^(no-.*|.*(seed|epochs?|steps|workers|jobs|threads|dir|path|file|port|host|device|gpus?|verbose|debug|log|name|version|interval))$`)
	// rates are searched by magnitude, shares between 0 and 1.
	rates  = regexp.MustCompile(`(?i)(^|[-_])(lr|rate|decay|wd|eps|epsilon|alpha|lambda|reg|l1|l2)($|[-_])`)
	shares = regexp.MustCompile(`(?i)(dropout|momentum|beta|gamma|prob|fraction|ratio|subsample)`)
)

// options reads them from the help that argparse, click, typer and Fire print.
func options(help string) (all []option) {
	var open *option // whose help may go on
	if strings.Contains(help, panelSide) {
		return panelOptions(help)
	}
	for line := range strings.Lines(strings.ReplaceAll(help, "\r", "")) {
		line = offSwitch.ReplaceAllString(strings.TrimRight(line, " \n"), "$1")
		if m := optionLine.FindStringSubmatch(line); m != nil && m[1] != "help" {
			several := m[3] != "" || strings.Contains(m[2], "...")
			all = append(all, option{name: m[1], value: m[2], help: m[4], several: several})
			open = &all[len(all)-1]
			if v := open.value; len(v) > 2 && (v[0] == '{' || v[0] == '[' && strings.Contains(v, "|")) {
				open.choices = strings.FieldsFunc(v[1:len(v)-1], func(r rune) bool { return r == ',' || r == '|' })
			}
		} else if m := moreHelp.FindStringSubmatch(line); m != nil && open != nil {
			open.help = strings.TrimSpace(open.help + " " + m[1])
		} else {
			open = nil
		}
	}
	return all
}

// guess is what an option's values may be in a spec, and why; empty: nothing can be said.
func (o option) guess() (values, why string) {
	found := defaultsTo.FindStringSubmatch(o.help)
	def := ""
	if found != nil {
		def = strings.TrimRight(found[1], ".")
	}
	if len(o.choices) > 1 {
		items := make([]string, len(o.choices))
		for i, c := range o.choices {
			items[i] = Reader{}.value(c)
		}
		return "{values: [" + strings.Join(items, ", ") + "]}", "the choices there are"
	}
	whole := integer.MatchString(def)
	if m := bounds.FindStringSubmatch(o.help); m != nil {
		if integer.MatchString(m[1]) && integer.MatchString(m[2]) && (whole || strings.HasPrefix(o.value, "INT")) {
			return fmt.Sprintf("{min: %s, max: %s}", plain(m[1]), plain(m[2])), "the bounds there are"
		}
		return fmt.Sprintf("{min: %s, max: %s}", float(m[1]), float(m[2])), "the bounds there are"
	}
	x, err := strconv.ParseFloat(def, 64)
	switch {
	case err != nil || !literal.MatchString(def) || x <= 0:
		return "", ""
	case whole && !rates.MatchString(o.name) && x >= 16:
		return fmt.Sprintf("{distribution: q_log_uniform_values, min: %.0f, max: %.0f, q: 1}", max(x/4, 1), x*4),
			"a quarter to four times the default " + def
	case whole && !rates.MatchString(o.name):
		return fmt.Sprintf("{min: %.0f, max: %.0f}", max(x/2, 1), max(x*2, 2)), "half to twice the default " + def
	case shares.MatchString(o.name) && x < 1:
		return "{min: 0.0, max: 0.99}", "a share; the default is " + def
	case rates.MatchString(o.name) || x < 0.01:
		return fmt.Sprintf("{distribution: log_uniform_values, min: %s, max: %s}", spelled(x/10), spelled(x*10)),
			"a tenth to ten times the default " + def
	}
	return fmt.Sprintf("{min: %s, max: %s}", spelled(x/2), spelled(x*2)), "half to twice the default " + def
}

// spelled is a float as people write it.
func spelled(x float64) string { return float(strconv.FormatFloat(x, 'g', 3, 64)) }

// Draft writes a first spec for a program from what its --help prints: options with ranges guessed from their defaults
// and choices, the others as comments. It is a valid spec as it stands. Not ok: no option has values to guess.
func Draft(command []string, help string) (spec string, ok bool) {
	var guessed, rest strings.Builder
	all, hydra := hydraOptions(help)
	if !hydra {
		all = options(help)
	}
	seen := map[string]bool{}
	for _, o := range all {
		if seen[o.name] {
			continue
		}
		seen[o.name] = true
		values, why := o.guess()
		comment := strings.Join(strings.Fields(printed(o.help)), " ")
		switch {
		case !name.MatchString(o.name):
			continue
		case o.several:
			fmt.Fprintf(&rest, "  # %s: {values: []}  # takes several values, and ${args} gives one: write it into "+
				"the command; %s\n", scalarText(o.name), comment)
		case o.of != "":
			fmt.Fprintf(&rest, "  # %s: %s  # only where %s has it; %s\n",
				scalarText(o.name), cmp.Or(values, "{values: []}"), scalarText(o.of), comment)
		case values != "" && !steady.MatchString(o.name):
			ok = true
			fmt.Fprintf(&guessed, "  %s: %s  # %s\n", scalarText(o.name), values, why)
		case o.value == "" && !hydra:
			fmt.Fprintf(&rest, "  # %s: {values: [true, false]}  # a flag: needs ${args_no_boolean_flags} in "+
				"the command; %s\n", scalarText(o.name), comment)
		case values != "":
			fmt.Fprintf(&rest, "  # %s: %s  # seldom searched; %s\n", scalarText(o.name), values, comment)
		default:
			fmt.Fprintf(&rest, "  # %s: {values: []}  # no default to guess from; %s\n", scalarText(o.name), comment)
		}
	}
	words := make([]string, len(command), len(command)+1)
	for i, word := range command {
		words[i] = scalarText(strings.ReplaceAll(word, "${", "$${"))
	}
	positional := ""
	if fixed := positionals(help); len(fixed) > 0 {
		positional = "# The program takes these without a name, and ${args} does not give them; write them into " +
			"the command unless they are there:\n"
		for _, one := range fixed {
			positional += "#   " + strings.Join(strings.Fields(printed(one)), " ") + "\n"
		}
	}
	given := "${args}"
	if hydra {
		given = "${args_no_hyphens}" // lr=0.1, as Hydra takes them
	}
	words = append(words, quote(given))
	return "# A first draft, from what the program says of itself. Look at every range, and then: kaon plan FILE, " +
		"kaon run FILE\n" +
		"name: " + scalarText(Command{Words: command}.title()) + "\n" +
		"method: random  # auto, with a metric\nrun_cap: 20\n" +
		"# metric: {name: accuracy, goal: maximize}  # what the program reports, as a line accuracy=0.9 on its " +
		"standard output\n" +
		"parameters:\n" + guessed.String() + rest.String() + positional +
		"command: [" + strings.Join(words, ", ") + "]\n", ok
}

// printed is text without what does not print.
func printed(text string) string {
	quoted := quote(text)
	return quoted[1 : len(quoted)-1]
}
