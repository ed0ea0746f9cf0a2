package sweep

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// command reads `command` and `program` of the spec or of its `then` step.
func (d *decoder) command(n *node, prefix string) Command {
	c := Command{}
	if p := n.get("program"); p != nil && !p.null {
		c.Program = d.text(p, join(prefix, "program"))
	}
	at := n.get("command")
	field := join(prefix, "command")
	if words := strings.Fields(c.Program); len(words) > 1 {
		l, isLanguage := languageOf(words[0])
		if isLanguage && l.first == 0 || slices.Contains(shells, words[0]) {
			d.fail(n.get("program"), join(prefix, "program"), fmt.Sprintf("`%s` is a command, and `program` names a file", short(c.Program)),
				fmt.Sprintf("write `command: [%s, \"${args}\"]`", strings.Join(words, ", ")))
		}
	}
	switch {
	case at == nil || at.null:
		if c.Program == "" && prefix == "" && n.hasImage() {
			c.Argv = imageArgv
			return c
		}
		if c.Program == "" {
			if prefix == "" && (d.misspelt(n, "program", "command") || d.misplaced["program"] || d.misplaced["command"]) {
				return c
			}
			d.fail(n, field, "there is nothing to run", nothingToRun)
			return c
		}
		c.Argv = defaultArgv
	default:
		d.commandLine(&c, at, field)
	}
	d.checkMacros(c, at, n, field)
	return c
}

// nothingToRun is the remedy of a spec without a command. W&B's sweeps for wandb.agent(function=…) have none.
const nothingToRun = "add `program: train.py`, a script that takes the parameters as flags, or `command: [\"./train\", \"${args}\"]`; " +
	"of a sweep for wandb.agent(…, function=train) the program is a script that calls train()"

// hasImage says whether trials run in an image.
func (n *node) hasImage() bool {
	task := n.get("task")
	if task == nil || task.kind != mapping {
		return false
	}
	image := task.get("image")
	return image != nil && !image.null
}

// commandLine reads a list, executed as it is, or a string, run by sh -c.
func (d *decoder) commandLine(c *Command, n *node, field string) {
	if n.kind == scalar {
		c.Shell = d.text(n, field)
		if strings.TrimSpace(c.Shell) == "" {
			d.fail(n, field, "the command is empty", "write what a trial runs")
		}
		return
	}
	items := d.list(n, field, `command: ["./train", "${args}"]`)
	if n.kind == list && len(items) == 0 {
		d.fail(n, field, "the command is empty", "write what a trial runs")
	}
	if len(items) > 0 && items[0].kind == scalar && !items[0].null && strings.TrimSpace(items[0].text) == "" {
		d.fail(items[0], field+".0", "the program's name is empty", "write what a trial runs")
	}
	for i, item := range items {
		c.Argv = append(c.Argv, d.literal(item, fmt.Sprintf("%s.%d", field, i)))
	}
}

// literal is one word of a list.
func (d *decoder) literal(n *node, field string) string {
	if n.kind != scalar {
		return d.text(n, field)
	}
	text, err := literal(n)
	if err != nil {
		d.fail(n, field, err.Error(), scalarRemedy(err))
	}
	return text
}

// checkMacros refuses macros that are unknown, or that this spec has nothing to put for.
func (d *decoder) checkMacros(c Command, at, n *node, field string) {
	if at == nil {
		at = n
	}
	macros, err := c.macros()
	if err != nil {
		var item *itemError
		if errors.As(err, &item) && at.kind == list && item.item < len(at.items) {
			at, field = at.items[item.item], fmt.Sprintf("%s.%d", field, item.item)
		}
		var a *advised
		if errors.As(err, &a) {
			err = a
		}
		d.fail(at, field, err.Error(), remedyOf(err, "check the command"))
		return
	}
	for _, m := range macros {
		d.checkMacro(m, c, at, field)
	}
	d.bareBraces(c, at, field)
	for i, inner := range c.foreign() {
		if inner == "" {
			continue
		}
		d.warn(at.items[i], fmt.Sprintf("%s.%d", field, i), "${"+short(inner)+"} is no macro: the program gets it as it stands",
			d.foreignAdvice(inner))
	}
}

