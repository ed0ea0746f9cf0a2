package sweep

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/vm/runtime"
)

// The library counts what a program makes against a budget for each run of it, in units, but many of its functions are
// not counted, and some are when they have made it already: one join of a list with itself asks for more than any
// machine has, which ends the process. Here all functions whose results are larger than what they are given are counted
// before they make anything. This holds for every expression of the process: specs, workflows, filters.
const (
	unit     = 16                          // bytes: an item of a list; the library counts those
	mostMade = 1_000_000                   // units: the library's budget for one evaluation
	mostText = mostMade * unit / 1_000_000 // MB, for people
)

func init() {
	for name, cost := range costs {
		count(builtin.Builtins[builtin.Index[name]], cost)
	}
	uniq := builtin.Builtins[builtin.Index["uniq"]]
	uniq.Func, uniq.Safe = nil, counted("uniq", distinct, func(args []any) int { return unitsOf(args, 0, false) })
	builtin.Index[addition] = len(builtin.Builtins)
	builtin.Builtins = append(builtin.Builtins, &builtin.Function{
		Name: addition, Validate: typeOfSum,
		Safe: counted("+", func(args []any) (any, error) {
			return runtime.Add(args[0], args[1]), nil
		}, func(args []any) int {
			return units(texts(args))
		}),
	})
}

// costs are about how many units functions make of their arguments; at most a little more than mostMade is computed.
// Where it is not known before, the cost is a bound.
var costs = map[string]func(args []any) int{
	"upper": ofTexts, "lower": ofTexts, "toBase64": ofTexts, "fromBase64": ofTexts,
	"string":  func(args []any) int { return unitsOf(args, 0, false) },
	"toJSON":  func(args []any) int { return unitsOf(args, 0, true) },
	"join":    ofJoin,
	"repeat":  func(args []any) int { return times(len(textArg(args, 0)), intArg(args, 1, 0)) },
	"replace": ofReplace,
	"split":   ofSplit, "splitAfter": ofSplit,
	"fromJSON": func(args []any) int { return 2*jsonItems(textArg(args, 0)) + ofTexts(args) },
	"keys":     func(args []any) int { return 2 * lenArg(args, 0) },
	"values":   func(args []any) int { return 2 * lenArg(args, 0) },
	"toPairs":  func(args []any) int { return 4 * lenArg(args, 0) }, "fromPairs": func(args []any) int {
		return 4 * lenArg(args, 0)
	},
	"median": ofItems, "reverse": ofItems, "sort": ofItems,
	"concat":  ofItems,
	"flatten": func(args []any) int { return mostMade - flattened(args, mostMade) },
	"trim": func(args []any) int { // of long ones it is long about looking for characters in the other
		if len(args) > 1 && len(textArg(args, 1)) > 1000 {
			return mostMade
		}
		return 0
	},
}

// count has a function counted.
func count(f *builtin.Function, cost func(args []any) int) {
	fast, safe, plain := f.Fast, f.Safe, f.Func
	call := func(args []any) (any, error) {
		switch {
		case fast != nil:
			return fast(args[0]), nil
		case safe != nil:
			v, _, err := safe(args...)
			return v, err
		}
		return plain(args...)
	}
	f.Fast, f.Func, f.Safe = nil, nil, counted(f.Name, call, cost)
}

// counted is a function as the library counts it, which is not called for what would be too much.
func counted(
	name string, call func(args []any) (any, error), cost func(args []any) int,
) func(args ...any) (any, uint, error) {
	return func(args ...any) (any, uint, error) {
		n := cost(args)
		if n >= mostMade {
			return nil, 0, fmt.Errorf("%s would make more than %d MB here, which is too much for an expression",
				name, mostText)
		}
		v, err := call(args)
		if s, ok := v.(string); ok {
			n = max(n, units(len(s))) // in JSON, and in capitals, some characters are longer
		}
		return v, uint(n), err
	}
}

func units(bytes int) int { return bytes / unit }

// times is how many units so many bytes are, so often.
func times(bytes, n int) int {
	if n <= 0 || bytes == 0 {
		return 0
	}
	if n > mostMade*unit/bytes {
		return mostMade
	}
	return units(bytes * n)
}

// textArg is an argument that is one; empty: it is none, of which the function says so.
func textArg(args []any, i int) string {
	if i >= len(args) {
		return ""
	}
	s, _ := args[i].(string)
	return s
}

func intArg(args []any, i, otherwise int) int {
	if i >= len(args) {
		return otherwise
	}
	v := reflect.ValueOf(args[i])
	switch {
	case v.CanInt():
		return int(v.Int())
	case v.CanUint():
		return int(min(v.Uint(), 1<<32))
	case v.CanFloat():
		return int(v.Float())
	}
	return otherwise
}

// lenArg is how many items an argument has.
func lenArg(args []any, i int) int {
	if i >= len(args) {
		return 0
	}
	switch v := reflect.ValueOf(args[i]); v.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		return v.Len()
	}
	return 0
}

func texts(args []any) (bytes int) {
	for i := range args {
		bytes += len(textArg(args, i))
	}
	return bytes
}

func ofTexts(args []any) int { return units(texts(args)) }

func ofItems(args []any) (n int) {
	for i := range args {
		n += lenArg(args, i)
	}
	return n
}

func ofJoin(args []any) int {
	n := lenArg(args, 0)
	if n == 0 {
		return 0
	}
	between := times(len(textArg(args, 1)), n)
	bytes := 0
	switch list := args[0].(type) {
	case []any:
		bytes = texts(list)
	case []string:
		for _, one := range list {
			bytes += len(one)
		}
	}
	return between + units(bytes) + n
}

