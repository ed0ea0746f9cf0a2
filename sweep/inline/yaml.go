package inline

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// plainText is text that YAML needs no quotes for, in any of its versions: words, paths and options.
var plainText = regexp.MustCompile(`^(--?)?(\./|/)?[A-Za-z_][A-Za-z0-9_./=+-]*$`)

// reserved are words that mean something else to a reader of YAML when they stand without quotes.
var reserved = map[string]bool{
	"true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true, "null": true,
}

// scalarText writes text as a YAML scalar that is read back as this text.
func scalarText(text string) string {
	if plainText.MatchString(text) && !reserved[strings.ToLower(text)] {
		return text
	}
	return quote(text)
}

// quote writes text in YAML's double quotes, which JSON's are a part of; whatever does not print is escaped.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == ' ' || unicode.IsPrint(r) && r <= 0xffff:
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// node is a key of a spec and what it holds: text of one line, or further keys.
type node struct {
	key  string
	text string // YAML; of a node without kids
	kids []*node
}

func leaf(key, text string) *node { return &node{key: key, text: text} }

// put sets the text at a path of keys. It is false where the path leads into what is no mapping here.
func (n *node) put(path []string, text string) bool {
	if len(path) == 0 {
		n.text, n.kids = text, nil
		return true
	}
	if n.text != "" {
		return false
	}
	for length := len(path); length > 0; length-- { // keys may have dots themselves
		for _, kid := range n.kids {
			if kid.key == strings.Join(path[:length], ".") {
				return kid.put(path[length:], text)
			}
		}
	}
	kid := &node{key: path[0]}
	n.kids = append(n.kids, kid)
	return kid.put(path[1:], text)
}

// flow writes a node in one line.
func (n *node) flow() string {
	if n.kids == nil {
		return n.text
	}
	parts := make([]string, len(n.kids))
	for i, kid := range n.kids {
		parts[i] = scalarText(kid.key) + ": " + kid.flow()
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// block writes the keys of a node one a line; those below `parameters` too.
func (n *node) block(b *strings.Builder, indent string) {
	for _, kid := range n.kids {
		b.WriteString(indent + scalarText(kid.key) + ":")
		if kid.key == "parameters" && indent == "" && kid.kids != nil {
			b.WriteString("\n")
			kid.block(b, "  ")
			continue
		}
		b.WriteString(" " + kid.flow() + "\n")
	}
}
