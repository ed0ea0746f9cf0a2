package store

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
)

// ErrDamaged: a manifest is not what was written, or not of the sweep it lies with.
var ErrDamaged = errors.New("it is damaged")

// A sealed manifest has one more field, the last: a checksum of the text without that field. Those of before
// have none.
const (
	sealBegins = ",\n  \"checksum\": \"crc32c-"
	sealDigits = 8
	sealEnds   = "\"\n}\n"
	sealed     = "\n}\n"
)

// seal adds the checksum to an object as EncodeJSON writes it.
func seal(data []byte) []byte {
	body, ok := bytes.CutSuffix(data, []byte(sealed))
	if !ok {
		return data
	}
	return fmt.Appendf(nil, "%s%s%0*x%s", body, sealBegins, sealDigits, crc32.Checksum(body, castagnoli), sealEnds)
}

// unseal compares a manifest with its checksum, if it has one.
func unseal(data []byte) error {
	body, ok := bytes.CutSuffix(data, []byte(sealEnds))
	if !ok || len(body) < len(sealBegins)+sealDigits {
		return nil
	}
	sum := string(body[len(body)-sealDigits:])
	body, ok = bytes.CutSuffix(body[:len(body)-sealDigits], []byte(sealBegins))
	if !ok {
		return nil
	}
	if got := fmt.Sprintf("%0*x", sealDigits, crc32.Checksum(body, castagnoli)); got != sum {
		return fmt.Errorf("%w: its checksum is %s, and it says %s", ErrDamaged, got, sum)
	}
	return nil
}
