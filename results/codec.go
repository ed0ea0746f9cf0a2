package results

import (
	"bytes"
	"encoding/json"

	"github.com/ugorji/go/codec"
)

// MessagePack is how records and Ends are encoded in batches and on the board. Nobody changes it.
var MessagePack = recordHandle()

func recordHandle() *codec.MsgpackHandle {
	const depth = 8 // a Record is 4 deep
	h := NewMessagePack(depth)
	h.Canonical = true    // equal records are equal bytes
	h.InternString = true // metric names repeat in every point
	return h
}

// NewMessagePack is a handle as everything of ours that is stored or sent is encoded with, for values nested
// no deeper than depth: bytes of others are decoded with it, too.
func NewMessagePack(depth int16) *codec.MsgpackHandle {
	h := &codec.MsgpackHandle{}
	h.WriteExt = true   // MessagePack's str and bin types
	h.MaxInitLen = 1024 // never allocate what a length merely claims
	h.MaxDepth = depth
	return h
}

// EncodeJSON encodes v as the manifests are: indented, ending with a newline, and < > & not escaped, since
// people read them.
func EncodeJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return out.Bytes(), err
}
