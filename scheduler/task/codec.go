package task

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/ugorji/go/codec"

	"github.com/kaon-sweep/kaon/results"
)

// MaxBytes bounds a message that Decode takes. Mesos itself refuses protobuf messages beyond 64 MiB; an
// Order is a few KiB and the executor closes a Report at a few hundred, so 8 MiB only stops nonsense.
const MaxBytes = 8 << 20

// maxDepth bounds nesting; the deepest message, a Report, has five levels.
const maxDepth = 16

// Message is what Encode and Decode carry.
type Message interface{ Order | Report | Control }

// ErrVersion is in the error of Decode when the other side speaks another version.
var ErrVersion = errors.New("foreign version")

var handle = newHandle()

func newHandle() *codec.MsgpackHandle {
	h := results.NewMessagePack(maxDepth)
	h.MapType = reflect.TypeFor[map[string]any]()
	return h
}

var (
	encoders = sync.Pool{New: func() any { return codec.NewEncoderBytes(nil, handle) }}
	decoders = sync.Pool{New: func() any { return codec.NewDecoderBytes(nil, handle) }}
)

// Encode writes one message. It cannot fail: all three types are plain data. The bytes are the caller's.
func Encode[M Message](m M) []byte {
	e := encoders.Get().(*codec.Encoder)
	defer encoders.Put(e)
	body := make([]byte, 0, 256)
	e.ResetBytes(&body)
	if err := e.Encode(&m); err != nil {
		panic(fmt.Sprintf("encode %T: %v", m, err))
	}
	out := make([]byte, 1+len(body))
	out[0] = Version
	copy(out[1:], body)
	return out
}

// Decode reads one message of the given type. It refuses messages of another version (ErrVersion), longer
// than MaxBytes, too deeply nested, cut short or with bytes left over. The result shares nothing with data.
func Decode[M Message](data []byte) (M, error) {
	var m M
	switch {
	case len(data) == 0:
		return m, fmt.Errorf("decode %T: no data", m)
	case len(data) > MaxBytes:
		return m, fmt.Errorf("decode %T: %d bytes, more than %d", m, len(data), MaxBytes)
	case data[0] != Version:
		return m, fmt.Errorf("decode %T: version %d, this side speaks %d: use one kaon release on both sides: %w",
			m, data[0], Version, ErrVersion)
	}
	if err := check(data[1:]); err != nil {
		return m, fmt.Errorf("decode %T: %w", m, err)
	}
	d := decoders.Get().(*codec.Decoder)
	defer decoders.Put(d)
	d.ResetBytes(data[1:])
	if err := d.Decode(&m); err != nil {
		var none M
		return none, fmt.Errorf("decode %T: %w", m, err)
	}
	return m, nil
}

// Stamp adds Report.Sent and Report.Asks to an encoded Report that has neither, without decoding it: a map of at most
// 15 entries, by MessagePack, whose number of entries is in its first byte.
func Stamp(report []byte, sent uint64, asks bool) []byte {
	const fixMap, most = 0x80, 13
	const sentKey, asksTrue = "\xa4sent\xcf", "\xa4asks\xc3"
	if len(report) < 2 || report[1]&0xf0 != fixMap || report[1]&0x0f > most {
		return report
	}
	out := append(make([]byte, 0, len(report)+len(sentKey)+8+len(asksTrue)), report...)
	out[1]++
	out = binary.BigEndian.AppendUint64(append(out, sentKey...), sent)
	if asks {
		out[1]++
		out = append(out, asksTrue...)
	}
	return out
}
