package steps

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/kaon-sweep/kaon/sweep"
)

// ValueOf is a tree as JSON can have it. Plain scalars are what JSON makes of them, and texts where it makes nothing.
func ValueOf(t *sweep.Tree) any {
	switch {
	case t == nil || t.Null:
		return nil
	case t.List:
		out := make([]any, len(t.Items))
		for i, item := range t.Items {
			out[i] = ValueOf(item)
		}
		return out
	case t.Mapping:
		out := make(map[string]any, len(t.Pairs))
		for _, p := range t.Pairs {
			out[p.Key.Text] = ValueOf(p.Value)
		}
		return out
	case t.Plain:
		if v, err := Decode([]byte(t.Text)); err == nil {
			return v
		}
	}
	return t.Text
}

// TreeOf is a value as a tree.
func TreeOf(v any) *sweep.Tree {
	switch v := v.(type) {
	case nil:
		return &sweep.Tree{Null: true, Plain: true, Text: "null"}
	case string:
		return &sweep.Tree{Text: v}
	case []any:
		t := &sweep.Tree{List: true}
		for _, item := range v {
			t.Items = append(t.Items, TreeOf(item))
		}
		return t
	case map[string]any:
		t := &sweep.Tree{Mapping: true}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			t.Pairs = append(t.Pairs, sweep.TreePair{Key: &sweep.Tree{Text: key}, Value: TreeOf(v[key])})
		}
		return t
	}
	text, err := json.Marshal(v)
	if err != nil {
		return &sweep.Tree{Null: true, Plain: true, Text: "null"}
	}
	return &sweep.Tree{Text: string(text), Plain: true}
}
