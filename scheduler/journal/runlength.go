package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// PackRuns writes numbers as pairs of uvarints, value and how often it repeats: trials of a sweep mostly end
// alike, so a million of them take a few bytes.
func PackRuns[T uint8 | uint16](numbers []T) []byte {
	var b []byte
	for i := 0; i < len(numbers); {
		j := i + 1
		for j < len(numbers) && numbers[j] == numbers[i] {
			j++
		}
		b = binary.AppendUvarint(b, uint64(numbers[i]))
		b = binary.AppendUvarint(b, uint64(j-i))
		i = j
	}
	return b
}

// CountRuns is how many numbers PackRuns wrote; an error when there are more than most.
func CountRuns(b []byte, most int) (n int, err error) {
	for len(b) > 0 {
		_, one := binary.Uvarint(b)
		if one <= 0 {
			return 0, errors.New("count runs: damaged value")
		}
		count, two := binary.Uvarint(b[one:])
		if two <= 0 || count > uint64(most-n) {
			return 0, errors.New("count runs: damaged count")
		}
		n += int(count)
		b = b[one+two:]
	}
	return n, nil
}

// UnpackRuns fills numbers with what PackRuns wrote; the lengths must agree.
func UnpackRuns[T uint8 | uint16](b []byte, numbers []T) error {
	for i := 0; ; {
		if len(b) == 0 {
			if i != len(numbers) {
				return fmt.Errorf("unpack runs: %d numbers, want %d", i, len(numbers))
			}
			return nil
		}
		v, n := binary.Uvarint(b)
		if n <= 0 || v > uint64(^T(0)) {
			return errors.New("unpack runs: damaged value")
		}
		count, m := binary.Uvarint(b[n:])
		if m <= 0 || count > uint64(len(numbers)-i) {
			return errors.New("unpack runs: damaged count")
		}
		b = b[n+m:]
		for range count {
			numbers[i] = T(v)
			i++
		}
	}
}
