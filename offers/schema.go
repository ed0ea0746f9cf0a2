package offers

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/hashicorp/go-memdb"
)

const (
	agentTable = "agents"
	binTable   = "bins"
)

var errKey = errors.New("key a row of the offer index: not a row of this table")

// schema has one index per table. A second one would double what a pass writes.
func schema() *memdb.DBSchema {
	return &memdb.DBSchema{Tables: map[string]*memdb.TableSchema{
		agentTable: {Name: agentTable, Indexes: map[string]*memdb.IndexSchema{
			"id": {Name: "id", Unique: true, Indexer: shelfIndexer{}},
		}},
		binTable: {Name: binTable, Indexes: map[string]*memdb.IndexSchema{
			"id": {Name: "id", Unique: true, Indexer: binIndexer{}},
		}},
	}}
}

// shelfIndexer keys shelves by their number: agents lie in order of first appearance.
type shelfIndexer struct{}

func (shelfIndexer) FromObject(row any) (bool, []byte, error) {
	s, ok := row.(*shelf)
	if !ok {
		return false, nil, errKey
	}
	return true, binary.BigEndian.AppendUint32(nil, s.at), nil
}

func (shelfIndexer) FromArgs(args ...any) ([]byte, error) {
	if n, ok := args[0].(uint32); ok && len(args) == 1 {
		return binary.BigEndian.AppendUint32(nil, n), nil
	}
	return nil, fmt.Errorf("look up a shelf by %v: %w", args, errKey)
}

// binIndexer keys bins by the order-preserving key of what they hold.
type binIndexer struct{}

func (binIndexer) FromObject(row any) (bool, []byte, error) {
	b, ok := row.(*bin)
	if !ok {
		return false, nil, errKey
	}
	return true, b.key, nil
}

func (binIndexer) FromArgs(args ...any) ([]byte, error) {
	if key, ok := args[0].([]byte); ok && len(args) == 1 {
		return key, nil
	}
	return nil, fmt.Errorf("look up a bin by %v: %w", args, errKey)
}

func (binIndexer) PrefixFromArgs(args ...any) ([]byte, error) {
	if prefix, ok := args[0].(string); ok && len(args) == 1 {
		return []byte(prefix), nil
	}
	return nil, fmt.Errorf("look up bins by prefix %v: %w", args, errKey)
}
