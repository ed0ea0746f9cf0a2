package expression

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// tree answers for what lies in it, and for one name by a function.
type tree map[string]any

func (t tree) Lookup(path []string) (any, int, error) {
	v, ok := t[path[0]]
	switch {
	case path[0] == "broken":
		return nil, 0, errors.New("it is broken")
	case path[0] == "envvar" && len(path) == 2 && path[1] == "HOME":
		return "/home", 2, nil
	case !ok:
		return nil, 0, Unknown(path[0], []string{"steps", "x"})
	}
	return v, 1, nil
}

var names = tree{
	"x": int64(3), "f": 0.5, "name": "a b", "yes": true, "list": []any{int64(1), int64(2)}, "nothing": nil,
	"steps": map[string]any{"train": map[string]any{"outputs": map[string]any{"auc": 0.9, "tags": []any{"a"}}}},
	"lines": func(file string) ([]any, error) {
		if file == "gone" {
			return nil, errors.New("there is no such file")
		}
		return []any{file + "1", file + "2"}, nil
	},
}

func TestEval(t *testing.T) {
	for text, want := range map[string]any{
		"x": int64(3), "x * 2 == 6": true, "steps.train.outputs.auc > 0.8 && yes": true, "name": "a b", "list": []any{int64(1), int64(2)},
		"nothing ?? 'none'": "none", "absent ?? 7": int64(7), "steps.train.outputs.absent ?? 1": int64(1), "broken ?? 'whole'": "whole", "steps.gone.outputs.x ?? 2": int64(2),
		"(steps.train.outputs.absent ?? 1) + steps.train.outputs.auc": 1.9,
		"len(lines('f'))": int64(2), "lines('f')[1]": "f2",
	} {
		v, err := Eval(text, names)
		if n, ok := v.(int); ok {
			v = int64(n)
		}
		if err != nil || !reflect.DeepEqual(v, want) {
			t.Errorf("%s is %#v, %v; want %#v", text, v, err, want)
		}
	}
	for text, want := range map[string]string{
		"absent": "there are: steps, x", "steps.train.outputs.acu": "steps.train.outputs: there is no `acu` here; there are: auc, tags",
		"broken": "it is broken", "lines('gone')": "there is no such file", "x +": "", "1 / 'a'": "",
	} {
		if v, err := Eval(text, names); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is %v, %v; want an error with %q", text, v, err, want)
		}
	}
}

func TestTrue(t *testing.T) {
	if ok, err := True("x > 2", names); !ok || err != nil {
		t.Error(ok, err)
	}
	if ok, err := True("x > 3", names); ok || err != nil {
		t.Error(ok, err)
	}
	if _, err := True("x", names); err == nil || !strings.Contains(err.Error(), "`x` is 3, not true or false") {
		t.Error(err)
	}
}

// Looking changes nothing: not what is looked at, also where a value is put below another.
func TestEvalChangesNothing(t *testing.T) {
	before := fmt.Sprint(map[string]any(names["steps"].(map[string]any)))
	for range 2 {
		if _, err := Eval("[steps.train.outputs.auc, steps.train.outputs, steps]", names); err != nil {
			t.Fatal(err)
		}
	}
	if after := fmt.Sprint(names["steps"]); after != before {
		t.Errorf("it was %s, and is %s", before, after)
	}
}

func TestExpand(t *testing.T) {
	for _, c := range []struct{ in, want any }{
		{"${x}", int64(3)}, {"a${x}b", "a3b"}, {"${list} and ${f}", "[1,2] and 0.5"}, {"$${x}", "${x}"}, {"plain $x", "plain $x"}, {"${envvar:HOME}/f", "/home/f"},
		{[]any{"${name}", 1.5, map[string]any{"k": "${yes}"}}, []any{"a b", 1.5, map[string]any{"k": true}}}, {nil, nil},
	} {
		if v, err := Expand(c.in, nil, names); err != nil || !reflect.DeepEqual(v, c.want) {
			t.Errorf("%v is %#v, %v; want %#v", c.in, v, err, c.want)
		}
	}
	for in, want := range map[string]string{"${absent}": "${absent}: there is no `absent`", "${envvar:NONE}": "", "${x": ""} {
		if v, err := Expand(map[string]any{"key": []any{in}}, nil, names); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "key: ") {
			t.Errorf("%s is %v, %v", in, v, err)
		}
	}
}

// Where specs have macros of their own, those stay as they stand, escapes too: a spec reads them once more.
func TestExpandLeavesWhatIsNotOurs(t *testing.T) {
	ours := func(name string) bool { return name == "x" || name == "steps" }
	for in, want := range map[string]any{
		"${args} ${x}": "${args} 3", "$${x} ${x}": "$${x} 3", "${param.lr}": "${param.lr}", "${steps.train.outputs.auc}": 0.9, "${HOME:-x": "${HOME:-x",
	} {
		if v, err := Expand(in, ours, names); err != nil || !reflect.DeepEqual(v, want) {
			t.Errorf("%s is %#v, %v; want %#v", in, v, err, want)
		}
	}
}

// A text without macros is itself, whatever it is; one between two macros comes back whole.
func TestTextsStayWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		safe := strings.ReplaceAll(text, "$", "")
		if v, err := Expand(safe, nil, names); err != nil || v != any(safe) {
			t.Fatalf("%q is %q, %v", safe, v, err)
		}
		if v, err := Expand("${x}"+safe+"${x}", nil, names); err != nil || v != any("3"+safe+"3") {
			t.Fatalf("%q between macros is %q, %v", safe, v, err)
		}
		_, _ = Expand(text, nil, names)
		_, _ = Eval(text, names)
	})
}

// What is kept compiled is bounded, whatever is submitted.
func TestCompiledIsBounded(t *testing.T) {
	for i := range mostCompiled + 100 {
		if v, err := Eval(fmt.Sprintf("x + %d", i), names); err != nil || fmt.Sprint(v) != fmt.Sprint(3+i) {
			t.Fatal(v, err)
		}
	}
	kept := 0
	compiled.Range(func(any, any) bool { kept++; return true })
	if kept > mostCompiled {
		t.Errorf("%d are kept", kept)
	}
}
