package sweep

import (
	"fmt"
	"path/filepath"
	"strings"
)

// then reads the step that starts with the winner.
func (d *decoder) then(n *node) {
	if n == nil || n.null {
		return
	}
	t := &Then{}
	d.spec.Then = t
	if d.spec.Objective.Name == "" && len(d.problems) == 0 {
		d.fail(n, "then", "there is no winner without an objective",
			"add `metric: {name: loss, goal: minimize}`")
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
	return !strings.ContainsAny(s, " \t\n") &&
		(strings.HasSuffix(s, ".yaml") || strings.HasSuffix(s, ".yml") || strings.HasSuffix(s, ".json"))
}

// maxChain bounds how many specs may follow each other.
const maxChain = 8

// thenSpec reads the spec that follows, when files can be read.
func (d *decoder) thenSpec(n *node, path string) {
	d.spec.Then.Spec = path
	if path == "" || strings.HasPrefix(path, "/") || strings.Contains("/"+path+"/", "/../") {
		d.fail(n, "then", "the path of a spec lies below this spec's folder",
			"write it relative to this file, without ..")
		return
	}
	if d.options.read == nil {
		return
	}
	file := filepath.Join(filepath.Dir(d.file), path)
	chain := append(d.options.from[:len(d.options.from):len(d.options.from)], d.file)
	for _, before := range chain {
		if filepath.Clean(before) == file {
			d.fail(n, "then", "the specs follow each other in a circle: "+short(strings.Join(append(chain,
				file), " → ")), "end the chain")
			return
		}
	}
	if len(chain) > maxChain {
		d.fail(n, "then", fmt.Sprintf("more than %d specs follow each other", maxChain), "shorten the chain")
		return
	}
	src, err := d.options.read(path)
	if err != nil {
		d.fail(n, "then", fmt.Sprintf("read spec: %s", short(err.Error())),
			"give the path of a spec relative to this one")
		return
	}
	beside := func(name string) ([]byte, error) {
		return d.options.read(filepath.Join(filepath.Dir(path), name))
	}
	next := d.decodeText(file, src,
		options{read: beside, from: chain, getenv: d.options.getenv, winner: true, accepted: d.options.accepted})
	d.problems = append(d.problems, next.problems...)
	d.spec.Then.Next = next.spec
}
