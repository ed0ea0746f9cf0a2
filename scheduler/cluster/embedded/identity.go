package embedded

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
)

// source gives ids and order from a seed: the same seed and the same inputs give the same ids.
type source struct{ *rand.Rand }

func newSource(seed, stream uint64) source { return source{rand.New(rand.NewPCG(seed, stream))} }

// uuid returns a version 4 UUID as its 16 bytes.
func (s source) uuid() []byte {
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

// uuidText returns a version 4 UUID in its usual notation.
func (s source) uuidText() string { return uuidText(s.uuid()) }

func uuidText(b []byte) string {
	h := hex.EncodeToString(b)
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}

// validUUID is Mesos's test of the uuids that executors and schedulers send: 16 bytes whose version nibble is one
// of RFC 4122's five (stout's UUID::fromBytes on boost's version()). The variant is not looked at.
func validUUID(b []byte) bool {
	return len(b) == 16 && b[6]>>4 >= 1 && b[6]>>4 <= 5
}
