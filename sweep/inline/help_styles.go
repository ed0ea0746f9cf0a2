package inline

import (
	"math"
	"regexp"
	"strings"
)

// panelSide stands at both ends of a line in a panel of rich, by which typer prints.
const panelSide = "│"

var (
	columns   = regexp.MustCompile(` {2,}`)
	panelType = regexp.MustCompile(`^(<[^>]*>|[A-Z][A-Z_]*(?: RANGE)?|\[[^\]]*\|[^\]]*\])((?: \[.*\])?)$`)
	// sections of arguments that have no name: argparse's, Fire's and typer's.
	fixedSection = regexp.MustCompile(`(?i)^(positional arguments:?|╭─ Arguments ─.*)$`)
	fixedOfClick = regexp.MustCompile(`(?m)^ *Usage: .*\[OPTIONS\] +(\S.*?) *$`)
	hydraGroup   = regexp.MustCompile(`^([\w/@.-]+): (\S.*)$`)
	hydraKey     = regexp.MustCompile(`^( *)([\w.-]+):(?: (.*))?$`)
)

// panelOptions reads typer's table of options: names, what values are, and help stand in columns.
func panelOptions(help string) (all []option) {
	inside := false
	for line := range strings.Lines(help) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "╭─"):
			inside = !strings.HasPrefix(line, "╭─ Arguments")
		case !inside || !strings.HasPrefix(line, panelSide):
			continue
		}
		row := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(line, panelSide), panelSide))
		cells := columns.Split(row, -1)
		if cells[0] == "*" { // it is required
			cells = cells[1:]
		}
		if len(cells) == 0 || strings.HasPrefix(line, "╭─") {
			continue
		}
		name, ok := strings.CutPrefix(cells[0], "--")
		if !ok {
			if len(all) > 0 && !strings.HasPrefix(row, "-") { // its help, in the next line
				all[len(all)-1].help += " " + row
			}
			continue
		}
		name, _, _ = strings.Cut(name, ",")
		o := option{name: name}
		cells = cells[1:]
		flag := false
		for len(cells) > 0 && strings.HasPrefix(cells[0], "-") {
			flag = flag || strings.HasPrefix(cells[0], "--no-")
			cells = cells[1:]
		}
		if len(cells) > 0 {
			if m := panelType.FindStringSubmatch(cells[0]); m != nil {
				kind := strings.Trim(m[1], "<>[]")
				if strings.Contains(kind, "|") {
					o.choices = strings.Split(kind, "|")
				}
				o.value, o.help, cells = strings.ToUpper(kind), m[2], cells[1:]
			}
		}
		if flag || o.value == "BOOL" {
			o.value = ""
		}
		o.help = strings.TrimSpace(o.help + " " + strings.Join(cells, " "))
		if o.name != "help" && o.name != "install-completion" && o.name != "show-completion" {
			all = append(all, o)
		}
	}
	return all
}

// hydraOptions reads what a program of Hydra's prints: its configuration, and the groups from which that is put
// together. false: it is none.
func hydraOptions(help string) (all []option, ok bool) {
	_, config, ok := strings.Cut(help, "\n== Config ==\n")
	if !ok {
		return nil, false
	}
	_, groups, _ := strings.Cut(help, "\n== Configuration groups ==\n")
	groups, _, _ = strings.Cut(groups, "\n== ")
	known := map[string]bool{}
	for line := range strings.Lines(groups) {
		if m := hydraGroup.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			known[m[1]] = true
			all = append(all, option{name: m[1], value: "GROUP", choices: strings.Split(m[2], ", ")})
		}
	}
	config, _, _ = strings.Cut(config, "\nPowered by Hydra")
	type level struct {
		indent int
		name   string
	}
	var open []level
	within := math.MaxInt // what is indented further belongs to an element of a list, or to a text of several lines
	for line := range strings.Lines(config) {
		line = strings.TrimRight(line, " \r\n")
		text := strings.TrimLeft(line, " ")
		indent := len(line) - len(text)
		if text == "" || indent > within {
			continue
		}
		within = math.MaxInt
		if text == "-" || strings.HasPrefix(text, "- ") {
			within = indent
			continue
		}
		m := hydraKey.FindStringSubmatch(line)
		if m == nil { // what is said above
			continue
		}
		for len(open) > 0 && open[len(open)-1].indent >= len(m[1]) {
			open = open[:len(open)-1]
		}
		path, of := "", ""
		for _, l := range open {
			path += l.name + "."
			if group := strings.ReplaceAll(strings.TrimSuffix(path, "."), ".", "/"); known[group] {
				of = group
			}
		}
		if m[3] == "" {
			open = append(open, level{len(m[1]), m[2]})
			continue
		}
		within = indent
		all = append(all, option{name: path + m[2], value: "VALUE", help: "(default: " + m[3] + ")", of: of})
	}
	return all, true
}

// positionals are the arguments that a program takes without a name, each with what is said of it.
func positionals(help string) (all []string) {
	const most = 20
	inside, indent := false, 0
	for line := range strings.Lines(strings.ReplaceAll(help, "\r", "")) {
		line = strings.TrimRight(line, " \n")
		if fixedSection.MatchString(strings.TrimSpace(line)) {
			inside, indent = true, 0
			continue
		}
		if !inside {
			continue
		}
		text := line
		if strings.HasPrefix(line, panelSide) {
			text = " " + strings.TrimSuffix(strings.TrimPrefix(line, panelSide), panelSide)
			text = strings.Replace(text, "*", " ", 1)
		}
		at := len(text) - len(strings.TrimLeft(text, " "))
		text = strings.TrimSpace(text)
		switch {
		case text == "" || at == 0:
			inside = false
		case indent == 0 || at <= indent:
			indent = at
			if all = append(all, text); len(all) == most {
				return all
			}
		default:
			all[len(all)-1] += " " + text
		}
	}
	if m := fixedOfClick.FindStringSubmatch(help); m != nil && len(all) == 0 {
		all = append(all, m[1])
	}
	return all
}
