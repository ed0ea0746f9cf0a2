package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/zstd"
	"github.com/ugorji/go/codec"

	"github.com/kaon-sweep/kaon/results"
)

// A batch is one object of a sweep's records/ folder:
//
//	 0  4  0x184D2A5B  a zstd skippable frame, so that `zstd -dc` prints the plain MessagePack
//	 4  4  24          its length
//	 8  8  "kaonrec" and the version, 1
//	16  4  number of records
//	20  4  length of the records, uncompressed
//	24  4  length of the rest of the object
//	28  4  CRC-32C of bytes 8 to 28 and of the rest
//	32  …  one zstd frame: the records, one MessagePack map after the other
//
// All numbers are little-endian.
const (
	batchMagic   = 0x184D2A5B
	batchHeader  = 32
	batchVersion = 1
	batchName    = "kaonrec"
)

// MaxBatch is the most that the records of one batch may take uncompressed, in bytes. A decoder never trusts
// a length beyond it: a hostile batch at the bound, all one-entry maps, costs about 50 times as much memory.
const MaxBatch = 8 << 20

// Reasons for a batch to be refused. ErrTruncated and ErrCorrupt mean the object was half written or damaged
// and may be skipped; ErrVersion means another version of kaon must read it.
var (
	ErrTruncated = errors.New("batch is cut short")
	ErrCorrupt   = errors.New("batch is damaged")
	ErrVersion   = errors.New("batch has a version this kaon does not read")
	ErrTooLarge  = fmt.Errorf("records exceed %d bytes", MaxBatch)
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Packer turns records into batches. It keeps buffers between batches and is not safe for concurrent use.
type Packer struct {
	raw   []byte
	count uint32
	enc   *codec.Encoder
	zip   *zstd.Encoder
	one   []byte
}

// NewPacker is an empty packer.
func NewPacker() *Packer {
	zip, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(1<<20))
	if err != nil {
		panic(err) // the options are constants
	}
	p := &Packer{zip: zip}
	p.enc = codec.NewEncoderBytes(&p.one, results.MessagePack)
	return p
}

// Add puts a record into the batch. ErrTooLarge means that it does not fit beside what is there; nothing has
// changed then.
func (p *Packer) Add(r results.Record) error {
	p.one = p.one[:0]
	p.enc.ResetBytes(&p.one)
	if err := p.enc.Encode(&r); err != nil {
		return fmt.Errorf("encode record of trial %d: %w", r.Trial, err)
	}
	if len(p.raw)+len(p.one) > MaxBatch {
		return fmt.Errorf("encode record of trial %d: %w", r.Trial, ErrTooLarge)
	}
	p.raw = append(p.raw, p.one...)
	p.count++
	return nil
}

// Len is the uncompressed length of the records added, in bytes.
func (p *Packer) Len() int { return len(p.raw) }

// Pack is the batch of the records added since the last Pack, as a new slice.
func (p *Packer) Pack() []byte {
	out := make([]byte, batchHeader, batchHeader+len(p.raw)/2+64)
	out = p.zip.EncodeAll(p.raw, out)
	le := binary.LittleEndian
	le.PutUint32(out[0:], batchMagic)
	le.PutUint32(out[4:], batchHeader-8)
	copy(out[8:], batchName)
	out[15] = batchVersion
	le.PutUint32(out[16:], p.count)
	le.PutUint32(out[20:], uint32(len(p.raw)))
	le.PutUint32(out[24:], uint32(len(out)-batchHeader))
	le.PutUint32(out[28:], batchSum(out))
	p.raw, p.count = p.raw[:0], 0
	return out
}

func batchSum(batch []byte) uint32 {
	return crc32.Update(crc32.Checksum(batch[8:28], castagnoli), castagnoli, batch[batchHeader:])
}

// Encode is one batch of the records. It fails with ErrTooLarge when they exceed MaxBatch.
func Encode(records []results.Record) ([]byte, error) {
	p := NewPacker()
	for _, r := range records {
		if err := p.Add(r); err != nil {
			return nil, err
		}
	}
	return p.Pack(), nil
}

