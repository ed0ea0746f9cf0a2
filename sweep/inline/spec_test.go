package inline

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kaon-sweep/kaon/sweep"
)

// hostile is text that some reader on the way could take for something else.
var hostile = rapid.OneOf(
	rapid.SampledFrom([]string{
		"", " ", "a b", "'", `"`, "\\", "\n", "a\nb\n", "\t", "$(touch x)", "`x`", "${args}", "$${x}", "-rf", "--x=y", "#", "a #b", ": ", "a: b",
		"[", "]", "{", "{a}", "&a", "*a", "!!int 3", "|", ">", "%", "@a", "?", "- a", "---", "...", "~", "null", "yes", "1", "1.5", "1e5", "0x1", "010",
		"12:30", "1_0", ".inf", ".nan", "true", "\u0085", "\u2028", "\ufeff", "é", "\U0001f600", "\x01", "\x7f", "a,b", "1..3", "<<",
	}),
	rapid.StringN(0, 20, -1),
).Filter(func(s string) bool { return !strings.Contains(s, "\x00") })

// quoted types a text so that it is taken as it stands.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// dimension is a parameter as it is typed, and what a spec must make of it.
type dimension struct {
	typed string
	want  sweep.Dimension
}

var dimensions = rapid.Custom(func(t *rapid.T) dimension {
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		texts := rapid.SliceOfNDistinct(hostile, 2, 6, rapid.ID[string]).Draw(t, "texts")
		d := dimension{want: sweep.Dimension{Distribution: sweep.Categorical}}
		var items []string
		for _, text := range texts {
			items = append(items, quoted(text))
			d.want.Values = append(d.want.Values, text)
		}
		d.typed = strings.Join(items, ",")
		return d
	case 1:
		numbers := rapid.SliceOfNDistinct(rapid.Int64(), 2, 5, rapid.ID[int64]).Draw(t, "integers")
		d := dimension{want: sweep.Dimension{Distribution: sweep.Categorical}}
		var items []string
		for _, n := range numbers {
			items = append(items, fmt.Sprint(n))
			d.want.Values = append(d.want.Values, n)
		}
		d.typed = strings.Join(items, ",")
		return d
	case 2:
		x := rapid.Float64Range(-1e9, 1e9).Filter(func(x float64) bool { return x != math.Trunc(x) }).Draw(t, "float")
		return dimension{fmt.Sprint(x), sweep.Dimension{Distribution: sweep.Constant, Values: []sweep.Value{x}}}
	case 3:
		low := rapid.IntRange(-1000, 1000).Draw(t, "low")
		high := rapid.IntRange(low, 2000).Draw(t, "high")
		return dimension{fmt.Sprintf("%d..%d", low, high), sweep.Dimension{Distribution: sweep.IntUniform, Min: float64(low), Max: float64(high)}}
	case 4:
		low := rapid.Float64Range(-5, 5).Draw(t, "low")
		high := rapid.Float64Range(low, 10).Draw(t, "high")
		return dimension{fmt.Sprintf("%v~%v:uniform", low, high), sweep.Dimension{Distribution: sweep.Uniform, Min: low, Max: high}}
	default:
		low := rapid.Float64Range(1e-9, 1).Draw(t, "low")
		high := low * rapid.Float64Range(100.1, 1e6).Draw(t, "ratio")
		return dimension{fmt.Sprintf("%v~%v", low, high), sweep.Dimension{Distribution: sweep.LogUniformValues, Min: low, Max: high}}
	}
})

// What is typed is, once it is printed and read as a spec, the space and the command that were meant.
func TestPrintedAndReadItIsTheSameSpace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typed := rapid.SliceOfN(dimensions, 1, 5).Draw(t, "parameters")
		spec := Spec{Method: "random", Trials: 7}
		for i, d := range typed {
			p, err := Reader{}.Parameter(fmt.Sprintf("p%d=%s", i, d.typed))
			if err == nil {
				err = spec.Add(p)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		word := hostile.Filter(func(s string) bool { return !strings.Contains(s, "$") && !strings.Contains(s, "{") }).Draw(t, "word")
		var err error
		if spec.Command, err = (Command{Words: []string{"true", word}}).With(spec.Parameters, Flags); err != nil {
			t.Fatal(err)
		}
		text, _ := spec.YAML()
		read, err := sweep.Parse("spec", []byte(text))
		if err != nil {
			t.Fatalf("%v\nin\n%s", err, text)
		}
		got := read.Space.Dimensions()
		if len(got) != len(typed) {
			t.Fatalf("%d parameters, want %d, in\n%s", len(got), len(typed), text)
		}
		for i, d := range typed {
			g := got[i]
			if g.Name != fmt.Sprintf("p%d", i) || g.Distribution != d.want.Distribution || g.Min != d.want.Min || g.Max != d.want.Max ||
				len(g.Values) != len(d.want.Values) || len(g.Values) > 0 && !reflect.DeepEqual(g.Values, d.want.Values) {
				t.Errorf("%s became %+v, want %+v, in\n%s", d.typed, g, d.want, text)
			}
		}
		if c := read.Command.Argv; len(c) != 3 || c[1] != word || c[2] != "${args}" {
			t.Errorf("the command is %q, want true, %q and the values, in\n%s", c, word, text)
		}
	})
}

