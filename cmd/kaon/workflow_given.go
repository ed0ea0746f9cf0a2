package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow"
)

// parseGiven reads NAME=VALUE pairs: what is a text in the workflow as it is typed, other values as YAML.
func parseGiven(pairs []string, wf *workflow.Workflow) (map[string]any, error) {
	given := map[string]any{}
	for _, pair := range pairs {
		name, text, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usage(fmt.Errorf("--parameter %s: write NAME=VALUE", pair))
		}
		isText := slices.ContainsFunc(wf.Parameters, func(p workflow.Parameter) bool {
			return p.Name == name && (p.Secret || p.Type.Kind == workflow.String || p.Type.Kind == workflow.File)
		})
		if isText {
			given[name] = text
			continue
		}
		tree, err := sweep.ReadTree("--parameter "+name, []byte("value: "+text))
		if err != nil || tree.Get("value") == nil {
			given[name] = text // a text that is no YAML
			continue
		}
		v, err := workflow.ExpandTree(tree.Get("value"), nil)
		if err != nil || strings.Contains(text, "${") {
			v = text
		}
		given[name] = v
	}
	return given, nil
}
