package protocol

import (
	"math/rand/v2"

	"github.com/google/uuid"
)

// IDSource makes ids, and decides order, from a seed: the same seed and the same inputs give the same ids,
// which makes a failure of the simulation repeatable.
type IDSource struct{ *rand.Rand }

// NewIDSource makes a source; streams of one seed are independent of each other.
func NewIDSource(seed, stream uint64) IDSource { return IDSource{rand.New(rand.NewPCG(seed, stream))} }

// UUID returns a version 4 UUID as its 16 bytes.
func (s IDSource) UUID() []byte {
	var b [16]byte
	for i := 0; i < 16; i += 8 {
		v := s.Uint64()
		for j := range 8 {
			b[i+j] = byte(v >> (8 * j))
		}
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return b[:]
}

// UUIDText returns a version 4 UUID in its usual notation.
func (s IDSource) UUIDText() string { return uuid.UUID(s.UUID()).String() }

// ValidUUID is Mesos's test of the uuids that executors and schedulers send: 16 bytes whose version nibble is
// one of RFC 4122's five (stout's UUID::fromBytes on boost's version()). The variant is not looked at.
func ValidUUID(b []byte) bool {
	return len(b) == 16 && b[6]>>4 >= 1 && b[6]>>4 <= 5
}
