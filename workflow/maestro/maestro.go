package maestro

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Is tells whether a file is a definition of Maestro's.
func Is(src []byte) bool {
	if trimmed := bytes.TrimSpace(src); len(trimmed) == 0 || trimmed[0] != '{' {
		return false
	}
	root, err := decode(src)
	if err != nil {
		return false
	}
	wf, _ := root["workflow"].(map[string]any)
	_, hasID := wf["id"].(string)
	_, hasSteps := wf["steps"].([]any)
	return hasID && hasSteps
}

func decode(src []byte) (root map[string]any, err error) {
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	err = dec.Decode(&root)
	return root, err
}

// Read is a definition as a workflow file, and what of it is not carried, one line each. The error names each part
// without which it would mean something else.
func Read(src []byte) (file []byte, left []string, err error) {
	root, err := decode(src)
	if err != nil {
		return nil, nil, fmt.Errorf("the definition is no JSON: %w", err)
	}
	wf, _ := root["workflow"].(map[string]any)
	list, ok := wf["steps"].([]any)
	if !ok {
		return nil, nil, errors.New("the definition has no workflow.steps")
	}
	r := &reader{names: map[string]string{}, taken: map[string]bool{}, scopes: map[string]*scope{},
		steps: map[string]any{}, lists: map[string]any{},
		ended: map[*scope]bool{}}
	out := map[string]any{"steps": r.steps, "name": title(cmp.Or(text(wf["name"]), text(wf["id"])))}
	properties, _ := root["properties"].(map[string]any)
	if properties == nil {
		properties = mapping(root["properties_snapshot"]) // of one as its service gives it
	}
	r.top(out, wf, properties)
	top := &scope{params: mapping(wf["params"])}
	parameters := r.parameters(top)
	out["parameters"] = parameters
	r.name(list)
	g := r.graph(list, top)
	if len(r.wrong) > 0 {
		return nil, r.left, errors.New("this of the definition cannot be carried:\n  " + strings.Join(r.wrong, "\n  "))
	}
	out["graph"] = g.String()
	if r.triggers != nil {
		out["triggers"] = r.triggers
		if properties["run_strategy"] == nil && wf["run_strategy"] == nil { // Maestro's own
			out["run_strategy"] = map[string]any{"rule": "sequential"}
		}
	}
	maps.Copy(parameters, r.lists)
	for key := range root {
		if key != "properties" && key != "properties_snapshot" && key != "workflow" && key != "is_active" {
			r.leave(key, "")
		}
	}
	slices.Sort(r.left)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err = enc.Encode(out)
	return b.Bytes(), r.left, err
}

// top carries what stands beside the steps.
func (r *reader) top(out, wf, properties map[string]any) {
	if s := text(wf["description"]); s != "" {
		out["description"] = s
	}
	var tags []any
	all, _ := wf["tags"].([]any)
	for _, t := range all {
		if m, ok := t.(map[string]any); ok {
			t = m["name"]
		}
		if s := text(t); s != "" {
			tags = append(tags, s)
		}
	}
	if tags != nil {
		out["tags"] = tags
	}
	for _, from := range []map[string]any{properties, wf} {
		for _, key := range slices.Sorted(maps.Keys(from)) {
			switch v := from[key]; key {
			case "id", "name", "description", "tags", "params", "steps":
			case "owner":
				if m, ok := v.(map[string]any); ok {
					v = m["name"]
				}
				out["owner"] = text(v)
			case "step_concurrency", "instance_step_concurrency":
				if n, ok := v.(json.Number); ok {
					out["parallel"] = n
					continue
				}
				r.leave(key, "%s is no number", text(v))
			case "timeout":
				r.timeout(out, key, v)
			case "run_strategy":
				r.strategy(out, v)
			case "time_triggers":
				r.timeTriggers(v)
			case "signal_triggers":
				r.signalTriggers(v)
			default:
				r.leave(key, "")
			}
		}
	}
}

// name gives each step a name here, those of bodies too.
func (r *reader) name(list []any) {
	for _, item := range list {
		_, step := unwrap(item)
		id := text(step["id"])
		name := strings.Map(func(c rune) rune {
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' {
				return c
			}
			return '_'
		}, id)
		if name == "" || name[0] >= '0' && name[0] <= '9' || name[0] == '_' {
			name = "s" + name
		}
		name = name[:min(len(name), 50)]
		r.names[id] = r.free(name)
		inner, _ := step["steps"].([]any)
		r.name(inner)
	}
}

// title is a text that can be a workflow's name.
func title(s string) string {
	s = strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune(" ._-", c) {
			return c
		}
		return '_'
	}, s)
	s = strings.TrimLeft(s, " ._-")
	return s[:min(len(s), 100)]
}
