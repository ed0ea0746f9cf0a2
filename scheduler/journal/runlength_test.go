package journal

import "testing"

// What was packed is counted as it was, within a bound, and what is damaged is refused.
func TestCountRuns(t *testing.T) {
	numbers := []uint8{1, 1, 3, 3, 3, 0}
	packed := PackRuns(numbers)
	if n, err := CountRuns(packed, len(numbers)); n != len(numbers) || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := CountRuns(packed, len(numbers)-1); err == nil {
		t.Errorf("%d of fewer", n)
	}
	if n, err := CountRuns(packed[:len(packed)-1], len(numbers)); err == nil {
		t.Errorf("%d of a part", n)
	}
}
