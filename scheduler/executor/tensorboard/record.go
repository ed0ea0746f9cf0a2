package tensorboard

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// A record is its length (8 bytes), the length's checksum (4), the data, and the data's checksum (4):
// https://www.tensorflow.org/tutorials/load_data/tfrecord
const (
	headSize = 12
	tailSize = 4
)

// maxRecord is how long a record is looked at. Scalars are far shorter; images, audio and graphs are passed over.
const maxRecord = 256 << 10

var errDamaged = errors.New("a checksum is wrong")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is the checksum of the format: a CRC32C, rotated and shifted so that checksums of checksums differ.
func masked(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}

// recordLength is the length of the data behind a record's head.
func recordLength(head []byte) (uint64, error) {
	if masked(head[:8]) != binary.LittleEndian.Uint32(head[8:headSize]) {
		return 0, errDamaged
	}
	return binary.LittleEndian.Uint64(head), nil
}

// recordData is a record's data without its checksum, which is the end of what is given.
func recordData(data []byte) ([]byte, error) {
	end := len(data) - tailSize
	if masked(data[:end]) != binary.LittleEndian.Uint32(data[end:]) {
		return nil, errDamaged
	}
	return data[:end], nil
}
