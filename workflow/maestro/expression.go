package maestro

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parameters are those of the workflow that have a value; others are written out where they are used.
func (r *reader) parameters(top *scope) map[string]any {
	top.own = map[string]bool{}
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(top.params)) {
		p := mapping(top.params[name])
		v, has := p["value"]
		switch {
		case !identifier.MatchString(name) || !has || strings.EqualFold(text(p["type"]), "MAP") ||
			strings.Contains(text(v), "${"):
			if _, err := r.param(top, name); err != nil {
				r.leave("params."+name, "%v", err)
			}
		default:
			top.own[name] = true
			out[name] = map[string]any{"type": typeOf(text(p["type"])), "default": v}
		}
	}
	return out
}

var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

var output = regexp.MustCompile(`^steps\.\w+\.outputs\.\w+$`)

func typeOf(t string) string {
	switch strings.ToUpper(t) {
	case "STRING":
		return "string"
	case "LONG":
		return "integer"
	case "DOUBLE":
		return "number"
	case "BOOLEAN":
		return "boolean"
	case "STRING_ARRAY":
		return "list[string]"
	case "LONG_ARRAY":
		return "list[integer]"
	case "DOUBLE_ARRAY":
		return "list[number]"
	case "BOOLEAN_ARRAY":
		return "list[boolean]"
	case "STRING_MAP":
		return "object"
	}
	return "any"
}

const longestExpression = 100_000

// param is a name as an expression here.
func (r *reader) param(s *scope, name string) (string, error) {
	for at := s; at != nil; at = at.outer {
		if at.own[name] {
			return name, nil
		}
		p, ok := at.params[name].(map[string]any)
		if !ok {
			continue
		}
		if at.open[name] {
			if at.outer != nil { // a parameter that is computed from one of its name is from the one around it
				return r.param(at.outer, name)
			}
			return "", fmt.Errorf("`%s` is computed from itself", name)
		}
		if at.open == nil {
			at.open = map[string]bool{}
		}
		at.open[name] = true
		defer delete(at.open, name)
		e, err := r.value(at, p)
		if len(e) > longestExpression { // each may have those before it twice
			return "", fmt.Errorf("`%s` is computed from too much", name)
		}
		if err == nil && at.puts != "" && r.ended[at] {
			e = "steps." + at.puts + ".outputs." + name + " ?? (" + e + ")"
		}
		return e, err
	}
	if id, field, ok := strings.Cut(name, "__"); ok {
		return r.ofStep(id, field)
	}
	return "", fmt.Errorf("there is no parameter `%s`", name)
}

// ofStep is a parameter of another step: what it is there, or what that step puts out.
func (r *reader) ofStep(id, field string) (string, error) {
	if s := r.scopes[id]; s != nil {
		if _, ok := s.params[field]; ok {
			if !r.ended[s] {
				r.ended[s] = true
				defer delete(r.ended, s)
			}
			return r.param(s, field)
		}
	}
	if name := r.names[id]; name != "" {
		return "steps." + name + ".outputs." + field, nil
	}
	return "", fmt.Errorf("there is no step `%s`", id)
}

// value is a definition of a parameter as an expression.
func (r *reader) value(s *scope, p map[string]any) (string, error) {
	if e, ok := p["expression"].(string); ok {
		return r.sel(s, e)
	}
	v, ok := p["value"]
	if !ok {
		return "", fmt.Errorf("it has neither value nor expression")
	}
	return r.literal(s, v)
}

// interpolation is ${name} in a text.
var interpolation = regexp.MustCompile(`\$\{\s*([A-Za-z][\w.]*)\s*\}`)

func (r *reader) literal(s *scope, v any) (string, error) {
	switch v := v.(type) {
	case string:
		var parts []string
		at := 0
		add := func(text string) {
			if text != "" {
				parts = append(parts, strconv.Quote(text))
			}
		}
		for _, m := range interpolation.FindAllStringSubmatchIndex(v, -1) {
			add(v[at:m[0]])
			e, err := r.param(s, v[m[2]:m[3]])
			if err != nil {
				return "", err
			}
			parts = append(parts, "string("+e+")")
			at = m[1]
		}
		add(v[at:])
		if len(parts) == 0 {
			return `""`, nil
		}
		return strings.Join(parts, " + "), nil
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			e, err := r.literal(s, item)
			if err != nil {
				return "", err
			}
			items[i] = e
		}
		return "[" + strings.Join(items, ", ") + "]", nil
	case map[string]any:
		var pairs []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			e, err := r.literal(s, v[name])
			if inner, ok := v[name].(map[string]any); ok && (inner["value"] != nil || inner["expression"] != nil) {
				e, err = r.value(s, inner)
			}
			if err != nil {
				return "", err
			}
			pairs = append(pairs, strconv.Quote(name)+": "+e)
		}
		return "{" + strings.Join(pairs, ", ") + "}", nil
	}
	data, err := json.Marshal(v)
	return string(data), err
}

