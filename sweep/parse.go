package sweep

import (
	"fmt"
	"strings"
)

// Option changes what Parse does.
type Option func(*options)

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

// WithAccepted says that a Parse of this version or an earlier one has taken the spec, and that a sweep runs by
// it: it is not refused for what checking it costs, whose bounds may be newer than the sweep. How macros in
// commands are quoted is checked as ever.
func WithAccepted() Option { return func(o *options) { o.accepted = true } }

// Parse reads a sweep file and checks all of it. The error is an Errors with every problem found. Parse costs
// O(size of the file), whatever the size of the space; a grid under `when` or `constraints` is walked, a
// million combinations at most. Files beyond 1 MiB are refused unread.
func Parse(file string, src []byte, opts ...Option) (*Spec, error) {
	var with options
	for _, o := range opts {
		o(&with)
	}
	d := decodeText(file, src, with)
	if len(d.problems) > 0 {
		d.problems.inOrder()
		return nil, d.problems
	}
	d.spec.Overrides = d.options.set
	return d.spec, nil
}

// decodeText reads one spec and those that follow it. Its decoder has the problems.
func decodeText(file string, src []byte, with options) *decoder {
	d := &decoder{file: file, spec: &Spec{File: file, Source: src}, options: with, decodeText: decodeText, ends: true}
	d.untilFull(func() {
		if d.root = d.document(src); d.root != nil {
			d.decode(d.root)
		}
	})
	d.spec.Warnings = d.warnings
	if len(d.problems) == 0 && d.root != nil {
		if text := d.root.withSeed(d.spec.Seed).effective(nil); len(text) <= maxEffective {
			d.spec.Effective = text
		}
	}
	return d
}

// untilFull reads on until there are as many problems as are told.
func (d *decoder) untilFull(read func()) {
	defer func() {
		if p := recover(); p != nil && p != any(enough{}) {
			panic(p)
		}
	}()
	read()
}

// yaml reads the text.
func (d *decoder) yaml(src []byte) *node {
	src = []byte(strings.TrimPrefix(string(src), "\ufeff"))
	if len(src) <= maxSource {
		d.lines = splitLines(string(src))
	}
	r := reader{file: d.file, lines: d.lines, problem: &d.problems, anchors: map[string]*node{}}
	return r.read(src)
}

// document reads the text and applies the overrides.
func (d *decoder) document(src []byte) *node {
	root := d.yaml(src)
	if root == nil {
		return nil
	}
	if root.kind != mapping {
		d.fail(root, "", "a spec is a mapping of keys, not "+root.what(),
			"start with `method: random` and `parameters:`")
		return nil
	}
	for _, assignment := range d.options.set {
		root = d.override(root, assignment)
	}
	return root
}

// decode reads every key of the top level. The order matters only where one key explains another.
func (d *decoder) decode(root *node) {
	if d.otherTool(root) {
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
		d.notBuilt(p.key, p.key.text, p.key.text) // a key of the top level whose feature is missing
	}
	s.Name = d.title(root.get("name"), "name", 200)
	s.Description = d.title(root.get("description"), "description", 10_000)
	d.wandb(root)
	s.Seed = d.seed(root)
	s.OwnSeed = s.Seed != identitySeed(root)
	d.method(root)
	d.order(root.get("order"))
	d.objectives(root)
	d.learns(root)
	d.from(root.get("from"))
	d.repeat(root.get("repeat"))
	d.cache(root.get("cache"))
	d.space(root)
	d.constraints(root.get("constraints"))
	d.exclude(root.get("exclude"))
	d.unique(root.get("unique"))
	d.inImage = root.hasImage()
	s.Command = d.command(root, "")
	d.task(root.get("task"))
	d.artifacts(root.get("artifacts"))
	d.limits(root.get("limits"))
	d.earlyStop(root.get("early_terminate"))
	if n := root.get("packing"); n != nil && !n.null {
		s.Packing = d.word(n, "packing", packings)
	}
	d.queue(root)
	d.then(root.get("then"))
	limit := 0
	if n := root.get("run_cap"); n != nil && !n.null {
		limit = int(d.integer(n, "run_cap", 1, MaxTrials))
	}
	s.RunCap = limit
	if len(d.problems) == 0 {
		d.checkSamples(root)
		d.checkArgumentSize(root)
	}
	if len(d.problems) == 0 {
		d.repeatedTrials(root, limit)
		d.try(root)
		d.suits(root)
		d.goals(root)
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
