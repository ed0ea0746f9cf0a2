package results

import (
	"bytes"
	"encoding/json"

	"github.com/ugorji/go/codec"
)

// MessagePack is how records and Ends are encoded as MessagePack, in batches, on the board and in the journal.
// Nobody changes it.
var MessagePack = newMessagePack()

func newMessagePack() *codec.MsgpackHandle {
	h := &codec.MsgpackHandle{}
	h.WriteExt = true     // MessagePack's str and bin types
	h.Canonical = true    // equal records are equal bytes
	h.MaxInitLen = 1024   // never allocate what a length merely claims
	h.MaxDepth = 8        // a Record is 4 deep
	h.InternString = true // metric names repeat in every point
	return h
}

// EncodeJSON encodes v as the manifests are: indented, ending with a newline, and < > & not escaped, since people
// read them.
func EncodeJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return out.Bytes(), err
}
