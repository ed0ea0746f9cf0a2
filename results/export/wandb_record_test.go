package export

import (
	"bytes"
	"encoding/binary"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// Records of any length are cut at blocks, and put together again, however often the file was written to in between.
func TestWandbRecordsCrossBlocks(t *testing.T) {
	l := newWandbLog()
	var file []byte
	sizes := []int{0, 1, wandbBlock - 40, 5, 100_000, 3}
	for i := range 200 {
		sizes = append(sizes, 32_730+i%12, 7)
	}
	for i, n := range sizes {
		l.add(wandbHistory, bytes.Repeat([]byte{byte(i)}, n))
		if i%3 == 0 {
			file = append(file, l.flushed()...)
		}
	}
	file = append(file, l.flushed()...)
	var record []byte
	found := 0
	for at := len(wandbHeader); at < len(file); {
		if room := wandbBlock - at%wandbBlock; room < wandbPiece {
			if len(bytes.Trim(file[at:at+room], "\x00")) > 0 {
				t.Fatalf("the end of a block at %d is not empty", at)
			}
			at += room
			continue
		}
		n := int(binary.LittleEndian.Uint16(file[at+4:]))
		if at%wandbBlock+wandbPiece+n > wandbBlock {
			t.Fatalf("a piece at %d goes beyond its block", at)
		}
		record = append(record, file[at+wandbPiece:at+wandbPiece+n]...)
		if kind := file[at+6]; kind == pieceWhole || kind == pieceLast {
			want := protowire.AppendVarint([]byte{8}, uint64(found+1))
			want = appendMessage(want, wandbHistory, bytes.Repeat([]byte{byte(found)}, sizes[found]))
			if !bytes.Equal(record, want) {
				t.Fatalf("record %d has %d bytes, want %d", found, len(record), len(want))
			}
			found, record = found+1, nil
		}
		at += wandbPiece + n
	}
	if found != len(sizes) {
		t.Errorf("%d of %d records", found, len(sizes))
	}
}