func (d *decoder) checkMacro(m macro, c Command, at *node, field string) {
	before := len(d.problems)
	defer func() {
		if len(d.problems) == before {
			d.needs(m, m.needs, at, field)
		}
	}()
	inThen := d.options.winner || strings.HasPrefix(field, "then")
	for i, item := range at.items {
		if strings.Contains(item.text, m.String()) {
			at, field = item, fmt.Sprintf("%s.%d", field, i)
			break
		}
	}
	switch {
	case m.winner && !inThen:
		d.fail(at, field, m.String()+": there is no winner while trials run", "use it in the `then` step; a trial's own parameters are ${args} or ${param.NAME}")
	case m.winner && m.name == "param" && !d.options.winner:
		d.checkParam(m, at, field)
	case m.winner:
	case inThen && !d.options.winner && (m.name == "param" || strings.HasPrefix(m.name, "args")):
		d.fail(at, field, m.String()+": a `then` step has no parameters of its own", "write ${winner."+strings.TrimPrefix(m.String(), "${"))
	case m.ofImage() && !d.inImage:
		d.fail(at, field, m.String()+": the spec names no image", "add `task: {image: NAME}`, or write the command out")
	case m.name == "program" && c.Program == "":
		d.fail(at, field, "${program}: the spec names no program", "add `program: train.py`, or write the program into the command")
	case m.name == "param":
		d.checkParam(m, at, field)
	case m.name == "envvar":
		d.checkVariable(m, at, field)
	}
}

// checkVariable makes sure that the submitter has set a variable.
func (d *decoder) checkVariable(m macro, at *node, field string) {
	if d.options.getenv == nil {
		return
	}
	if _, set := d.options.getenv(m.arg); !set {
		name := short(m.arg)
		d.fail(at, field, fmt.Sprintf("%s: the environment variable %s is not set", m, name),
			fmt.Sprintf("set it where kaon is called, as in `export %s=…`", name))
	}
}

// checkParam makes sure that a parameter is there in every point.
func (d *decoder) checkParam(m macro, at *node, field string) {
	s := d.spec.Space
	var names []string
	for _, l := range s.leaves {
		names = append(names, l.Name)
		inside := strings.HasPrefix(l.Name, m.arg+".")
		if l.Name != m.arg && !inside {
			if _, deeper := constantAt(l, m.arg); !deeper {
				continue
			}
		}
		if m.sum && l.Name == m.arg && !l.whole() {
			d.fail(at, field, fmt.Sprintf("%s stands in arithmetic, where only whole numbers can", m), (&requirement{remedy: byAwk}).advice(m))
		}
		if len(l.when) > 0 && !inside {
			d.fail(at, field, fmt.Sprintf("%s: the parameter is absent when its condition does not hold", m), "use ${args} or ${args_json}, which leave absent parameters out")
		}
		return
	}
	if len(d.problems) == 0 || len(names) > 0 {
		d.fail(at, field, fmt.Sprintf("%s: there is no parameter `%s`", m, short(m.arg)), didYouMean(m.arg, names))
	}
}

// constantAt looks inside mappings that are values of a parameter.
func constantAt(l *leaf, name string) (Value, bool) {
	rest, inside := strings.CutPrefix(name, l.Name+".")
	if !inside || len(l.Values) == 0 {
		return nil, false
	}
	for _, v := range l.Values {
		p, ok := v.(Point)
		if !ok {
			return nil, false
		}
		if _, ok = p.Lookup(rest); !ok {
			return nil, false
		}
	}
	return nil, true
}

