package board

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/maphash"

	"github.com/klauspost/compress/zstd"
	"github.com/ugorji/go/codec"

	"github.com/kaon-sweep/kaon/results"
)

// endBlock is how much is compressed together: large enough that sandboxes, agents and parameters, which
// repeat from trial to trial, cost a tenth; small enough that reading one End back takes some 50 µs.
const endBlock = 64 << 10

// endRef is where an End lies in the store: block, and offset there of its length and bytes.
type endRef struct{ block, offset uint32 }

// endStore keeps the Ends of all attempts compressed, since a million of them with parameters, sandbox and
// stderr would take most of a gigabyte. Ends are only added; one that was replaced stays as waste.
type endStore struct {
	blocks  [][]byte // compressed
	open    []byte   // block number len(blocks), not yet compressed
	cached  int      // number of the block in cache, -1 none
	cache   []byte
	scratch []byte // what compression needs room for, far more than it leaves
	zip     *zstd.Encoder
	unzip   *zstd.Decoder
	seed    maphash.Seed
	one     []byte
	enc     *codec.Encoder
	dec     *codec.Decoder
}

// endPart is what lists are sorted by, besides values: the rest of an End is not copied. Its parameters are valid until
// the next call.
type endPart struct {
	StartMs int64           `codec:"start_ms"`
	EndMs   int64           `codec:"end_ms"`
	Params  json.RawMessage `codec:"params"`
}

func newEndStore() *endStore {
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(endBlock))
	if err != nil {
		panic(err) // the options are constants
	}
	unzip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic(err)
	}
	e := &endStore{cached: -1, zip: zip, unzip: unzip, seed: maphash.MakeSeed()}
	e.enc, e.dec = codec.NewEncoderBytes(&e.one, results.MessagePack), codec.NewDecoderBytes(nil, results.MessagePack)
	return e
}

// pack is End as bytes, equal for equal Ends, valid until the next pack; and a hash of them.
func (e *endStore) pack(end *results.End) ([]byte, uint64, error) {
	e.one = e.one[:0]
	e.enc.ResetBytes(&e.one)
	if err := e.enc.Encode(end); err != nil {
		return nil, 0, fmt.Errorf("encode end: %w", err)
	}
	return e.one, maphash.Bytes(e.seed, e.one), nil
}

// add stores packed bytes.
func (e *endStore) add(packed []byte) endRef {
	if len(e.open)+len(packed) > endBlock && len(e.open) > 0 {
		e.scratch = e.zip.EncodeAll(e.open, e.scratch[:0])
		e.blocks = append(e.blocks, bytes.Clone(e.scratch))
		e.open = e.open[:0]
	}
	ref := endRef{uint32(len(e.blocks)), uint32(len(e.open))}
	e.open = append(binary.AppendUvarint(e.open, uint64(len(packed))), packed...)
	return ref
}

// packed is what add was given, valid until the next call.
func (e *endStore) packed(ref endRef) []byte {
	block := e.open
	if int(ref.block) < len(e.blocks) {
		if e.cached != int(ref.block) {
			var err error
			if e.cache, err = e.unzip.DecodeAll(e.blocks[ref.block], e.cache[:0]); err != nil {
				panic(fmt.Errorf("decompress own block: %w", err)) // we compressed it
			}
			e.cached = int(ref.block)
		}
		block = e.cache
	}
	length, n := binary.Uvarint(block[ref.offset:])
	return block[int(ref.offset)+n:][:length]
}

// get is a stored End.
func (e *endStore) get(ref endRef) results.End {
	var end results.End
	if err := codec.NewDecoderBytes(bytes.Clone(e.packed(ref)), results.MessagePack).Decode(&end); err != nil {
		panic(fmt.Errorf("decode own end: %w", err)) // we encoded it
	}
	return end
}

// part is a part of a stored End.
func (e *endStore) part(ref endRef) (p endPart) {
	e.dec.ResetBytes(e.packed(ref))
	if err := e.dec.Decode(&p); err != nil {
		panic(fmt.Errorf("decode own end: %w", err)) // we encoded it
	}
	return p
}
