package sweep

import (
	"fmt"
	"slices"
	"strings"
)

// Option changes what Parse does.
type Option func(*options)

type options struct {
	set  []string
	seed *uint64
	read func(path string) ([]byte, error)
	from []string // the specs whose `then` led here, outermost first

	getenv func(name string) (string, bool) // what ${envvar:NAME} will read; nil: it is not checked

	winner bool // this is a `then` spec: ${winner.…} is there
}

// WithSet overrides keys of the spec: each assignment is path=value, the path with dots, the value as YAML,
// as in parameters.lr.min=1e-5.
func WithSet(assignments ...string) Option {
	return func(o *options) { o.set = append(o.set, assignments...) }
}

// WithSeed replaces the spec's seed.
func WithSeed(seed uint64) Option { return func(o *options) { o.seed = &seed } }

// WithFiles lets Parse read what the spec refers to; paths are relative to the spec's folder, with slashes.
// Without it such files are named but not checked.
func WithFiles(read func(path string) ([]byte, error)) Option {
	return func(o *options) { o.read = read }
}

// WithWinner says that the spec follows another sweep, so that ${winner…} may stand anywhere.
func WithWinner() Option { return func(o *options) { o.winner = true } }

// WithEnvironment lets Parse refuse each ${envvar:NAME} whose variable is not set.
func WithEnvironment(getenv func(name string) (string, bool)) Option {
	return func(o *options) { o.getenv = getenv }
}

// Parse reads a sweep file and checks all of it. The error is an Errors with every problem found. Parse costs
// O(size of the file), whatever the size of the space; a grid under `when` or `constraints` is walked, a
// million combinations at most. Files beyond 1 MiB are refused unread.
func Parse(file string, src []byte, opts ...Option) (*Spec, error) {
	d := &decoder{file: file, spec: &Spec{File: file, Source: src}}
	for _, o := range opts {
		o(&d.options)
	}
	root := d.document(src)
	if root != nil {
		d.decode(root)
	}
	if len(d.problems) > 0 {
		d.problems.inOrder()
		return nil, d.problems
	}
	d.spec.Overrides = d.options.set
	if text := root.effective(nil); len(text) <= maxEffective {
		d.spec.Effective = text
	}
	d.spec.Warnings = d.warnings
	return d.spec, nil
}

// document reads the text and applies the overrides.
func (d *decoder) document(src []byte) *node {
	src = []byte(strings.TrimPrefix(string(src), "\ufeff"))
	if len(src) <= maxSource {
		d.lines = splitLines(string(src))
	}
	r := reader{file: d.file, lines: d.lines, problem: &d.problems, anchors: map[string]*node{}}
	root := r.read(src)
	if root == nil {
		return nil
	}
	if root.kind != mapping {
		d.fail(root, "", "a spec is a mapping of keys, not "+root.what(), "start with `method: random` and `parameters:`")
		return nil
	}
	for _, assignment := range d.options.set {
		root = d.override(root, assignment)
	}
	return root
}

func splitLines(s string) []string {
	return strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
}

// decode reads every key of the top level. The order matters only where one key explains another.
func (d *decoder) decode(root *node) {
	if d.foreign(root) {
		return
	}
	s := d.spec
	if d.nested(root) {
		return
	}
	if d.notASweep(root) {
		return
	}
	d.mapping(root, "", "")
	for _, p := range root.pairs {
		d.unbuiltKey(p)
	}
	s.Name = d.title(root.get("name"), "name", 200)
	s.Description = d.title(root.get("description"), "description", 10_000)
	d.wandb(root)
	s.Seed = d.seed(root.get("seed"))
	d.method(root)
	d.objectives(root)
	d.space(root)
	d.constraints(root.get("constraints"))
	d.unique(root.get("unique"))
	d.inImage = root.hasImage()
	s.Command = d.command(root, "")
	d.task(root.get("task"))
	d.artifacts(root.get("artifacts"))
	d.limits(root.get("limits"))
	if n := root.get("packing"); n != nil && !n.null {
		s.Packing = d.word(n, "packing", packings)
	}
	d.then(root.get("then"))
	limit := 0
	if n := root.get("run_cap"); n != nil && !n.null {
		limit = int(d.integer(n, "run_cap", 1, MaxTrials))
	}
	if len(d.problems) == 0 {
		d.probe(root)
		d.handover(root)
	}
	if len(d.problems) == 0 {
		d.trials(root, limit)
	}
}

// unbuiltKey refuses top-level keys whose feature is missing; values that ask for nothing are let through.
func (d *decoder) unbuiltKey(p pair) {
	key, v := p.key.text, p.value
	switch {
	case key == "early_terminate" && (v.null || v.kind == mapping && v.get("type") != nil && v.get("type").text == "none"):
	case key == "repeat" && v.kind == scalar && v.text == "1":
	case key == "cache" && v.kind == scalar && (v.text == "false" || v.text == "no"):
	default:
		d.notBuilt(p.key, key, key)
	}
}

func (d *decoder) title(n *node, field string, longest int) string {
	if n == nil || n.null {
		return ""
	}
	s := d.text(n, field)
	if len(s) > longest {
		d.fail(n, field, fmt.Sprintf("%d bytes are too long", len(s)), fmt.Sprintf("%d are allowed", longest))
	}
	return s
}