// task reads what a trial is to the cluster.
func (d *decoder) task(n *node) {
	t := &d.spec.Task
	t.resources, t.Isolation, t.Logs = defaultDemand(), Shared, LogsFailed
	if n == nil || n.null || !d.mapping(n, "task", "task") {
		return
	}
	for _, p := range n.pairs {
		d.notBuilt(p.key, "task."+p.key.text, "task."+p.key.text)
	}
	if r := n.get("resources"); r != nil && !r.null {
		d.resources(r)
	}
	for i, item := range d.list(n.get("constraints"), "task.constraints", `constraints: [[rack, LIKE, "r[12]"]]`) {
		if c, ok := d.constraint(item, fmt.Sprintf("task.constraints.%d", i)); ok {
			t.Constraints = append(t.Constraints, c)
		}
	}
	t.Env = d.env(n.get("env"))
	d.envFlow(n.get("env"))
	if r := n.get("retries"); r != nil {
		t.Retries = int(d.integer(r, "task.retries", 0, 1000))
	}
	t.Timeout = d.duration(n.get("timeout"), "task.timeout")
	t.Grace = d.duration(n.get("grace"), "task.grace")
	t.Isolation = d.isolation(n.get("isolation"))
	if p := n.get("process_limit"); p != nil && !p.null {
		t.Processes = int(d.integer(p, "task.process_limit", 1, maxProcesses))
	}
	t.HardCPUs = d.cpuLimit(n.get("cpu_limit"), n.get("resources"))
	d.container(n)
	d.files(n)
	for i, item := range d.list(n.get("filters"), "task.filters", `filters: ['(\w+)=(\S+)']`) {
		d.filter(item, fmt.Sprintf("task.filters.%d", i))
	}
}

// maxProcesses is the most that Linux numbers at a time.
const maxProcesses = 1 << 22

// isolation is shared unless the spec says otherwise.
func (d *decoder) isolation(n *node) Isolation {
	if n == nil || n.null {
		return Shared
	}
	switch i := Isolation(d.text(n, "task.isolation")); i {
	case Shared, Contained:
		return i
	}
	d.fail(n, "task.isolation", "want container or shared, not "+n.what(),
		"shared runs many trials in one warm executor, container gives each its own")
	return Shared
}