// found is how often a text is in another, at most so often as an argument says.
func found(args []any, most int) int {
	n := strings.Count(textArg(args, 0), textArg(args, 1))
	if limit := intArg(args, most, -1); limit >= 0 {
		n = min(n, limit)
	}
	return n
}

func ofReplace(args []any) int {
	return units(len(textArg(args, 0))) + times(len(textArg(args, 2)), found(args, 3))
}

// ofSplit has each part cost two: it is an item twice.
func ofSplit(args []any) int { return 2 * (found(args, 2) + 1) }

// jsonItems is at least how many values a text of JSON has.
func jsonItems(text string) int {
	n, within := 1, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			within = !within
		case c == '\\' && within:
			i++
		case !within && (c == ',' || c == '[' || c == '{' || c == ':'):
			n++
		}
	}
	return n
}

// flattened is what a list, with those in it, leaves of so many items; below 0: it has more.
func flattened(list []any, left int) int {
	for _, item := range list {
		if left < 0 {
			return left
		}
		switch inner := item.(type) {
		case []any:
			left = flattened(inner, left)
		default:
			if r := reflect.ValueOf(item); r.IsValid() && (r.Kind() == reflect.Slice || r.Kind() == reflect.Array) {
				left -= r.Len()
			}
			left--
		}
	}
	return left
}

// unitsOf is about how many units arguments are as texts, or, indented, as JSON that is. What is in several places
// counts in each.
func unitsOf(args []any, depth int, indented bool) int {
	left := mostMade * unit
	for _, v := range args {
		left = weigh(v, depth, indented, left)
	}
	return units(mostMade*unit - left)
}

// Amount is about how many bytes a value is as a text. What is in several places within it counts in each. It is not
// looked at further when it is more than most, and the answer is then more than that.
func Amount(v any, most int) int { return most - weigh(v, 0, false, most) }

// weigh is what a value leaves of so many bytes; below 0: it is more.
func weigh(v any, depth int, indented bool, left int) int {
	left -= 4
	if indented {
		left -= 2 * depth
	}
	switch v := v.(type) {
	case nil, bool:
		return left
	case string:
		return left - len(v)
	case json.Number:
		return left - len(v)
	case []any:
		for _, item := range v {
			if left < 0 {
				break
			}
			left = weigh(item, depth+1, indented, left)
		}
		return left
	case map[string]any:
		for key, item := range v {
			if left < 0 {
				break
			}
			left = weigh(item, depth+1, indented, left-len(key)-4)
		}
		return left
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Slice, reflect.Array:
		for i := 0; i < r.Len() && left >= 0; i++ {
			left = weigh(r.Index(i).Interface(), depth+1, indented, left)
		}
		return left
	case reflect.Map:
		for it := r.MapRange(); left >= 0 && it.Next(); {
			left = weigh(it.Value().Interface(), depth+1, indented, weigh(it.Key().Interface(), 0, false, left))
		}
		return left
	}
	return left - unit
}

// distinct is the library's uniq, which compares each item with all before it.
func distinct(args []any) (any, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("invalid number of arguments (expected 1, got %d)", len(args))
	}
	list := reflect.ValueOf(args[0])
	if list.Kind() != reflect.Slice && list.Kind() != reflect.Array {
		return nil, fmt.Errorf("cannot uniq %s", list.Kind())
	}
	out := []any{}
	had := map[any][]any{} // those that may equal each other, by what they then have in common
	for i := range list.Len() {
		v := list.Index(i).Interface()
		key := likeness(v)
		same := false
		for _, one := range had[key] {
			if same = runtime.Equal(v, one); same {
				break
			}
		}
		if !same {
			had[key] = append(had[key], v)
			out = append(out, v)
		}
	}
	return out, nil
}

// likeness is the same of all values that are equal.
func likeness(v any) any {
	switch r := reflect.ValueOf(v); {
	case !r.IsValid():
		return nil
	case r.Kind() == reflect.String || r.Kind() == reflect.Bool:
		return v
	case r.CanInt():
		return float64(r.Int())
	case r.CanUint():
		return float64(r.Uint())
	case r.CanFloat():
		return r.Float()
	}
	data, _ := json.Marshal(v) // without it they are compared with each other
	return string(data)
}

// addition is the name of the function that texts are put together by; no expression can name it.
const addition = "a + b"

// BoundAddition has texts that an expression puts together by + counted, too. All that compile expressions have it
// among their options.
func BoundAddition() expr.Option { return expr.Patch(additions{}) }

// additions puts the function addition where a + may be one of texts.
type additions struct{}

// Visit implements ast.Visitor.
func (additions) Visit(n *ast.Node) {
	sum, ok := (*n).(*ast.BinaryNode)
	if !ok || sum.Operator != "+" || !mayBeText(sum.Left) || !mayBeText(sum.Right) {
		return
	}
	ast.Patch(n, &ast.BuiltinNode{Name: addition, Arguments: []ast.Node{sum.Left, sum.Right}})
}

func mayBeText(n ast.Node) bool {
	kind := n.Type().Kind()
	return kind == reflect.String || kind == reflect.Interface
}

func typeOfSum(args []reflect.Type) (reflect.Type, error) {
	if args[0] != nil && args[1] != nil && args[0].Kind() == reflect.String && args[1].Kind() == reflect.String {
		return args[0], nil
	}
	return reflect.TypeFor[any](), nil
}
