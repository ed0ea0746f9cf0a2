package sweep

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
)

// maxEffective bounds the effective text: aliases may repeat a long text very often.
const maxEffective = 16 << 20

// effective is a node as JSON, keys in the order of the file: what Parse decided on once aliases were
// followed and overrides applied.
func (n *node) effective(out []byte) []byte {
	if len(out) > maxEffective {
		return out
	}
	switch n.kind {
	case list:
		out = append(out, '[')
		for i, item := range n.items {
			if i > 0 {
				out = append(out, ',')
			}
			out = item.effective(out)
		}
		return append(out, ']')
	case mapping:
		out = append(out, '{')
		for i, p := range n.pairs {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(appendText(out, p.key.text), ':')
			value := p.value
			if p.key.text == "command" || p.key.text == "then" {
				value = value.literals()
			}
			out = value.effective(out)
		}
		return append(out, '}')
	}
	value, err := scalarValue(n)
	if err != nil {
		if n.plain && json.Valid([]byte(n.text)) {
			return append(out, n.text...) // a seed may be larger than other integers
		}
		return appendText(out, n.text)
	}
	switch v := value.(type) {
	case int64, float64:
		if n.tag == "" && json.Valid([]byte(n.text)) {
			return append(out, n.text...) // commands have numbers as they are written
		}
		if f, ok := v.(float64); ok && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return appendFloat(out, f) // never as an integer, which is another kind of value
		}
	}
	if text, err := json.Marshal(value); err == nil {
		return append(out, text...)
	}
	return appendText(out, n.text) // what JSON has no number for
}

// literals is a command's list whose numbers that JSON has not are the text that they come to there.
func (n *node) literals() *node {
	if n.kind != list {
		return n
	}
	out := *n
	out.items = slices.Clone(n.items)
	for i, item := range n.items {
		if v, err := scalarValue(item); item.kind != scalar || err != nil || json.Valid([]byte(item.text)) {
			continue
		} else if _, isText := v.(string); isText || v == nil {
			continue
		}
		if text, err := literal(item); err == nil {
			out.items[i] = &node{text: text}
		}
	}
	return &out
}

// withSeed is the root of a spec with its seed in it, for readers who do not have the bytes that a seed of its
// own came from.
func (n *node) withSeed(seed uint64) *node {
	value := &node{text: strconv.FormatUint(seed, 10), plain: true}
	root := *n
	root.pairs = nil
	for _, p := range n.pairs {
		if p.key.text == "seed" {
			p.value, value = value, nil
		}
		root.pairs = append(root.pairs, p)
	}
	if value != nil {
		root.pairs = append(root.pairs, pair{key: &node{text: "seed"}, value: value})
	}
	return &root
}

func appendText(out []byte, text string) []byte {
	quoted, _ := json.Marshal(text) // a string has a form
	return append(out, quoted...)
}
