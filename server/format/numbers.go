package format

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

// Plural is a number of things: "1 trial", "2,000 trials".
func Plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return Grouped(big.NewInt(int64(n))) + " " + thing
}

// Grouped writes a number with commas: 1,000,000.
func Grouped(n *big.Int) string {
	s := n.String()
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Digits is how many a number shows to people that is not whole.
const Digits = 6

// Value is a number for people: whole ones as they are, others to six digits.
func Value(v float64) string {
	const whole = 1 << 53 // from here on not every integer is a float64
	if v == math.Trunc(v) && math.Abs(v) < whole {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', Digits, 64)
}

// Bytes is a size for people, in its largest unit: 512 bytes, 1.5 MB.
func Bytes(n int64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB"}
	v, i := float64(n), 0
	for v >= 1000 && i < len(units)-1 {
		v, i = v/1000, i+1
	}
	if i == 0 {
		return Plural(int(n), "byte")
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + " " + units[i]
}

// OneLine is an error without its line breaks.
func OneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", ": ") }

// Quantity is how much of a resource, for people.
func Quantity(name string, v resource.Milli) string {
	n, unit := Value(float64(v)/float64(resource.Unit)), name
	switch name {
	case "cpus", "ports":
		if v == resource.Unit {
			unit = strings.TrimSuffix(name, "s")
		}
	case "mem":
		unit = "MB of memory"
	case "disk":
		unit = "MB of disk"
	case "gpus":
		if unit = "GPUs"; v == resource.Unit {
			unit = "GPU"
		}
	}
	return n + " " + unit
}
