package sweep

// Tree is one YAML value of any file with its place, for readers of what other tools write. Aliases and merge keys are
// resolved.
type Tree struct {
	Line, Column int
	Text         string // of a scalar, without quotes
	Plain        bool   // a scalar without quotes
	Null         bool
	List         bool
	Mapping      bool
	Items        []*Tree    // of a list
	Pairs        []TreePair // of a mapping, in the order of the file
	tag          string     // as !!float, of a scalar
}

// TreePair is a key and what stands behind it.
type TreePair struct{ Key, Value *Tree }

// Get is the value of a key, or nil.
func (t *Tree) Get(key string) *Tree {
	if t == nil {
		return nil
	}
	for _, p := range t.Pairs {
		if p.Key.Text == key {
			return p.Value
		}
	}
	return nil
}

// Bool is a scalar as true or false, by the words that a spec has for them, in quotes too; not ok: it is neither.
func (t *Tree) Bool() (value, ok bool) {
	if t == nil || t.List || t.Mapping {
		return false, false
	}
	v, _ := scalarValue(&node{text: t.Text, plain: true})
	value, ok = v.(bool)
	return value, ok
}

// True tells whether it is there and true.
func (t *Tree) True() bool {
	yes, _ := t.Bool()
	return yes
}

// ReadTree reads one YAML document within the bounds that Parse has. The error is an Errors.
func ReadTree(file string, src []byte) (*Tree, error) {
	d := &decoder{file: file, spec: &Spec{}}
	root := d.document(src)
	if root == nil {
		return nil, d.problems
	}
	return root.tree(), nil
}

// ReadAnyTree is ReadTree for a document that may be a list, or a scalar, too.
func ReadAnyTree(file string, src []byte) (*Tree, error) {
	d := &decoder{file: file, spec: &Spec{}}
	root := d.yaml(src)
	if root == nil {
		return nil, d.problems
	}
	return root.tree(), nil
}

func (n *node) tree() *Tree {
	t := &Tree{
		Line: n.line, Column: n.column, Text: n.text, Plain: n.plain, Null: n.null,
		List: n.kind == list, Mapping: n.kind == mapping, tag: n.tag,
	}
	for _, item := range n.items {
		t.Items = append(t.Items, item.tree())
	}
	for _, p := range n.pairs {
		t.Pairs = append(t.Pairs, TreePair{p.key.tree(), p.value.tree()})
	}
	return t
}

// ErrorAt is a problem of a place in a text, as Parse has them; line 0: it is nowhere in it.
func ErrorAt(file string, src []byte, line, column int, field, problem, remedy string) *Error {
	e := &Error{Line: line, Column: column, Field: printable(field), Problem: printable(problem), Remedy: remedy}
	return place(e, file, "", splitLines(string(src)))
}