func (d *decoder) filter(n *node, field string) {
	text := d.text(n, field)
	re, err := regexp.Compile(text)
	switch {
	case err != nil:
		d.fail(n, field, "not a regular expression: "+short(strings.TrimPrefix(err.Error(), "error parsing regexp: ")), "write it in RE2 syntax")
	case re.NumSubexp() != 2:
		d.fail(n, field, fmt.Sprintf("the expression has %d groups", re.NumSubexp()), "give it two: the metric's name and its number")
	default:
		d.spec.Task.Filters = append(d.spec.Task.Filters, text)
	}
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

func (d *decoder) env(n *node) map[string]string {
	if n == nil || n.null {
		return nil
	}
	if n.kind != mapping {
		d.fail(n, "task.env", "a mapping is needed, not "+n.what(), `write env: {OMP_NUM_THREADS: "1"}`)
		return nil
	}
	env := make(map[string]string, len(n.pairs))
	for _, p := range n.pairs {
		name, field := p.key.text, join("task.env", p.key.text)
		switch {
		case !envName.MatchString(name):
			d.fail(p.key, field, fmt.Sprintf("`%s` cannot be a variable's name", short(name)), "use letters, digits and _")
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

// defaultFirstFailures is enough that chance does not do it: with one trial in two failing, it would once in a thousand sweeps.
const defaultFirstFailures = 10

// limits reads the bounds of the whole sweep.
func (d *decoder) limits(n *node) {
	l := &d.spec.Limits
	l.FirstFailures = defaultFirstFailures
	if n == nil || n.null || !d.mapping(n, "limits", "limits") {
		return
	}
	if p := n.get("parallel"); p != nil {
		l.Parallel = int(d.integer(p, "limits.parallel", 1, MaxTrials))
	}
	if f := n.get("failed"); f != nil {
		d.failed(f)
	}
	if f := n.get("first_failures"); f != nil {
		l.FirstFailures = int(d.integer(f, "limits.first_failures", 0, MaxTrials))
	}
	l.Wall = d.duration(n.get("wall"), "limits.wall")
}

// failed is a number of trials, or a share of all such as 5%.
func (d *decoder) failed(n *node) {
	share, isShare := strings.CutSuffix(n.text, "%")
	if f, err := strconv.ParseFloat(n.text, 64); n.kind == scalar && err == nil && f > 0 && f < 1 {
		d.fail(n, "limits.failed", "a share has a percent sign, and a number of trials is whole", fmt.Sprintf("write `%s%%`", strconv.FormatFloat(math.Round(f*1e6)/1e4, 'f', -1, 64)))
		return
	}
	if share = strings.TrimSpace(share); n.kind != scalar || !isShare {
		d.spec.Limits.Failed = int(d.integer(n, "limits.failed", 1, MaxTrials))
		return
	}
	x, err := strconv.ParseFloat(share, 64)
	if err != nil || !(x > 0 && x <= 100) {
		d.fail(n, "limits.failed", "a share is above 0% and at most 100%, not "+n.what(), "write 5%, or a number of trials")
		return
	}
	d.spec.Limits.FailedShare = x / 100
}

// then reads the step that starts with the winner.
func (d *decoder) then(n *node) {
	if n == nil || n.null {
		return
	}
	t := &Then{}
	d.spec.Then = t
	if d.spec.Objective.Name == "" && len(d.problems) == 0 {
		d.fail(n, "then", "there is no winner without an objective", "add `metric: {name: loss, goal: minimize}`")
	}
	switch {
	case n.kind == mapping:
		if !d.mapping(n, "then", "then") {
			return
		}
		if spec := n.get("spec"); spec != nil {
			if n.get("command") != nil || n.get("program") != nil {
				d.fail(spec, "then.spec", "a step is a command or a spec, not both", "remove one of them")
			}
			d.thenSpec(spec, d.text(spec, "then.spec"))
			return
		}
		t.Command = d.command(n, "then")
	case n.kind == scalar && isSpecPath(n.text):
		d.thenSpec(n, n.text)
	default:
		t.Command.Program = d.spec.Command.Program
		d.commandLine(&t.Command, n, "then")
		d.checkMacros(t.Command, n, n, "then")
	}
}

// isSpecPath tells the path of a spec from a shell command.
func isSpecPath(s string) bool {
	return !strings.ContainsAny(s, " \t\n") && (strings.HasSuffix(s, ".yaml") || strings.HasSuffix(s, ".yml") || strings.HasSuffix(s, ".json"))
}

// maxChain bounds how many specs may follow each other.
const maxChain = 8

// thenSpec reads the spec that follows, when files can be read.
func (d *decoder) thenSpec(n *node, path string) {
	d.spec.Then.Spec = path
	if path == "" || strings.HasPrefix(path, "/") || strings.Contains("/"+path+"/", "/../") {
		d.fail(n, "then", "the path of a spec lies below this spec's folder", "write it relative to this file, without ..")
		return
	}
	if d.options.read == nil {
		return
	}
	file := filepath.Join(filepath.Dir(d.file), path)
	chain := append(d.options.from[:len(d.options.from):len(d.options.from)], d.file)
	for _, before := range chain {
		if filepath.Clean(before) == file {
			d.fail(n, "then", "the specs follow each other in a circle: "+short(strings.Join(append(chain, file), " → ")), "end the chain")
			return
		}
	}
	if len(chain) > maxChain {
		d.fail(n, "then", fmt.Sprintf("more than %d specs follow each other", maxChain), "shorten the chain")
		return
	}
	src, err := d.options.read(path)
	if err != nil {
		d.fail(n, "then", fmt.Sprintf("read spec: %s", short(err.Error())), "give the path of a spec relative to this one")
		return
	}
	beside := func(name string) ([]byte, error) { return d.options.read(filepath.Join(filepath.Dir(path), name)) }
	next := &decoder{file: file, spec: &Spec{File: file, Source: src}, options: options{read: beside, from: chain, getenv: d.options.getenv, winner: true}}
	if root := next.document(src); root != nil {
		next.decode(root)
	}
	next.spec.Warnings = next.warnings
	d.problems = append(d.problems, next.problems...)
	d.spec.Then.Next = next.spec
}

// share of a whole unit, rounded up so that what was asked for is never cut.
func toMilli(x float64) resource.Milli {
	return resource.Milli(math.Ceil(x*float64(resource.Unit) - 1e-6))
}
