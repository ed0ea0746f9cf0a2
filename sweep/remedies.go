package sweep

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var unitWords = regexp.MustCompile(`^([0-9.]+)\s*([A-Za-z]+)$`)

var clock = regexp.MustCompile(`^([0-9]+):([0-5]?[0-9]):([0-5]?[0-9])$`)

// durationOf is the remedy for a duration in other words.
func durationOf(text string) string {
	if m := unitWords.FindStringSubmatch(text); m != nil {
		for unit, words := range map[string]string{"s": "s sec secs second seconds",
			"m": "m min mins minute minutes", "h": "h hr hrs hour hours", "d": "d day days"} {
			if slices.Contains(strings.Fields(words), strings.ToLower(m[2])) {
				return "write `" + m[1] + unit + "`"
			}
		}
	}
	if m := clock.FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("write `%sh%sm%ss`", m[1], m[2], m[3])
	}
	return "write 90s, 15m, 2h30m, 1d, or a number of seconds"
}

// amountIn is the remedy for an amount in other units; "": none.
func amountIn(text string, inBytes bool) string {
	m := unitWords.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	unit := strings.ToLower(m[2])
	for _, long := range []string{"kilo", "mega", "giga", "tera", "kibi", "mebi", "gibi", "tebi"} {
		if rest := strings.TrimSuffix(strings.TrimPrefix(unit, long), "s"); rest == "byte" {
			unit = long[:1] + "b"
		}
	}
	switch x, err := strconv.ParseFloat(m[1], 64); {
	case err != nil:
	case !inBytes && unit == "m":
		return "write `" + strconv.FormatFloat(x/1000, 'f', -1, 64) + "`"
	case !inBytes && strings.Contains("cores cpus gpus vcpus threads devices", unit):
		return "write `" + m[1] + "`"
	case inBytes && strings.Contains("kmgtp", unit[:1]) && strings.Contains("b ib i", unit[1:]):
		u := strings.ToUpper(unit[:1]) + "B"
		if strings.Contains(unit, "i") {
			u = strings.ToUpper(unit[:1]) + "iB"
		}
		return "write `" + m[1] + u + "`"
	}
	return ""
}
