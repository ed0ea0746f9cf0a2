package kubernetestest

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
)

// Object is an object of the API as its JSON decodes: maps, slices, strings, float64 and bool. Those that a Cluster
// gives are the caller's own.
type Object map[string]any

// Get is the value at a path of keys and, in lists, of indexes; nil where there is none.
func (o Object) Get(path ...string) any { return dig(map[string]any(o), path...) }

// Text is the string at a path, "" where there is none.
func (o Object) Text(path ...string) string { return text(map[string]any(o), path...) }

// Name is metadata.name.
func (o Object) Name() string { return o.Text("metadata", "name") }

// Namespace is metadata.namespace.
func (o Object) Namespace() string { return o.Text("metadata", "namespace") }

// UID is metadata.uid.
func (o Object) UID() string { return o.Text("metadata", "uid") }

// Version is metadata.resourceVersion.
func (o Object) Version() string { return o.Text("metadata", "resourceVersion") }

// Phase is status.phase.
func (o Object) Phase() string { return o.Text("status", "phase") }

// Labels are metadata.labels.
func (o Object) Labels() map[string]string { return words(o.Get("metadata", "labels")) }

// Annotations are metadata.annotations.
func (o Object) Annotations() map[string]string { return words(o.Get("metadata", "annotations")) }

// Finalizers are metadata.finalizers.
func (o Object) Finalizers() (names []string) {
	for _, v := range items(o.Get("metadata", "finalizers")) {
		if s, ok := v.(string); ok {
			names = append(names, s)
		}
	}
	return names
}

// Deleting says whether a deletion was asked for and has not come to its end.
func (o Object) Deleting() bool { return o.Text("metadata", "deletionTimestamp") != "" }

func (o Object) meta() map[string]any {
	m, ok := o["metadata"].(map[string]any)
	if !ok {
		m = map[string]any{}
		o["metadata"] = m
	}
	return m
}

func (o Object) clone() Object { return clone(map[string]any(o)).(map[string]any) }

// ended says whether a pod's containers have ended for good.
func (o Object) ended() bool { return o.Phase() == "Succeeded" || o.Phase() == "Failed" }

func dig(v any, path ...string) any {
	for _, key := range path {
		switch at := v.(type) {
		case map[string]any:
			v = at[key]
		case Object:
			v = at[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

func text(v any, path ...string) string {
	s, _ := dig(v, path...).(string)
	return s
}

func flag(v any, path ...string) bool {
	b, _ := dig(v, path...).(bool)
	return b
}

func number(v any, path ...string) (int64, bool) {
	switch n := dig(v, path...).(type) {
	case float64:
		return int64(n), true
	case int:
		return int64(n), true
	}
	return 0, false
}

func items(v any, path ...string) []any {
	list, _ := dig(v, path...).([]any)
	return list
}

func dict(v any, path ...string) map[string]any {
	m, _ := dig(v, path...).(map[string]any)
	return m
}

func words(v any) map[string]string {
	m, _ := v.(map[string]any)
	out := make(map[string]string, len(m))
	for key := range m {
		out[key] = text(m, key)
	}
	return out
}

func clone(v any) any {
	switch at := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(at))
		for key, value := range at {
			out[key] = clone(value)
		}
		return out
	case Object:
		return clone(map[string]any(at))
	case []any:
		out := make([]any, len(at))
		for i, value := range at {
			out[i] = clone(value)
		}
		return out
	}
	return v
}

func same(a, b any) bool { return reflect.DeepEqual(a, b) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
