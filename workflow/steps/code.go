package steps

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// withValues puts definitions of values before code of a kind that Livy runs; in SQL literals stand for :name.
func withValues(code, kind string, values map[string]any) (string, error) {
	if kind == "sql" {
		return sqlWithValues(code, values)
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		literal, err := codeLiteral(kind, values[name])
		if err != nil {
			return "", wrong("parameters.%s: %w", name, err)
		}
		for i := range len(name) {
			if !letter(name[i]) && (i == 0 || !digit(name[i])) {
				return "", wrong("parameters.%s: it cannot be a variable's name", name)
			}
		}
		switch kind {
		case "spark":
			fmt.Fprintf(&b, "val %s = %s\n", name, literal)
		case "sparkr":
			fmt.Fprintf(&b, "%s <- %s\n", name, literal)
		default:
			fmt.Fprintf(&b, "%s = __import__(\"json\").loads(%s)\n", name, literal)
		}
	}
	return b.String() + code, nil
}

// codeLiteral is a value as a language writes it. Texts of JSON are texts of Scala and R, too.
func codeLiteral(kind string, v any) (string, error) {
	text := plain(v)
	switch v.(type) {
	case string, bool, int, int64, float64:
		switch {
		case kind == "sparkr" && (text == "true" || text == "false"):
			return strings.ToUpper(text), nil
		case kind == "spark" || kind == "sparkr":
			return text, nil
		}
	default:
		if kind == "spark" || kind == "sparkr" {
			quoted, err := json.Marshal(text)
			return string(quoted), err // a text of JSON
		}
	}
	return strconv.QuoteToASCII(text), nil
}

func sqlWithValues(code string, values map[string]any) (string, error) {
	all, err := statements(code)
	if err != nil {
		return "", wrong("code: %w", err)
	}
	if len(all) != 1 {
		return "", wrong("code: one statement is needed, not %d", len(all))
	}
	return filled(all[0], values)
}
