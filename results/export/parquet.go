package export

import (
	"encoding/json"
	"io"
	"reflect"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// groupRows is how many rows are held in memory and make one row group: a few MB at the usual dozen columns.
const groupRows = 20_000

type parquetTable struct {
	out  *parquet.GenericWriter[any]
	row1 []parquet.Row // one row, as WriteRows wants it
}

func newParquet(w io.Writer, columns []column) *parquetTable {
	schema := parquet.NewSchema("kaon", newGroup(columns))
	return &parquetTable{
		out: parquet.NewGenericWriter[any](w, schema, parquet.Compression(&parquet.Zstd),
			parquet.MaxRowsPerRowGroup(groupRows)),
		row1: []parquet.Row{make(parquet.Row, len(columns))},
	}
}

func (t *parquetTable) row(cells []any) error {
	for i, cell := range cells {
		t.row1[0][i] = value(cell, i)
	}
	_, err := t.out.WriteRows(t.row1)
	return err
}

func (t *parquetTable) close() error { return t.out.Close() }

func value(cell any, column int) parquet.Value {
	var v parquet.Value
	switch c := cell.(type) {
	case nil:
		return v.Level(0, 0, column)
	case json.RawMessage:
		v = parquet.ByteArrayValue(c)
	case uint64:
		v = parquet.Int64Value(int64(c)) // Parquet keeps unsigned numbers in the same bits
	default:
		v = parquet.ValueOf(c)
	}
	return v.Level(0, 1, column)
}

// group is the schema's root. parquet.Group would sort the columns by name.
type group struct {
	parquet.Group
	fields []parquet.Field
}

func newGroup(columns []column) *group {
	g := &group{Group: parquet.Group{}}
	order := map[string]int{}
	for i, c := range columns {
		g.Group[c.name] = parquet.Optional(leaf(c.kind))
		order[c.name] = i
	}
	g.fields = g.Group.Fields()
	slices.SortFunc(g.fields, func(a, b parquet.Field) int { return order[a.Name()] - order[b.Name()] })
	return g
}

// Fields is the columns in our order.
func (g *group) Fields() []parquet.Field { return g.fields }

// GoType is not a struct, whose fields could not have our columns' names.
func (g *group) GoType() reflect.Type { return reflect.TypeFor[map[string]any]() }

func leaf(k kind) parquet.Node {
	switch k {
	case integer:
		return parquet.Int(64)
	case unsigned:
		return parquet.Uint(64)
	case real:
		return parquet.Leaf(parquet.DoubleType)
	case boolean:
		return parquet.Leaf(parquet.BooleanType)
	case document:
		return parquet.JSON()
	case instant:
		return parquet.Timestamp(parquet.Millisecond)
	}
	return parquet.String()
}