var (
	token  = regexp.MustCompile(`^(?:\s+|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\d+(?:\.\d+)?[lLdD]?|[A-Za-z_]\w*|==|!=|<=|>=|&&|\|\||[-+*/%<>!?:(),\[\].])`)
	called = regexp.MustCompile(`^params\s*(?:\.\s*get\s*\(\s*(?:'([^']*)'|"([^"]*)")\s*\)|\[\s*(?:'([^']*)'|"([^"]*)")\s*\])`)
	step   = regexp.MustCompile(`^params\s*\.\s*getFromStep\s*\(\s*['"]([^'"]*)['"]\s*,\s*['"]([^'"]*)['"]\s*\)`)
	size   = regexp.MustCompile(`^([A-Za-z_]\w*)\s*\.\s*(?:size\s*\(\s*\)|length(?:\s*\(\s*\))?)`)
	dates  = regexp.MustCompile(`^Util\s*\.\s*dateIntsBetween\s*\(\s*(\d{8})\s*,\s*(\d{8})\s*,\s*(-?\d+)\s*\)`)
	ints   = regexp.MustCompile(`^Util\s*\.\s*intsBetween\s*\(\s*([\w-]+)\s*,\s*([\w-]+)\s*,\s*1\s*\)`)
)

// sel is an expression of Maestro's language, of which names, operators and some functions have their like here.
func (r *reader) sel(s *scope, source string) (string, error) {
	rest := strings.TrimSpace(source)
	rest = strings.TrimSpace(strings.TrimSuffix(rest, ";"))
	rest = strings.TrimSpace(strings.TrimPrefix(rest, "return "))
	no := func() (string, error) {
		return "", fmt.Errorf("`%.80s` is not carried: of Maestro's language names, numbers, texts, operators, "+
			"params.get, params.getFromStep, size, "+
			"Util.intsBetween and Util.dateIntsBetween of numbers are", source)
	}
	var b strings.Builder
	name := func(e string, err error) error {
		if err == nil {
			if !identifier.MatchString(e) && !output.MatchString(e) {
				e = "(" + e + ")"
			}
			b.WriteString(e)
		}
		return err
	}
	for rest != "" {
		var err error
		var m []string
		switch {
		case match(called, &rest, &m):
			err = name(r.param(s, m[1]+m[2]+m[3]+m[4]))
		case match(step, &rest, &m):
			err = name(r.ofStep(m[1], m[2]))
		case match(dates, &rest, &m):
			var list string
			if list, err = datesBetween(m[1], m[2], m[3]); err == nil {
				b.WriteString(list)
			}
		case match(ints, &rest, &m):
			var from, to string
			if from, err = r.sel(s, m[1]); err == nil {
				to, err = r.sel(s, m[2])
			}
			b.WriteString("((" + from + ")..((" + to + ") - 1))")
		case match(size, &rest, &m):
			var e string
			e, err = r.param(s, m[1])
			b.WriteString("len(" + e + ")")
		case match(token, &rest, &m):
			t := m[0]
			switch {
			case strings.TrimSpace(t) == "":
				b.WriteByte(' ')
			case t == "true" || t == "false":
				b.WriteString(t)
			case t == "null":
				b.WriteString("nil")
			case t == "new" || t == "if" || t == "for" || t == "while" || t == "params" || t == "Util" || t == ".":
				return no()
			case t == "/": // here it puts out a fraction
				return "", fmt.Errorf("`%.80s` is not carried: Maestro divides whole numbers without the fraction: "+
					"write the division as a step", source)
			case t[0] == '\'' || t[0] == '"':
				b.WriteString(strconv.Quote(unquote(t)))
			case t[0] >= '0' && t[0] <= '9':
				b.WriteString(strings.TrimRight(t, "lLdD"))
			case t[0] == '_' || t[0] >= 'A' && t[0] <= 'Z' || t[0] >= 'a' && t[0] <= 'z':
				err = name(r.param(s, t))
			default:
				b.WriteString(t)
			}
		default:
			return no()
		}
		if err != nil {
			return "", err
		}
	}
	if b.Len() == 0 {
		return no()
	}
	return b.String(), nil
}

func match(re *regexp.Regexp, rest *string, m *[]string) bool {
	if *m = re.FindStringSubmatch(*rest); *m == nil {
		return false
	}
	*rest = (*rest)[len((*m)[0]):]
	return true
}

func unquote(t string) string {
	return strings.NewReplacer(`\'`, `'`, `\"`, `"`, `\\`, `\`, `\n`, "\n", `\t`, "\t").Replace(t[1 : len(t)-1])
}

// datesBetween are the days from one on and before another, as numbers.
func datesBetween(from, to, by string) (string, error) {
	const form = "20060102"
	a, err := time.Parse(form, from)
	b, err2 := time.Parse(form, to)
	step, err3 := strconv.Atoi(by)
	if err != nil || err2 != nil || err3 != nil || step == 0 {
		return "", fmt.Errorf("there are no days between %s and %s by %s", from, to, by)
	}
	if step < 0 {
		a, b = b, a
	}
	const most = 100_000
	var list []string
	for d := a; d.Before(b) && len(list) < most; d = d.AddDate(0, 0, max(step, -step)) {
		list = append(list, d.Format(form))
	}
	if step < 0 {
		slices.Reverse(list)
	}
	return "[" + strings.Join(list, ", ") + "]", nil
}
