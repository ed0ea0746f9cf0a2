package foreign

import (
	"regexp"
	"strings"
)

// guildReference is a flag in a command: ${lr}.
var guildReference = regexp.MustCompile(`\$\{([^}]*)\}`)

// guildCommand writes `command`; arguments: the macro of all flags, empty when there are none.
func guildCommand(r *reading, o *object, arguments string) {
	exec, main := o.get("exec"), o.get("main")
	if o.get("steps") != nil {
		r.refuse(o.get("steps"), o.at("steps"), "steps are not one command: a workflow runs them, or read the "+
			"operation of one of them")
		return
	}
	dest := o.get("flags-dest")
	if dest != nil && dest.Text != "args" {
		r.leave(dest, o.at("flags-dest"), "flags reach a program as arguments, and in $KAON_PARAMS",
			"they are given as arguments")
	}
	switch {
	case exec != nil:
		words := "exec " + guildReference.ReplaceAllStringFunc(exec.Text, func(s string) string {
			if name := s[2 : len(s)-1]; name != "flag_args" {
				return "${param." + name + "}"
			}
			return arguments
		})
		r.command.put(exec, "command: %s", quote(words))
	case main == nil:
		main = o.nearest()
		main.Text = o.path
		fallthrough
	default:
		words := strings.Fields(main.Text)
		if len(words) == 0 || strings.ContainsAny(words[0], ":{}") || strings.HasPrefix(words[0], "guild.") {
			r.refuse(main, o.at("main"), "only a Python module of the project can be run")
			return
		}
		r.command.note("", "Guild runs the module with the flags as arguments")
		r.command.put(main, "command:")
		folder, module := "", words[0]
		if at := strings.LastIndexByte(module, '/'); at >= 0 { // that folder is where Python looks for it
			folder, module = module[:at], module[at+1:]
		}
		module = strings.TrimSuffix(module, ".py")
		command := append([]string{"python3", "-u", "-m", module}, words[1:]...)
		if folder != "" {
			r.task.put(main, "  env: {PYTHONPATH: %s}", quote(folder))
		}
		if arguments != "" {
			command = append(command, arguments)
		}
		for _, word := range command {
			if word != "${args}" {
				word = strings.ReplaceAll(word, "${", "$${")
			}
			r.command.put(main, "- %s", quote(word))
		}
	}
}

// guildFilter finds what Guild takes for a scalar when an operation does not say: a line such as `loss: 0.5`.
const guildFilter = `^([^ \t]+):\s+([-+]?(?:[0-9]*\.)?[0-9]+(?:[eE][-+]?[0-9]+)?)\s*$`

// guildTask writes `task`.
func guildTask(r *reading, o *object) {
	d := &r.task
	var rest draft
	rest.add(d)
	*d = draft{}
	d.put(nil, "task:")
	d.note("  ", "each run has a copy of the project, as with Guild")
	d.put(nil, "  code: .")
	v := o.get("output-scalars")
	switch read, known := v.Bool(); {
	case v == nil:
		d.note("  ", "what Guild reads of the output: lines such as loss: 0.5")
		d.put(nil, "  filters: [%s]", quote(guildFilter))
	case known && !read:
	default:
		r.leave(v, o.at("output-scalars"), "patterns of Guild's are not carried: `task.filters` takes expressions "+
			"with two groups, name and number",
			"lines such as loss: 0.5 are read")
		d.put(v, "  filters: [%s]", quote(guildFilter))
	}
	if env := o.object("env"); env.tree != nil {
		if !rest.empty() {
			r.leave(env.tree, o.at("env"), "variables beside a module in a folder are not carried", "they are not set")
		} else if len(env.tree.Pairs) > 0 {
			d.put(env.tree, "  env:")
			for _, p := range env.tree.Pairs {
				text, _ := guildText(p.Value)
				d.put(p.Key, "    %s: %s", quote(p.Key.Text), quote(strings.ReplaceAll(text, "${", "$${")))
			}
		}
	}
	d.add(&rest)
	requires := o.get("requires")
	if requires == nil {
		return
	}
	items := requires.Items
	if !requires.List {
		items = append(items, requires)
	}
	for _, item := range items {
		if file := item.Get("file"); file == nil || file.List {
			r.leave(item, o.at("requires"), "only files of the project are carried, which are in each run's copy",
				"it is not there")
		}
	}
}
