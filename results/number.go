package results

import (
	"fmt"
	"math"
	"strconv"

	"github.com/kaon-sweep/kaon/sweep"
)

// Number is a float64 that JSON can hold: NaN and the infinities are the strings "NaN", "Infinity" and
// "-Infinity", which Go, Python and JavaScript all parse back. Finite numbers are written shortest, so that
// reading gives the same bits.
type Number float64

// MarshalJSON writes the number, or its name when it is not finite.
func (n Number) MarshalJSON() ([]byte, error) { return n.append(nil), nil }

func (n Number) append(b []byte) []byte {
	if sweep.IsFinite(float64(n)) {
		return append(b, n.String()...)
	}
	return append(append(append(b, '"'), n.String()...), '"')
}

// UnmarshalJSON reads a number, or one of the three names.
func (n *Number) UnmarshalJSON(b []byte) error {
	s := string(b)
	switch s {
	case `"NaN"`, `"Infinity"`, `"-Infinity"`:
		s = s[1 : len(s)-1]
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return fmt.Errorf("read number %s: want a number, \"NaN\", \"Infinity\" or \"-Infinity\"", b)
	}
	*n = Number(f)
	return nil
}

// String is the shortest decimal that parses back to the same bits: 0.1, 1e-07, NaN, Infinity.
func (n Number) String() string { return string(n.Append(nil)) }

// Append adds what String gives to buf. As lines of metrics have it, NaN and the infinities stand without quotation
// marks.
func (n Number) Append(buf []byte) []byte {
	f := float64(n)
	switch a := math.Abs(f); {
	case math.IsInf(f, 1):
		return append(buf, "Infinity"...)
	case math.IsInf(f, -1):
		return append(buf, "-Infinity"...)
	case a != 0 && (a < 1e-6 || a >= 1e21):
		return strconv.AppendFloat(buf, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(buf, f, 'f', -1, 64)
}
