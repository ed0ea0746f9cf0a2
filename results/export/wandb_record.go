package export

import (
	"encoding/binary"
	"hash/crc32"

	"google.golang.org/protobuf/encoding/protowire"
)

// A file of an offline run is a header and then records in blocks, as LevelDB's logs are: a record that does not fit a
// block goes on in the next, and each piece has a checksum.
const (
	wandbBlock  = 32 << 10
	wandbPiece  = 7 // bytes before a piece: checksum, length, kind
	wandbHeader = ":W&B\xe1\xbe\x00"
)

// Kinds of pieces.
const (
	pieceWhole = iota + 1
	pieceFirst
	pieceMiddle
	pieceLast
)

// wandbLog is a file of an offline run in the making.
type wandbLog struct {
	rest   []byte // that is not written yet
	before int64  // bytes that are
	number uint64 // of the last record
}

func newWandbLog() *wandbLog { return &wandbLog{rest: []byte(wandbHeader)} }

// flushed takes what is not written.
func (l *wandbLog) flushed() []byte {
	rest := l.rest
	l.before, l.rest = l.before+int64(len(rest)), nil
	return rest
}

// add appends a record, whose content is a field of W&B's Record.
func (l *wandbLog) add(field protowire.Number, content []byte) {
	l.number++
	record := protowire.AppendTag(nil, 1, protowire.VarintType)
	record = protowire.AppendVarint(record, l.number)
	record = appendMessage(record, field, content)
	for first := true; first || len(record) > 0; first = false {
		room := wandbBlock - int((l.before+int64(len(l.rest)))%wandbBlock)
		if room < wandbPiece {
			l.rest = append(l.rest, make([]byte, room)...)
			room = wandbBlock
		}
		n := min(room-wandbPiece, len(record))
		kind := byte(pieceMiddle)
		switch last := n == len(record); {
		case first && last:
			kind = pieceWhole
		case first:
			kind = pieceFirst
		case last:
			kind = pieceLast
		}
		sum := crc32.ChecksumIEEE(append([]byte{kind}, record[:n]...))
		l.rest = binary.LittleEndian.AppendUint32(l.rest, sum)
		l.rest = binary.LittleEndian.AppendUint16(l.rest, uint16(n))
		l.rest = append(append(l.rest, kind), record[:n]...)
		record = record[n:]
	}
}

func appendMessage(b []byte, field protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), content)
}

func appendText(b []byte, field protowire.Number, text string) []byte {
	if text == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), text)
}

// wandbItem is a name and its value as JSON, as configurations, histories and summaries have them. Names stand as they
// are, as the only key of a path: a dot in one means nothing.
func wandbItem(name string, json []byte) []byte {
	const nested, value = 2, 16
	return appendMessage(appendText(nil, nested, name), value, json)
}
