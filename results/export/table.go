package export

import (
	"fmt"
	"io"
)

// Format is how a table is written.
type Format string

const (
	CSV     Format = "csv"     // RFC 4180 with a header; UTF-8
	JSON    Format = "jsonl"   // one object per line; what is not known is left out
	Parquet Format = "parquet" // every column optional, zstd
)

// kind is the type of a column, and so of its cells.
type kind uint8

const (
	integer  kind = iota // int64
	unsigned             // uint64
	real                 // float64
	boolean              // bool
	text                 // string
	document             // json.RawMessage: values of mixed types, and lists
	instant              // int64, Unix milliseconds
)

type column struct {
	name string
	kind kind
}

// table writes rows. A cell is nil or the Go type of its column's kind.
type table interface {
	row(cells []any) error
	close() error
}

func newTable(w io.Writer, f Format, columns []column) (table, error) {
	switch f {
	case CSV:
		return newCSV(w, columns)
	case JSON:
		return newLines(w, columns), nil
	case Parquet:
		return newParquet(w, columns), nil
	}
	return nil, fmt.Errorf("export: format %q is not known", f)
}
