package expression

import (
	"reflect"
	"strings"
	"testing"
)

// What an expression makes, and what macros bring in, is bounded before it is made: whoever submits a workflow ends no server by it.
func TestAttackExpressionsAreBounded(t *testing.T) {
	large := tree{"l": make([]any, 500_000), "g": strings.Repeat("g", 2<<20), "j": `"` + strings.Repeat("g", 2<<20) + `"`, "m": map[string]any{}, "deep": nested(9000, 100_000)}
	for i := range large["l"].([]any) {
		large["l"].([]any)[i] = ""
	}
	many := func(before, one, after string) string {
		return before + strings.Repeat(one+",", (1900-len(before))/(len(one)+1)) + one + after
	}
	for _, text := range []string{
		"join(l, g)", many("[", "join(l, 'a')", "]"), many("concat(", "l", ")"), many("flatten([", "l", "])"), many("toJSON([", "g", "])"),
		many("string([", "l", "])"), many("[", "upper(g)", "]"), "split(g, '')", many("[", "fromJSON(j)", "]"), "toJSON(deep)",
		"g + g + g + g + g + g + g + g + g", "(g + g) + (g + g) + g + (g + g) + g", many("[", "reverse(l)", "]"), many("[", "sort(l)", "]"), "trim(g, g)",
	} {
		if v, err := Eval(text, large); err == nil || !strings.Contains(err.Error(), "too much") && !strings.Contains(err.Error(), "budget") {
			t.Errorf("%.60s is %.60s, %v", text, Short(v), err)
		}
	}
	for _, text := range []any{strings.Repeat("${g}", 100), []any{strings.Repeat("${g}", 20), map[string]any{"k": strings.Repeat("${l}", 20)}}, "${" + many("[", "g", "]") + "}"} {
		if _, err := Expand(text, nil, large); err == nil || !strings.Contains(err.Error(), "come to more than 64 MB") {
			t.Error(err)
		}
	}
	if _, err := True("l", large); err == nil || len(err.Error()) > 1000 {
		t.Error(err)
	}
}

// nested is a list of n in lists in each other.
func nested(depth, n int) any {
	var v any = make([]any, n)
	for range depth {
		v = []any{v}
	}
	return v
}

// What is usual is as it was.
func TestBoundsLeaveWhatIsUsual(t *testing.T) {
	some := tree{"l": []any{"b", "a", "b"}, "n": []any{int64(1), 1.0, int64(2), nil, nil, true}, "s": "x", "t": "y", "i": int64(2), "f": 0.5, "d": "a,b"}
	for text, want := range map[string]any{
		"join(l, '-')": "b-a-b", "join(l)": "bab", "s + t": "xy", "i + f": 2.5, "i + i": int64(4), "s + 'z' + t": "xzy", "upper(s)": "X", "split(d, ',')": []any{"a", "b"},
		"uniq(l)": []any{"b", "a"}, "uniq(n)": []any{int64(1), int64(2), nil, true}, "uniq([l, l, [s], {'a': s}, {'a': s}])": []any{[]any{"b", "a", "b"}, []any{"x"}, map[string]any{"a": "x"}},
		"fromJSON('[1]')": []any{1.0}, "toJSON([s])": "[\n  \"x\"\n]", "string(f)": "0.5", "concat(l, [s])": []any{"b", "a", "b", "x"}, "len(join(l, '')) + 1": int64(4),
		"sort(l)": []any{"a", "b", "b"}, "trim(' a ')": "a", "keys({'a': 1})": []any{"a"}, "median([1, 3])": 2.0, "'a' + 'b' == s + t": false,
	} {
		v, err := Eval(text, some)
		if n, ok := v.(int); ok {
			v = int64(n)
		}
		if err != nil || !reflect.DeepEqual(v, want) {
			t.Errorf("%s is %#v, %v; want %#v", text, v, err, want)
		}
	}
	for text, want := range map[string]string{"s + i": "string + int64", "join([1])": "interface conversion", "s + nil": "", "l + 1": ""} {
		if v, err := Eval(text, some); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is %v, %v", text, v, err)
		}
	}
}
