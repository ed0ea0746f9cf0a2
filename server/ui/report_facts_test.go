package ui

import "testing"

// Whole numbers of reports are written in full: a seed or a number of steps is no measurement.
func TestShortKeepsWholeNumbers(t *testing.T) {
	for cell, want := range map[any]string{131072.0: "131072", 123457.0: "123457", 0.123456789: "0.123457", "a": "a"} {
		if got := short(cell); got != want {
			t.Errorf("%v is %s, want %s", cell, got, want)
		}
	}
}
