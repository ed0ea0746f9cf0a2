package tfevents

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// A record is its length (8 bytes), the length's checksum (4), the data, and the data's checksum (4):
// https://www.tensorflow.org/tutorials/load_data/tfrecord
const (
	HeadSize = 12
	TailSize = 4
)

// ErrDamaged is of records whose checksums are wrong.
var ErrDamaged = errors.New("a checksum is wrong")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Checksum is that of the format: a CRC32C, rotated and shifted so that checksums of checksums differ.
func Checksum(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}

// Length is the length of the data behind a record's head.
func Length(head []byte) (uint64, error) {
	if Checksum(head[:8]) != binary.LittleEndian.Uint32(head[8:HeadSize]) {
		return 0, ErrDamaged
	}
	return binary.LittleEndian.Uint64(head), nil
}

// Data is a record's data without its checksum, which is the end of what is given.
func Data(data []byte) ([]byte, error) {
	end := len(data) - TailSize
	if Checksum(data[:end]) != binary.LittleEndian.Uint32(data[end:]) {
		return nil, ErrDamaged
	}
	return data[:end], nil
}

// AppendRecord appends data as a record.
func AppendRecord(b, data []byte) []byte {
	head := len(b)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, Checksum(b[head:]))
	return binary.LittleEndian.AppendUint32(append(b, data...), Checksum(data))
}
