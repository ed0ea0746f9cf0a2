package kubernetestest

import (
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const (
	mergePatch     = "application/merge-patch+json"
	jsonPatch      = "application/json-patch+json"
	strategicPatch = "application/strategic-merge-patch+json"
)

// patched is an object after a patch of the content type; server-side apply is refused.
func patched(o Object, contentType string, body []byte) (Object, *Status) {
	kind, _, _ := mime.ParseMediaType(contentType)
	switch kind {
	case mergePatch:
		var patch map[string]any
		if err := json.Unmarshal(body, &patch); err != nil {
			return nil, badRequest("error decoding patch: %v", err)
		}
		return merged(map[string]any(o.clone()), patch).(map[string]any), nil
	case strategicPatch:
		var patch map[string]any
		if err := json.Unmarshal(body, &patch); err != nil {
			return nil, badRequest("error decoding patch: %v", err)
		}
		return strategic("", map[string]any(o.clone()), patch).(map[string]any), nil
	case jsonPatch:
		var steps []patchStep
		if err := json.Unmarshal(body, &steps); err != nil {
			return nil, badRequest("error decoding patch: %v", err)
		}
		var doc any = map[string]any(o.clone())
		for _, step := range steps {
			var ok bool
			if doc, ok = step.apply(doc); !ok {
				return nil, &Status{Code: http.StatusUnprocessableEntity, Reason: "Invalid",
					Message: "the server rejected our request due to an error in our request: " + step.Op + " of " +
						step.Path + " does not apply"}
			}
		}
		out, ok := doc.(map[string]any)
		if !ok {
			return nil, badRequest("the patch leaves no object")
		}
		return out, nil
	}
	return nil, &Status{Code: http.StatusUnsupportedMediaType, Reason: "UnsupportedMediaType",
		Message: "the body of the request was in an unknown format - accepted media types include: " + jsonPatch +
			", " + mergePatch + ", " + strategicPatch}
}

// merged is RFC 7386.
func merged(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	out, ok := target.(map[string]any)
	if !ok {
		out = map[string]any{}
	}
	for key, value := range changes {
		if value == nil {
			delete(out, key)
		} else {
			out[key] = merged(out[key], value)
		}
	}
	return out
}

// mergeKeys are the fields by which a strategic patch finds the element of a list that it means. Other lists it
// replaces.
var mergeKeys = map[string]string{
	"containers": "name", "initContainers": "name", "env": "name", "volumes": "name", "conditions": "type",
	"ownerReferences":   "uid",
	"containerStatuses": "name", "volumeMounts": "mountPath", "imagePullSecrets": "name",
}

// strategic is a strategic merge patch of what a field has.
func strategic(field string, target, patch any) any {
	switch patch := patch.(type) {
	case map[string]any:
		out, ok := target.(map[string]any)
		if !ok {
			out = map[string]any{}
		}
		for key, value := range patch {
			list, removes := strings.CutPrefix(key, "$deleteFromPrimitiveList/")
			switch {
			case removes:
				gone := items(value)
				left := slices.DeleteFunc(items(out[list]), func(one any) bool { return slices.Contains(gone, one) })
				if out[list] = left; len(left) == 0 {
					delete(out, list)
				}
			case value == nil:
				delete(out, key)
			case key != "$patch":
				out[key] = strategic(key, out[key], value)
			}
		}
		return out
	case []any:
		out, _ := target.([]any)
		by := mergeKeys[field]
		if field == "finalizers" {
			for _, one := range patch {
				if !slices.Contains(out, one) {
					out = append(out, one)
				}
			}
			return out
		}
		if by == "" {
			return patch
		}
		for _, one := range patch {
			i := slices.IndexFunc(out, func(o any) bool { return same(dig(o, by), dig(one, by)) })
			switch {
			case i >= 0 && text(one, "$patch") == "delete":
				out = slices.Delete(out, i, i+1)
			case i >= 0:
				out[i] = strategic("", out[i], one)
			default:
				out = append(out, one)
			}
		}
		return out
	}
	return patch
}

// patchStep is one operation of RFC 6902.
type patchStep struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	From  string `json:"from"`
	Value any    `json:"value"`
}

func (p patchStep) apply(doc any) (any, bool) {
	path := pointer(p.Path)
	switch p.Op {
	case "add":
		return edit(doc, path, func(_ any, _ bool) (any, bool, bool) { return p.Value, true, true }, true)
	case "replace":
		return edit(doc, path, func(_ any, has bool) (any, bool, bool) { return p.Value, true, has }, false)
	case "remove":
		return edit(doc, path, func(_ any, has bool) (any, bool, bool) { return nil, false, has }, false)
	case "test":
		return edit(doc, path, func(old any, has bool) (any, bool, bool) { return old, has, same(old, p.Value) }, false)
	case "copy", "move":
		value := any(nil)
		doc, ok := edit(doc, pointer(p.From), func(old any, has bool) (any, bool, bool) {
			value = clone(old)
			return old, p.Op == "copy", has
		}, false)
		if !ok {
			return nil, false
		}
		return patchStep{Op: "add", Path: p.Path, Value: value}.apply(doc)
	}
	return nil, false
}

func pointer(path string) []string {
	if path == "" {
		return nil
	}
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
	}
	return parts
}

// edit gives change what is at a path, and puts there what it answers: the value, whether there is one, whether all is
// well. In a list a value is put before the one at its index where insert is set.
func edit(v any, path []string, change func(old any, has bool) (value any, keep, ok bool), insert bool) (any, bool) {
	if len(path) == 0 {
		value, _, ok := change(v, true)
		return value, ok
	}
	switch at := v.(type) {
	case map[string]any:
		old, has := at[path[0]]
		if len(path) > 1 {
			if !has {
				return nil, false
			}
			value, ok := edit(old, path[1:], change, insert)
			at[path[0]] = value
			return at, ok
		}
		value, keep, ok := change(old, has)
		if delete(at, path[0]); keep {
			at[path[0]] = value
		}
		return at, ok
	case []any:
		i, err := strconv.Atoi(path[0])
		if path[0] == "-" {
			i, err = len(at), nil
		}
		if err != nil || i < 0 || i > len(at) {
			return nil, false
		}
		if len(path) > 1 {
			if i == len(at) {
				return nil, false
			}
			value, ok := edit(at[i], path[1:], change, insert)
			at[i] = value
			return at, ok
		}
		if insert {
			value, _, ok := change(nil, false)
			return slices.Insert(at, i, value), ok
		}
		if i == len(at) {
			return nil, false
		}
		value, keep, ok := change(at[i], true)
		if !keep {
			return slices.Delete(at, i, i+1), ok
		}
		at[i] = value
		return at, ok
	}
	return nil, false
}
