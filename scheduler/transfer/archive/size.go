package archive

import "fmt"

const mb = 1 << 20

// Sizes writes a size that is beyond a bound, and the bound, so that people see that it is: in whole
// megabytes where these differ.
func Sizes(got, most int64) (string, string) {
	if most%mb == 0 && got/mb > most/mb {
		return fmt.Sprintf("%d MB", got/mb), fmt.Sprintf("%d MB", most/mb)
	}
	return bytesOf(got), bytesOf(most)
}

// Size writes a number of bytes for people: in whole megabytes, rounded down, from one on.
func Size(n int64) string {
	if n >= mb {
		return fmt.Sprintf("%d MB", n/mb)
	}
	return bytesOf(n)
}

func bytesOf(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}
