package sweep

import (
	"strings"
	"testing"

	"github.com/expr-lang/expr"
)

// Texts are counted by what comes of them: a large one that makes few items is no hostile one.
func TestLargeTextsOfFewItems(t *testing.T) {
	env := map[string]any{
		"doc":  `{"a": "` + strings.Repeat("x, [ ", 1_000_000) + `", "b": [1, 2]}`,
		"list": []any{[]any{strings.Repeat("x", 20_000_000)}, []any{"y", "z"}},
		"many": "[" + strings.Repeat("1,", 600_000) + "1]",
	}
	for code, want := range map[string]any{"len(fromJSON(doc).b)": 2, "len(flatten(list))": 3} {
		if got, err := expr.Eval(code, env); err != nil || got != want {
			t.Errorf("%s: %v, %v", code, got, err)
		}
	}
	if got, err := expr.Eval("len(fromJSON(many))", env); err == nil {
		t.Errorf("a list of %v items was made", got)
	}
}
