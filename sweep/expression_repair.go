package sweep

import (
	"regexp"
	"slices"
	"strings"
)

// repairs are what people write for an operator or a constant of expressions.
var repairs = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`\$\{param\.([^}]+)\}`), "$1"},
	{regexp.MustCompile(`\$\{?([A-Za-z_][\w.]*)\}?`), "$1"},
	{regexp.MustCompile(`\bparameters\.`), ""},
	{regexp.MustCompile(`([^=!<>])===?([^=])`), "$1==$2"},
	{regexp.MustCompile(`([^=!<>])=([^=])`), "$1==$2"},
	{regexp.MustCompile(`<>`), "!="},
	{regexp.MustCompile(`(?i)\bis\s+not\b`), "!="},
	{regexp.MustCompile(`(?i)\bis\b`), "=="},
	{regexp.MustCompile(`(?i)\band\b|([^&])&([^&])`), "${1}and$2"},
	{regexp.MustCompile(`(?i)\bor\b|([^|])\|([^|])`), "${1}or$2"},
	{regexp.MustCompile(`(?i)\bnot\b`), "not"},
	{regexp.MustCompile(`\b(None|null|NULL|Null)\b`), "nil"},
	{regexp.MustCompile(`\bTrue\b|\bTRUE\b`), "true"},
	{regexp.MustCompile(`\bFalse\b|\bFALSE\b`), "false"},
	{regexp.MustCompile(`\bmath\.|\bnp\.`), ""},
}

var (
	quotedText = regexp.MustCompile(`"[^"]*"|'[^']*'`)
	identifier = regexp.MustCompile(`[A-Za-z_][\w.]*`)
	numberText = regexp.MustCompile(`"(-?[0-9][0-9.eE+-]*)"|'(-?[0-9][0-9.eE+-]*)'`)
)

// outsideQuotes changes what of an expression is no text.
func outsideQuotes(text string, change func(string) string) string {
	var b strings.Builder
	from := 0
	for _, at := range quotedText.FindAllStringIndex(text, -1) {
		b.WriteString(change(text[from:at[0]]))
		b.WriteString(text[at[0]:at[1]])
		from = at[1]
	}
	b.WriteString(change(text[from:]))
	return b.String()
}

// repair is an expression that says what one that does not compile was likely meant to; "": none is found.
func (s *Space) repair(text string, want wants, group []string) string {
	if len(text) > 200 {
		return ""
	}
	tries := []string{text}
	next := outsideQuotes(text, func(t string) string {
		for _, r := range repairs {
			t = r.pattern.ReplaceAllString(t, r.with)
		}
		return t
	})
	next = strings.ReplaceAll(next, "  ", " ")
	tries = append(tries, next, s.repairNames(next, group), numberText.ReplaceAllString(next, "$1$2"),
		numberText.ReplaceAllString(s.repairNames(next, group), "$1$2"))
	for _, t := range tries {
		if t == text {
			continue
		}
		if e, err := s.compile(t, want, group); err == nil && len(e.needs) > 0 {
			return t
		}
	}
	return ""
}

// repairNames corrects names that no parameter has: to one that is near, or to the text of a value.
func (s *Space) repairNames(text string, group []string) string {
	var names []string
	values := map[string]bool{}
	for _, l := range s.leaves {
		names = append(names, l.Name)
		if len(group) > 0 && len(l.path) == len(group)+1 && slices.Equal(l.path[:len(group)], group) {
			names = append(names, l.path[len(group)])
		}
		for _, v := range l.Values {
			if text, ok := v.(string); ok {
				values[text] = true
			}
		}
	}
	return outsideQuotes(text, func(t string) string {
		return identifier.ReplaceAllStringFunc(t, func(name string) string {
			path := strings.Split(name, ".")
			switch {
			case len(s.under(path)) > 0 || slices.Contains(names, name) || slices.Contains(functions, name):
				return name
			case slices.Contains([]string{"and", "or", "not", "in", "nil", "true", "false", "matches",
				"contains", "startsWith", "endsWith"}, name):
				return name
			case values[name]:
				return `"` + name + `"`
			}
			if short, ok := strings.CutSuffix(name, ".value"); ok && slices.Contains(names, short) {
				return short
			}
			if near := suggest(name, names); near != "" {
				return near
			}
			return name
		})
	})
}
