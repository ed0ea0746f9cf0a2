package workflow

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kaon-sweep/kaon/sweep"
)

func TestReadRegions(t *testing.T) {
	src, err := os.ReadFile("testdata/regions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w, err := Read("regions.yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := ParseGraph(deck)
	if err != nil {
		t.Fatal(err)
	}
	if !w.Graph.Equal(drawn) {
		t.Errorf("the graph of the file is %s", w.Graph)
	}
	if w.Finally == nil || w.Finally.String() != "report" {
		t.Errorf("at the end: %v", w.Finally)
	}
	s := w.Steps[2]
	if s.Name != "trainGlobalModel" || s.Retry.Times != 2 || s.Retry.Backoff != 5*time.Second || len(s.Retry.On) != 2 ||
		s.Outputs[0].Type.Kind != File || s.Keys.Get("command") == nil || s.Keys.Get("retry") != nil {
		t.Errorf("step: %+v", s)
	}
	if c := w.Steps[4].Cache; c == nil || c.Scope != CacheWorkflow || c.Age != 7*24*time.Hour {
		t.Errorf("cache: %+v", c)
	}
	if got := w.Parameters[0].Type.String(); got != "list[string]" {
		t.Errorf("type of regions: %s", got)
	}
	values, err := w.Bind(map[string]any{"rate": int64(1)})
	if err != nil || values["rate"] != int64(1) || values["date"] != "2016-06-05" {
		t.Errorf("%v, %v", values, err)
	}
	_, err = w.Bind(map[string]any{"rate": "fast", "dat": 1})
	if err == nil || err.Error() != "parameter `rate`: a number is needed, not `\"fast\"`; there is no parameter `dat`: did you mean `date`?" {
		t.Error(err)
	}
}

// Edges of `after`, a `for_each` and conditions come to the graph that an expression would.
func TestReadAfter(t *testing.T) {
	w, err := Read("w.yaml", []byte(`
parameters: {days: [1, 2]}
steps:
  deploy: {type: command, command: x, after: [{step: check, when: steps.check.outputs.ok}]}
  check: {type: command, command: x, after: train, outputs: {ok: boolean}}
  prepare: {type: command, command: x}
  train:
    type: command
    command: x ${day}
    after: [prepare]
    for_each: {over: {day: "${parameters.days}", size: [1, two]}, parallel: 2}
  alarm: {type: command, command: x, after: [{step: check, when: "!steps.check.outputs.ok"}, prepare], join: any}
`))
	if err != nil {
		t.Fatal(err)
	}
	want, err := ParseGraph(`prepare **(day = parameters.days, size = [1, "two"]; parallel = 2) --< train >-- check ==> (
		[steps.check.outputs.ok] deploy, [!steps.check.outputs.ok] alarm{any}); prepare -> alarm`)
	if err != nil {
		t.Fatal(err)
	}
	if !w.Graph.Equal(want) {
		t.Errorf("got  %s\nwant %s", w.Graph, want)
	}
}

// An expression and `after` go together; what they say is one graph.
func TestReadBoth(t *testing.T) {
	w, err := Read("w.yaml", []byte("graph: a -> b -> c\nsteps:\n  a: {command: x}\n  b: {command: x}\n  c: {command: x, after: [a, b]}\n  d: {command: x, after: a}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := w.Graph.String(); got != "a ==> (b -> c, d)" {
		t.Error(got)
	}
}

// refused are files with one problem each, of which the place and a word of the text are given.
var refused = []struct{ text, says string }{
	{"", ":1:1: the workflow is empty"},
	{"- a\n", "a workflow is a mapping"},
	{"method: grid\nparameters: {x: {value: 1}}\n", "this is a sweep, not a workflow"},
	{"name: x\n", "there are no steps"},
	{"steps: {a: {command: x}}\ngraf: a\n", ":2:1: graf: unknown key `graf`"},
	{"steps:\n  a: {command: x}\ngraph: a -> b -> > c\n", ":3:18: graph: "},
	{"steps:\n  a: {command: x}\ngraph: \"a -> b ->\\n > c\"\n", ":3:21: graph: "},
	{"steps:\n  a: {command: x}\ngraph: |\n  a -> b\n  -> > c\n", ":5:6: graph: "},
	{"steps:\n  a: {command: x}\ngraph: a\n  -> b\n  -> 'c'\n", ":5:9: graph: `'`"},
	{"steps:\n  train: {command: x}\ngraph: prepare -> trian\n", ":3:19: graph: `trian` is no step, and step `train` is in no place of the graph"},
	{"steps:\n  train: {command: x}\ngraph: prepare -> evaluate\n", ":2:3: steps.train: step `train` never runs"},
	{"steps:\n  a: {command: x, after: b}\n  b: {command: x, after: c}\n  c: {command: x, after: a}\n", ":2:26: steps.a.after: the graph has a cycle: a -> c -> b -> a"},
	{"graph: a -> b\nsteps:\n  a: {command: x, after: b}\n  b: {command: x}\n", "the graph has a cycle: a -> b -> a"},
	{"steps:\n  a: {command: x, after: prepar}\n  prepare: {command: x}\n", ":2:26: steps.a.after.0: there is no step `prepar`"},
	{"steps:\n  a: {command: x, afterr: b}\n  b: {command: x}\n", "unknown key `afterr`"},
	{"steps:\n  a: {retry: 2}\n", "the step has `retry` but no `type`"},
	{"steps:\n  a: {type: comand, command: x}\n", ":2:13: steps.a.type: there is no type `comand` of steps"},
	{"steps:\n  a: {type: command}\n", "a step of type command needs `command`"},
	{"steps:\n  a: {command: x, image: y}\n", "unknown key `image` of a step of type command"},
	{"steps:\n  a.b: {command: x}\n", "cannot be the name of a step"},
	{"steps:\n  a: {command: x}\n  a: {command: y}\n", "key `a` is given twice"},
	{"steps:\n  a: {command: \"run ${parameters.rat}\"}\nparameters: {rate: 1}\n", ":2:23: steps.a.command: there is no parameter `rat`"},
	{"steps:\n  a: {command: [run, \"${steps.b.outputs.x}\"]}\n  b: {command: x}\n", ":2:25: steps.a.command.1: step `b` has not ended here"},
	{"steps:\n  a: {command: \"${steps.a.outputs.x}\"}\n", "step `a` needs what it puts out itself"},
	{"steps:\n  a: {command: \"${HOME}\"}\n", "${envvar:HOME}"},
	{"steps:\n  a: {command: \"${envvar:NOT_SET}\"}\n", "the environment variable NOT_SET is not set"},
	{"steps:\n  a: {command: \"run ${x\"}\n", ":2:21: steps.a.command: a ${ is not closed"},
	{"steps:\n  a: {command: \"${1 +}\"}\n", "the expression is not finished"},
	{"steps:\n  a: {command: x, outputs: {auc: number}}\n  b: {command: \"${steps.a.outputs.acu}\", after: a}\n", "step `a` puts out no `acu`"},
	{"steps:\n  a: {command: x, outputs: {auc: number}}\n  b: {command: \"${steps.a.auc}\", after: a}\n", "did you mean steps.a.outputs.auc?"},
	{"steps:\n  a: {command: x, outputs: {auc: number}}\n  b: {command: y, when: steps.a.outputs.auc, after: a}\n", ":3:25: steps.b.when: "},
	{"steps:\n  a: {command: x, outputs: {name: string}}\n  b: {command: y, when: steps.a.outputs.name > 3, after: a}\n", ":3:46: steps.b.when: invalid operation"},
	{"steps:\n  a: {command: x}\n  b: {command: x}\n  c: {command: \"${steps.b.outputs.y}\"}\ngraph: \"a ==> ([steps.a.outputs.x] b, d) >== c\"\n", "step `b` may not have run"},
	{"steps:\n  a: {command: x}\n  b: {command: \"${steps.a.outputs.y}\"}\ngraph: r ==> (a, c) >== b{any}\n", "step `a` may not have run"},
	{"steps:\n  a: {command: x, when: parameters.x}\n  b: {command: \"${steps.a.outputs.y}\"}\ngraph: a -> b\nparameters: {x: true}\n", "step `a` may not have run"},
	{"steps:\n  a: {command: \"${x}\"}\n  b: {command: \"${x}\"}\ngraph: \"**(x = l) --< a >-- b\"\nparameters: {l: [1]}\n", ":3:19: steps.b.command: there is no `x` here"},
	{"steps:\n  a: {command: \"${x}\"}\ngraph: \"**(x = l) --< a >--\"\nparameters: {l: 1}\n", ":3:16: graph: a list is needed, and `l` is of type integer"},
	{"steps:\n  a: {command: \"${x}\"}\ngraph: \"b **(x = m) --< a >--\"\nparameters: {l: 1}\n", ":3:18: graph: there is no `m` here"},
	{"steps:\n  a: {command: x}\n  b: {command: x, after: {step: a, when: steps.a.outputs.x +}}\n", "the expression is not finished"},
	{"steps:\n  a: {command: \"${winner.args}\"}\n", "there is no winner here"},
	{"steps:\n  a: {command: \"${workflow.status}\"}\n", "known only in `finally`"},
	{"steps:\n  a: {command: x}\n  b: {command: \"${steps.a.outputs.x}\"}\nfinally: b\n", "step `a` may not have run"},
	{"steps:\n  a: {command: x, after: b}\n  b: {command: x}\nfinally: b\n", "`b` runs at the end"},
	{"steps:\n  a: {command: x}\nfinally: a\ngraph: a\n", "`a` is in the graph, too"},
	{"steps:\n  a: {command: x, retry: {times: 100}}\n", "100 is above 99"},
	{"steps:\n  a: {command: x, retry: {times: 1, on: [oom]}}\n", "`oom` is not known here"},
	{"steps:\n  a: {command: x, timeout: soon}\n", "a duration above 0 is needed"},
	{"steps:\n  a: {command: x, resources: {cpu: 2}}\n", "steps.a.resources.cpu: unknown key `cpu`"},
	{"steps:\n  a: {command: x, resources: {memory: 2 elephants}}\n", "steps.a.resources.memory: "},
	{"steps:\n  a: {command: x, outputs: {x: float}}\n", "did you mean `number`?"},
	{"steps:\n  a: {command: x}\nparameters: {x: {type: integer, default: 1.5}}\n", "a whole number is needed, not `1.5`"},
	{"steps:\n  a: {command: x}\nparameters: {x: {choices: [a, b], default: c}}\n", "`\"c\"` is none of `\"a\"`, `\"b\"`"},
	{"steps:\n  a: {command: x}\nparameters: {steps: 1}\n", "stands for something else"},
	{"steps:\n  a: {command: x, join: most}\n", "does not say how branches join"},
	{"steps:\n  a: {command: x, for_each: regions}\n", "a mapping is needed: names, and the lists"},
	{"steps:\n  a: {command: x, cache: forever}\n", "`forever` is not known here"},
	{"steps:\n  a: {command: x, on_failure: ignore}\n", "`ignore` is not known here"},
	{"steps:\n  a: {command: x, env: {KAON_X: 1}}\n", "set by kaon"},
	{"steps:\n  a: {type: sweep, spec: {command: \"x ${paramters.rate}\"}}\nparameters: {rate: 1}\n", ":2:41: steps.a.spec.command: there is no `paramters` here"},
	{"steps:\n  a: {type: sweep, spec: {command: \"x ${step.b.outputs.x} ${args} ${HOME}\"}}\n", "did you mean `steps`?"},
}

var testTypes = map[string]StepType{
	"command": {Name: "command", Keys: []string{"command"}, Needs: []string{"command"}},
	"sweep":   {Name: "sweep", Keys: []string{"file", "spec"}, Raw: []string{"spec"}},
}

func TestRefused(t *testing.T) {
	getenv := func(name string) (string, bool) { return "", name == "SET" }
	for _, tt := range refused {
		_, err := Read("w.yaml", []byte(tt.text), WithTypes(testTypes), WithEnvironment(getenv))
		var all sweep.Errors
		if !errors.As(err, &all) {
			t.Errorf("accepted, want %s:\n%s", tt.says, tt.text)
			continue
		}
		if !strings.Contains(err.Error(), tt.says) {
			t.Errorf("want %s, got:\n%v", tt.says, err)
		}
		if len(all) > 1 || all[0].Remedy == "" {
			t.Errorf("%d problems, the first with remedy %q:\n%v", len(all), all[0].Remedy, err)
		}
	}
}

// What could be taken for a mistake and is none.
func TestAccepted(t *testing.T) {
	for _, text := range []string{
		"steps:\n  a: {command: 'echo $HOME $${HOME} $((1+2))'}\n",
		"steps:\n  a: {command: x}\n  b: {command: \"${steps.a.outputs.anything.deep[0]}\", after: a}\n",
		"steps:\n  a: {command: x}\n  b: {command: x}\n  c: {command: \"${steps.b.outputs.y ?? 1}\"}\ngraph: \"a ==> ([steps.a.outputs.x] b, d) >== c\"\n",
		"steps:\n  a: {command: x}\n  b: {command: x}\n  c: {command: \"${steps.b.status}\"}\ngraph: \"a ==> ([steps.a.outputs.x] b, d) >== c\"\n",
		"steps:\n  a: {command: x}\n  b: {command: \"${steps.a.outputs.y}\"}\ngraph: \"a ==> ([parameters.x] c, [else] d) >== b\"\nparameters: {x: true}\n",
		"steps:\n  a-b: {command: x}\n  c: {command: \"${steps.a-b.outputs.y}\", after: a-b, when: steps.a-b.outputs.z > 1}\n",
		"steps:\n  s: {type: sweep, spec: {command: [train, \"${args}\", \"${param.lr}\", \"${steps.a.outputs.x}\", \"${1 +\"]}, after: a}\n  a: {command: x}\n  b: {command: \"${winner.args} ${steps.s.winner.params.lr}\", after: s}\n",
		"steps:\n  a: {command: x, outputs: {ok: boolean}}\n  b: {command: x}\ngraph: ++(until = steps.a.outputs.ok, times = 3) --< a >-- b\n",
		"steps:\n  a: {command: x, resources: {cpus: \"${parameters.n}\"}}\nparameters: {n: 2}\n",
		"steps:\n  a: {command: x, outputs: {auc: number}}\n  b: {command: x, inputs: {best: \"${max(steps.a.outputs.auc)}\"}}\ngraph: \"**(x = l) --< a >-- b\"\nparameters: {l: [1]}\n",
		"steps:\n  a: {command: \"${x} ${y}\"}\ngraph: \"**(x = files('*.csv'), y = lines('names.txt')) --< a >--\"\n",
		"steps:\n  a: {command: \"${envvar:SET}\"}\n",
	} {
		getenv := func(name string) (string, bool) { return "", name == "SET" }
		if _, err := Read("w.yaml", []byte(text), WithTypes(testTypes), WithEnvironment(getenv)); err != nil {
			t.Errorf("refused:\n%s\n%v", text, err)
		}
	}
}

// FuzzRead: whatever the bytes, reading ends, and either refuses with placed problems or gives a workflow whose graph is in order.
func FuzzRead(f *testing.F) {
	src, err := os.ReadFile("testdata/regions.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(src))
	for _, tt := range refused {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		slow := time.AfterFunc(20*time.Second, func() { panic("reading did not end: " + text) })
		defer slow.Stop()
		w, err := Read("fuzz.yaml", []byte(text), WithTypes(testTypes))
		if err != nil {
			var all sweep.Errors
			if !errors.As(err, &all) || len(all) == 0 || all.Error() == "" {
				t.Fatalf("refused without Errors: %v", err)
			}
			return
		}
		checkOrder(t, w.Graph)
		if again, err := ParseGraph(w.Graph.String()); err != nil || !again.Equal(w.Graph) {
			t.Fatalf("%q: %v", w.Graph, err)
		}
	})
}
