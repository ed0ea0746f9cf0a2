package workflow

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
)

// fetch reads names and what is brought there.
func (r *reading) fetch(t *sweep.Tree, field, kind string) (all []Input) {
	if known, ok := r.types[kind]; ok && !known.Fetches {
		remedy := "remove it: only steps that run as one task have a folder that files are brought to"
		if kind == "sweep" {
			remedy = "write it in the sweep, under task"
		}
		r.Fail(t, field, fmt.Sprintf("a step of type %s fetches nothing", kind), remedy)
		return nil
	}
	if !t.Mapping {
		r.Fail(t, field, "a mapping is needed: names, and what is brought there",
			`write fetch: {model.bin: "${steps.train.artifacts['model.bin']}"}`)
		return nil
	}
	for _, p := range t.Pairs {
		name := p.Key.Text
		if name == "" || path.IsAbs(name) || path.Clean(name) != name ||
			slices.Contains(strings.Split(name, "/"), "..") || name == "." {
			r.Fail(p.Key, field+"."+name, fmt.Sprintf("`%s` is no name within the step's folder", clipped(name)),
				"write it as model.bin or data/model.bin")
			continue
		}
		if p.Value.Mapping || p.Value.Null {
			r.Fail(p.Value, field+"."+name, "an artifact of a step, an address, or a list of them is needed",
				`write "${steps.train.artifacts['model.bin']}", s3://bucket/object or https://…`)
			continue
		}
		all = append(all, Input{name, p.Value})
	}
	return all
}