// Batches is the records in as many batches as it takes, in their order. It fails with ErrTooLarge when one of them
// exceeds MaxBatch by itself.
func Batches(records []results.Record) ([][]byte, error) {
	var out [][]byte
	p := NewPacker()
	for _, r := range records {
		err := p.Add(r)
		if errors.Is(err, ErrTooLarge) && p.Len() > 0 {
			out = append(out, p.Pack())
			err = p.Add(r)
		}
		if err != nil {
			return nil, err
		}
	}
	if p.Len() > 0 {
		out = append(out, p.Pack())
	}
	return out, nil
}

// Unpacker reads batches. It keeps buffers between batches and is not safe for concurrent use.
type Unpacker struct {
	zip *zstd.Decoder
	raw []byte
	dec *codec.Decoder
}

// NewUnpacker is a reader of batches.
func NewUnpacker() *Unpacker {
	zip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxBatch),
		zstd.WithDecoderLowmem(true))
	if err != nil {
		panic(err) // the options are constants
	}
	return &Unpacker{zip: zip, dec: codec.NewDecoderBytes(nil, results.MessagePack)}
}

// Each calls f with every record of a batch, in order, and stops at f's first error, which it returns. Its
// own errors wrap ErrTruncated, ErrCorrupt or ErrVersion; all but malformed MessagePack under a right
// checksum are found before the first call of f.
func (u *Unpacker) Each(batch []byte, f func(results.Record) error) error {
	count, err := u.open(batch)
	if err != nil {
		return err
	}
	u.dec.ResetBytes(u.raw)
	for i := range count {
		var r results.Record
		if err := u.dec.Decode(&r); err != nil {
			return fmt.Errorf("decode record %d of %d: %w: %w", i+1, count, ErrCorrupt, err)
		}
		if err := f(r); err != nil {
			return err
		}
	}
	if rest := len(u.raw) - u.dec.NumBytesRead(); rest != 0 {
		return fmt.Errorf("%w: %d bytes after the last record", ErrCorrupt, rest)
	}
	return nil
}

// open checks a batch's header and sum and decompresses it into u.raw.
func (u *Unpacker) open(batch []byte) (count uint32, err error) {
	if len(batch) < batchHeader {
		return 0, fmt.Errorf("%w: %d bytes, the header alone has %d", ErrTruncated, len(batch), batchHeader)
	}
	le := binary.LittleEndian
	if le.Uint32(batch) != batchMagic || le.Uint32(batch[4:]) != batchHeader-8 || string(batch[8:15]) != batchName {
		return 0, fmt.Errorf("%w: it does not begin like a batch of records", ErrCorrupt)
	}
	if v := batch[15]; v != batchVersion {
		return 0, fmt.Errorf("%w: version %d, known is %d; a newer kaon wrote it", ErrVersion, v, batchVersion)
	}
	count, rawLen, packed := le.Uint32(batch[16:]), le.Uint32(batch[20:]), le.Uint32(batch[24:])
	switch have := uint32(min(len(batch)-batchHeader, 1<<31)); {
	case have < packed:
		return 0, fmt.Errorf("%w: %d of %d bytes", ErrTruncated, len(batch), uint64(packed)+batchHeader)
	case have > packed:
		return 0, fmt.Errorf("%w: %d bytes after its end", ErrCorrupt, have-packed)
	}
	if got, want := batchSum(batch), le.Uint32(batch[28:]); got != want {
		return 0, fmt.Errorf("%w: checksum %08x, header says %08x", ErrCorrupt, got, want)
	}
	if rawLen > MaxBatch || count > rawLen {
		return 0, fmt.Errorf("%w: %d records in %d bytes", ErrCorrupt, count, rawLen)
	}
	u.raw, err = u.zip.DecodeAll(batch[batchHeader:], u.raw[:0])
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if len(u.raw) != int(rawLen) {
		return 0, fmt.Errorf("%w: %d bytes of records, header says %d", ErrCorrupt, len(u.raw), rawLen)
	}
	return count, nil
}

// Decode is the records of batches, one after the other, with the errors of Unpacker.Each.
func Decode(batches ...[]byte) (records []results.Record, err error) {
	u := NewUnpacker()
	for _, batch := range batches {
		err = u.Each(batch, func(r results.Record) error {
			records = append(records, r)
			return nil
		})
		if err != nil {
			break
		}
	}
	return records, err
}
