package mlflow

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// filter is what a search asks for: comparisons that must all hold.
type filter []comparison

// comparison is one of them, such as metrics.acc > 0.5.
type comparison struct {
	kind, key string
	op        string
	texts     []string // one, or a list for IN
	number    float64
	numeric   bool
	like      *regexp.Regexp
}

// word is a part of a filter: a name, an operator, a number, or a text in quotes.
var word = regexp.MustCompile(`^\s*(?:([<>!]=|[=<>(),])|(\w+[.](?:"[^"]*"|` +
	"`[^`]*`))|('[^']*'|\"[^\"]*\"|`[^`]*`)|" +
	`([-+]?[0-9][-+.0-9eE]*)|(\w[\w/.:-]*))`)

// maxFilter bounds a filter's text.
const maxFilter = 16 << 10

// parseFilter reads MLflow's language of searches.
func parseFilter(s string) (filter, *problem) {
	if len(s) > maxFilter {
		return nil, invalid("a filter has at most %d bytes", maxFilter)
	}
	var words []string
	for rest := s; strings.TrimSpace(rest) != ""; {
		m := word.FindString(rest)
		if m == "" {
			return nil, invalid("Invalid filter: %s", clip(rest))
		}
		words, rest = append(words, strings.TrimSpace(m)), rest[len(m):]
	}
	var f filter
	for len(words) > 0 {
		if len(f) > 0 {
			if !strings.EqualFold(words[0], "and") {
				return nil, invalid("Invalid filter: AND is expected before %s", clip(words[0]))
			}
			words = words[1:]
		}
		c, rest, ok := parseComparison(words)
		if !ok {
			return nil, invalid("Invalid filter: %s", clip(strings.Join(words, " ")))
		}
		f, words = append(f, c), rest
	}
	return f, nil
}

func parseComparison(words []string) (c comparison, rest []string, ok bool) {
	if len(words) < 3 {
		return c, nil, false
	}
	c.kind, c.key = field(words[0])
	c.op, words = strings.ToUpper(words[1]), words[2:]
	if c.op == "NOT" {
		c.op, words = "NOT "+strings.ToUpper(words[0]), words[1:]
	}
	if len(words) == 0 {
		return c, nil, false
	}
	switch c.op {
	case "IN", "NOT IN":
		end := slices.Index(words, ")")
		if words[0] != "(" || end < 0 {
			return c, nil, false
		}
		for _, w := range words[1:end] {
			if w != "," {
				c.texts = append(c.texts, unquoted(w))
			}
		}
		return c, words[end+1:], true
	case "=", "!=", "<", "<=", ">", ">=":
	case "LIKE", "ILIKE":
		pattern := strings.ReplaceAll(strings.ReplaceAll(regexp.QuoteMeta(unquoted(words[0])), "%", ".*"), "_", ".")
		flags := map[string]string{"LIKE": "(?s)", "ILIKE": "(?si)"}[c.op]
		re, err := regexp.Compile(flags + "^" + pattern + "$")
		if err != nil {
			return c, nil, false
		}
		c.like = re
	default:
		return c, nil, false
	}
	c.texts = []string{unquoted(words[0])}
	x, err := strconv.ParseFloat(c.texts[0], 64)
	c.number, c.numeric = x, err == nil
	return c, words[1:], true
}

// field is what a name is of: metrics, params, tags, attributes.
func field(name string) (kind, key string) {
	kind, key, ok := strings.Cut(name, ".")
	if !ok {
		return "attributes", unquoted(name)
	}
	switch kind {
	case "metric", "metrics":
		return "metrics", unquoted(key)
	case "param", "params", "parameter", "parameters":
		return "params", unquoted(key)
	case "tag", "tags":
		return "tags", unquoted(key)
	case "attribute", "attributes", "attr", "run":
		return "attributes", unquoted(key)
	}
	return "attributes", unquoted(name)
}

func unquoted(s string) string {
	if len(s) > 1 && strings.ContainsRune("'\"`", rune(s[0])) && s[len(s)-1] == s[0] {
		return s[1 : len(s)-1]
	}
	return s
}

// holds tells whether all comparisons hold of what look finds.
func (f filter) holds(look func(kind, key string) (any, bool)) bool {
	for _, c := range f {
		v, ok := look(c.kind, c.key)
		if !ok || !c.holds(v) {
			return false
		}
	}
	return true
}

func (c comparison) holds(v any) bool {
	s, isText := v.(string)
	order := 0
	switch {
	case c.like != nil:
		return isText && c.like.MatchString(s)
	case strings.HasSuffix(c.op, "IN"):
		return slices.Contains(c.texts, s) == (c.op == "IN")
	case isText:
		order = strings.Compare(s, c.texts[0])
	case !c.numeric:
		return false
	default:
		x := v.(float64)
		if math.IsNaN(x) {
			return c.op == "!="
		}
		order = cmp.Compare(x, c.number)
	}
	switch c.op {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}
