package executor

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

var units = []struct {
	name string
	unit time.Duration
}{
	// Longest names first, since "ns" also ends in "s".
	{"weeks", 7 * 24 * time.Hour}, {"days", 24 * time.Hour}, {"mins", time.Minute}, {"secs", time.Second},
	{"hrs", time.Hour}, {"ms", time.Millisecond}, {"us", time.Microsecond}, {"ns", time.Nanosecond},
}

// parseDuration reads a duration as Mesos writes it: 15mins, 5secs, 1.5hrs.
func parseDuration(text string) (time.Duration, error) {
	for _, u := range units {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		x, err := strconv.ParseFloat(digits, 64)
		if err != nil || !(x >= 0 && x*float64(u.unit) < 1<<62) {
			break
		}
		return time.Duration(x * float64(u.unit)), nil
	}
	const want = "a number and one of ns, us, ms, secs, mins, hrs, days, weeks"
	return 0, fmt.Errorf("read duration %q: want %s", text, want)
}
