package archive

import "testing"

// What is too large looks larger than its bound.
func TestSizesDiffer(t *testing.T) {
	for _, c := range []struct {
		got, most  int64
		says, than string
	}{
		{3 << 30, 1 << 20, "3072 MB", "1 MB"},
		{2<<20 + 1, 2 << 20, "2097153 bytes", "2097152 bytes"},
		{3<<20 - 1, 2 << 20, "3145727 bytes", "2097152 bytes"},
		{3 << 20, 2 << 20, "3 MB", "2 MB"},
		{1 << 20, 500_000, "1048576 bytes", "500000 bytes"},
		{900_000, 500_000, "900000 bytes", "500000 bytes"},
		{2, 1, "2 bytes", "1 byte"},
	} {
		if says, than := Sizes(c.got, c.most); says != c.says || than != c.than {
			t.Errorf("%d over %d: %s and %s, want %s and %s", c.got, c.most, says, than, c.says, c.than)
		}
	}
}