// Whatever is typed is refused as it stands, or makes a spec that has the one parameter.
func FuzzParameter(f *testing.F) {
	for _, word := range []string{"lr=0.1,0.01", "b=1..9:log", "w=1e-6~1e-2", `a="x,y",'z'`, "l=[1,2],[3]", `o={"a":[1,"]"]}`, "n=0..1..0.25", "x=\u0085"} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		p, err := Reader{}.Parameter(word)
		if err != nil {
			if !strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: no remedy: %v", word, err)
			}
			return
		}
		spec := Spec{Method: "random", Trials: 1, Parameters: []Parameter{p}, Command: Command{Words: []string{"true"}}}
		text, _ := spec.YAML()
		read, err := sweep.Parse("spec", []byte(text))
		if err == nil && len(read.Space.Dimensions()) != 1 {
			t.Errorf("%q makes %d parameters:\n%s", word, len(read.Space.Dimensions()), text)
		}
		if err != nil && strings.Contains(err.Error(), "YAML") {
			t.Errorf("%q is no YAML: %v\n%s", word, err, text)
		}
	})
}

func TestMethodIsChosen(t *testing.T) {
	list, err := Reader{}.Parameter("a=1..10")
	if err != nil {
		t.Fatal(err)
	}
	ratio, err := Reader{}.Parameter("b=0.1~0.5")
	if err != nil {
		t.Fatal(err)
	}
	metric := &Metric{"loss", "minimize"}
	for _, tt := range []struct {
		spec Spec
		want string
	}{
		{Spec{Parameters: []Parameter{list, list}}, "grid"},
		{Spec{Parameters: []Parameter{list}, Metric: metric, Trials: 10}, "grid"},
		{Spec{Parameters: []Parameter{list}, Metric: metric, Trials: 9}, "auto"},
		{Spec{Parameters: []Parameter{list}, Trials: 9}, "random"},
		{Spec{Parameters: []Parameter{list, ratio}}, "random"},
		{Spec{Parameters: []Parameter{list, ratio}, Metric: metric}, "auto"},
		{Spec{Parameters: []Parameter{list}, Method: "sobol"}, "sobol"},
		{Spec{Parameters: []Parameter{list, list, list, list, list}}, "random"},
	} {
		if got := tt.spec.method(); got != tt.want {
			t.Errorf("%d parameters, %d trials: %s, want %s", len(tt.spec.Parameters), tt.spec.Trials, got, tt.want)
		}
	}
}

func TestSettingsAreKeysOfTheSpec(t *testing.T) {
	p, err := Reader{}.Parameter("a.b=0.1~0.5")
	if err != nil {
		t.Fatal(err)
	}
	spec := Spec{Comment: "typed", Parameters: []Parameter{p}, Command: Command{Words: []string{"true"}}}
	got, bad := spec.YAML(Setting{"limits.parallel", "4"}, Setting{"parameters.a.b.max", "0.7"}, Setting{"task.resources.cpus", "0.5"}, Setting{"seed", "3"})
	want := `# typed
name: "true"
method: random
parameters:
  a.b: {min: 0.1, max: 0.7}
command: ["true"]
limits: {parallel: 4}
task: {resources: {cpus: 0.5}}
seed: 3
`
	if bad != nil || got != want {
		t.Errorf("%v:\n%s\nwant\n%s", bad, got, want)
	}
	if _, bad := spec.YAML(Setting{"command.0", "x"}); bad == nil {
		t.Error("an item of a list was set")
	}
}

func TestRepeatedParameter(t *testing.T) {
	var spec Spec
	for _, word := range []string{"a=1", "b=1..3", "a=2,x"} {
		p, err := Reader{}.Parameter(word)
		if err == nil {
			err = spec.Add(p)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := spec.Parameters[0].node().flow(); len(spec.Parameters) != 2 || got != "{values: [1, 2, x]}" {
		t.Errorf("%d parameters, the first %s", len(spec.Parameters), got)
	}
	p, _ := Reader{}.Parameter("b=7")
	if err := spec.Add(p); err == nil {
		t.Error("a range was given twice")
	}
}