// wandb checks the keys that only W&B's servers read.
func (d *decoder) wandb(root *node) {
	for _, key := range []string{"project", "entity", "apiVersion"} {
		if n := root.get(key); n != nil && !n.null {
			d.text(n, key)
		}
	}
	if n := root.get("kind"); n != nil {
		d.word(n, "kind", []string{"sweep"})
	}
	if n := root.get("controller"); n != nil && n.kind == mapping {
		d.word(n.get("type"), "controller.type", []string{"local", "cloud"})
	}
}

func (d *decoder) seed(n *node) uint64 {
	var seed uint64
	if n != nil && !n.null {
		seed = uint64(d.integer(n, "seed", 0, 1<<63-1))
	} else {
		seed = sourceSeed(d.spec.Source)
	}
	if d.options.seed != nil {
		return *d.options.seed
	}
	return seed
}

func (d *decoder) method(root *node) {
	n := root.get("method")
	if n == nil {
		if d.misspelt(root, "method") || d.misplaced["method"] {
			return
		}
		d.fail(root, "method", "the spec names no search method", "add `method: grid` or `method: random`")
		return
	}
	if n.kind == scalar && d.otherMethod(n) {
		return
	}
	if n.kind != scalar || !d.notBuilt(n, "method", "method: "+n.text) {
		d.spec.Method = d.word(n, "method", methods)
	}
}

// otherMethod refuses another name, or a misspelt one, of a search that is not built.
func (d *decoder) otherMethod(n *node) bool {
	text := strings.ToLower(n.text)
	if slices.Contains(methods, n.text) || unbuilt["method: "+n.text] != "" || otherName("method", text) != "" {
		return false
	}
	name := otherMethods[text]
	if name == "" && suggest(text, methods) == "" {
		name = suggest(text, unbuiltMethods)
	}
	if name == "" {
		return false
	}
	remedy := "use `method: random` until then"
	if name == "hyperband" || name == "pbt" {
		remedy = "use `method: random`, in which every trial runs to its end"
	}
	d.fail(n, "method", fmt.Sprintf("`%s`, the search %s, is not built yet", short(n.text), name), remedy)
	return true
}

// objectives reads `metric` and `metrics`.
func (d *decoder) objectives(root *node) {
	s := d.spec
	if n := root.get("metric"); n != nil && !n.null {
		s.Objective = d.metric(n, "metric")
		if s.Objective.Goal == "" {
			s.Objective.Goal = Minimize // W&B's default
		}
	}
	seen := map[string]bool{s.Objective.Name: true}
	for i, item := range d.list(root.get("metrics"), "metrics", "metrics: [loss, latency_ms]") {
		field := fmt.Sprintf("metrics.%d", i)
		m := d.metric(item, field)
		if seen[m.Name] && m.Name != "" {
			d.fail(item, field, fmt.Sprintf("metric `%s` is named twice", short(m.Name)), "name each metric once")
		}
		seen[m.Name] = true
		s.Metrics = append(s.Metrics, m)
	}
}

func (d *decoder) metric(n *node, field string) Metric {
	m := Metric{Reduce: Last}
	if n.kind == scalar {
		m.Name = d.text(n, field)
		return m
	}
	if remedy := metricOf(n); remedy != "" {
		d.fail(n, field, "the metric is named by `name`", remedy)
		return m
	}
	if !d.mapping(n, field, "metric") {
		return m
	}
	if name := n.get("name"); name == nil && slices.ContainsFunc(n.pairs, func(p pair) bool {
		return !slices.Contains(keys["metric"], p.key.text) && suggestKey("metric", p.key.text) == "name"
	}) {
		// reported
	} else if name == nil {
		d.fail(n, field+".name", "the metric has no name", "add the name that trials report, as in `name: loss`")
	} else if m.Name = d.text(name, field+".name"); m.Name == "" || len(m.Name) > 200 {
		d.fail(name, field+".name", "a name of 1 to 200 bytes is needed", "")
	}
	m.Goal = Goal(d.word(n.get("goal"), field+".goal", []string{string(Minimize), string(Maximize)}))
	if r := d.word(n.get("reduce"), field+".reduce", []string{string(Last), string(Min), string(Max), string(Mean)}); r != "" {
		m.Reduce = Reduce(r)
	}
	if t := n.get("target"); t != nil {
		if v, ok := d.float(t, field+".target"); ok {
			m.Target = &v
		}
	}
	return m
}

// endless caps a search that would never end.
const endless = 100

// MaxTrials bounds one sweep, ten times what one sweep is designed for. Everything that holds trials keeps to this bound.
const MaxTrials = 10_000_000

// trials decides how many trials the sweep runs; a limit of 0 is none.
func (d *decoder) trials(root *node, limit int) {
	s := d.spec
	if s.Space.unique {
		d.uniqueTrials(root, limit)
		return
	}
	if s.Method != "grid" {
		s.Trials = limit
		if limit == 0 {
			s.Trials, s.Capped = endless, true
		}
		d.small(root)
		return
	}
	if s.Space.conditional() {
		d.walkGrid(root, limit)
		return
	}
	size, _ := s.Space.Size()
	switch {
	case limit > 0 && (!size.IsInt64() || size.Int64() > int64(limit)):
		s.Trials = limit
	case !size.IsInt64() || size.Int64() > MaxTrials:
		d.fail(root.get("parameters"), "parameters", fmt.Sprintf("the grid has %s points; a sweep runs at most %d", size, MaxTrials),
			"add `run_cap: 1000` to run its first 1000 points, or use `method: random`")
	default:
		s.Trials = int(size.Int64())
	}
}
