package sweep

import "encoding/json"

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
			out = p.value.effective(out)
		}
		return append(out, '}')
	}
	value, err := scalarValue(n)
	if err != nil {
		return appendText(out, n.text)
	}
	if text, err := json.Marshal(value); err == nil {
		return append(out, text...)
	}
	return appendText(out, n.text) // what JSON has no number for
}

func appendText(out []byte, text string) []byte {
	quoted, _ := json.Marshal(text) // a string has a form
	return append(out, quoted...)
}
