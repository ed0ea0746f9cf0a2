package export

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"

	"github.com/kaon-sweep/kaon/results"
)

type lines struct {
	columns []column
	keys    [][]byte // "name":
	out     *bufio.Writer
	text    bytes.Buffer
	enc     *json.Encoder
}

func newLines(w io.Writer, columns []column) *lines {
	t := &lines{columns: columns, out: bufio.NewWriterSize(w, 64<<10)}
	t.enc = json.NewEncoder(&t.text)
	t.enc.SetEscapeHTML(false)
	for _, c := range columns {
		key, _ := t.encode(c.name) // a string always encodes
		t.keys = append(t.keys, append(bytes.Clone(key), ':'))
	}
	return t
}

// encode is a value as JSON, valid until the next call.
func (t *lines) encode(v any) ([]byte, error) {
	t.text.Reset()
	err := t.enc.Encode(v)
	return bytes.TrimSuffix(t.text.Bytes(), []byte{'\n'}), err
}

func (t *lines) row(cells []any) error {
	sep := byte('{')
	for i, cell := range cells {
		switch v := cell.(type) {
		case nil:
			continue
		case float64:
			cell = results.Number(v)
		case int64:
			if t.columns[i].kind == instant {
				cell = stamp(v)
			}
		}
		value, err := t.encode(cell)
		if err != nil {
			return err
		}
		t.out.WriteByte(sep) // a bufio.Writer keeps its error for Flush
		t.out.Write(t.keys[i])
		t.out.Write(value)
		sep = ','
	}
	if sep == '{' {
		t.out.WriteByte(sep)
	}
	_, err := t.out.WriteString("}\n")
	return err
}

func (t *lines) close() error { return t.out.Flush() }
