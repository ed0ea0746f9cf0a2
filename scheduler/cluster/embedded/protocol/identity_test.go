package protocol

import (
	"testing"

	"pgregory.net/rapid"
)

// A uuid is what stout takes for one, whatever its variant.
func TestUUIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := NewIDSource(rapid.Uint64().Draw(t, "seed"), 1)
		if id := s.UUID(); !ValidUUID(id) || len(s.UUIDText()) != 36 {
			t.Fatalf("% x", id)
		}
		b := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes")
		if v := b[6] >> 4; ValidUUID(b) != (v >= 1 && v <= 5) {
			t.Fatalf("% x", b)
		}
		if short := b[:rapid.IntRange(0, 15).Draw(t, "length")]; ValidUUID(short) {
			t.Fatalf("% x", short)
		}
	})
}
