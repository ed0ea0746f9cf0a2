package sweep

import (
	"errors"
	"strings"
	"testing"
)

// One mistake is one error, in the line where it is, with a remedy that says what to write.
func TestOneMistakeIsOneError(t *testing.T) {
	const head, params = "method: random\nrun_cap: " +
		"3\nprogram: t.py\n", "parameters:\n  lr: {min: 0.0, max: 1.0}\n"
	parameter := func(text string) string { return head + "parameters:\n  p: " + text + "\n" }
	when := func(text string) string {
		return head + "parameters:\n  a: {values: [x, y]}\n  n: {values: [1, 2]}\n  b: {min: 0.0, max: " +
			"1.0, when: '" + strings.ReplaceAll(text, "'", "''") + "'}\n"
	}
	for _, c := range []struct {
		spec   string
		line   int
		remedy string
	}{
		{parameter("{distribution: uniform, low: 1, high: 3}"), 5,
			"write `p: {distribution: uniform, min: 1, max: 3}`"},
		{parameter("{type: float, low: 0.1, high: 1.0, log: true}"), 5,
			"write `p: {distribution: log_uniform_values, min: 0.1, max: 1.0}`"},
		{parameter("{type: int, low: 1, high: 10, step: 2}"), 5,
			"write `p: {distribution: q_uniform, min: 1, max: 10, q: 2}`"},
		{parameter("{type: categorical, choices: [a, b]}"), 5, "write `p: {values: [a, b]}`"},
		{parameter("{type: double, bounds: [0.0, 1.0]}"), 5,
			"write `p: {distribution: uniform, min: 0.0, max: 1.0}`"},
		{parameter("{range: [0, 1]}"), 5, "write `p: {min: 0, max: 1}`"},
		{parameter("{values: 1,2,3}"), 5, "write values: [1, 2, 3]"},
		{parameter("{distribution: uniform}"), 5, "add it"},
		{parameter("{min: 1e-5, max: 10^-1}"), 5, "give a number"},
		{parameter("tune.uniform(0, 1)"), 5, "calls nothing"},
		{parameter("{name: {value: adam}, lr: {values: [1]}}"), 5, "write `p: {parameters: {name: …}}`"},
		{"methd: random\nprogram: t.py\n" + params, 1, "did you mean `method`?"},
		{"Method: random\nprogram: t.py\n" + params, 1, "did you mean `method`?"},
		{"algorithm: random\nprogram: t.py\n" + params, 1, "write `method`"},
		{"method: random\nentry_point: t.py\n" + params, 2, "write `program`"},
		{"method: random\nprogram: python t.py\n" + params, 2,
			"write `command: [python, t.py, \"${args}\"]`"},
		{"method:random\nprogram: t.py\n" + params, 1, "write `method: random`"},
		{"method: random\nprogram t.py\n" + params, 2, "write `program: t.py`"},
		{"import wandb\nx = {'a': 1}\n", 1, "is `method: random` there"},
		{"defaults:\n  - a: b\n  - _self_\nmodel:\n  lr: 0.1\n", 1, "${args_override_hydra}"},
		{"model:\n  lr: 0.1\ntrainer:\n  epochs: 10\nseed: 3\n", 1, "give the path of a sweep file"},
		{"services:\n  web: {image: nginx}\n", 1, "give the path of a sweep file"},
		{"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {}\n", 3, "give the path of a sweep file"},
		{"lr: {values: [1, 2]}\nbs: {min: 1, max: 3}\n", 1, "write `parameters:` above them"},
		{"wandb:\n  sweep:\n    method: random\n    program: t.py\n    parameters: {a: {values: [1]}}\n", 2,
			"remove the lines `wandb:` and `sweep:`"},
		{"wandb: {sweep: {method: random, program: t.py, parameters: {a: {values: [1]}}}}\n", 1,
			"in the braces behind `sweep:`"},
		{"x: 1\na:\n  b:\n    c:\n      method: random\n      parameters: {a: {values: [1]}}\n", 4,
			"remove the lines `a:` and `b:` and `c:`"},
		{head + "metric:\n  name: loss\n  parameters:\n    lr: {values: [1]}\n", 6, "at the left margin"},
		{head + params + "metric: {loss: minimize}\n", 6, "write `metric: {name: loss, goal: minimize}`"},
		{head + params + "metric: [loss, acc]\n", 6, "write `metric: loss`"},
		{head + params + "metric: {nmae: loss}\n", 6, "did you mean `name`?"},
		{when(`a = "x"`), 7, "write `a == \"x\"`"},
		{when(`a == x`), 7, "write `a == \"x\"`"},
		{when(`a === "x"`), 7, "write `a == \"x\"`"},
		{when(`a is not "x"`), 7, "write `a != \"x\"`"},
		{when(`a == "x" AND n = 1`), 7, "write `a == \"x\" and n == 1`"},
		{when(`n == "1"`), 7, "write `n == 1`"},
		{when(`${param.a} == 'x'`), 7, "write `a == 'x'`"},
		{when(`parameters.a == "x"`), 7, "write `a == \"x\"`"},
		{when(`a.value == "x"`), 7, "write `a == \"x\"`"},
		{when(`A == "x"`), 7, "did you mean `a`?"},
		{head + "parameters:\n  a: {values: [x, y]}\n  b: {min: 0.0, max: 1.0, when: {a: x}}\n", 6,
			`write when: a == "x"`},
		{head + "parameters:\n  svm:\n    parameters:\n      kernel: {values: [rbf, lin]}\n      gamma: " +
			"{min: 0.0, max: 1.0, when: kernl == \"rbf\"}\n", 8, "write `kernel == \"rbf\"`"},
		{head + "parameters: {a: {values: [1, 2]}}\nconstraints: [\"a = 1\"]\n", 5, "write `a == 1`"},
		{head + params + "task: {resources: {ram: 4GB}}\n", 6, "write `memory`"},
		{head + params + "task: {resources: {cores: 4}}\n", 6, "write `cpus`"},
		{head + params + "task: {resources: {cpu: 4}}\n", 6, "did you mean `cpus`?"},
		{head + params + "task: {resources: {num_gpus: 1}}\n", 6, "write `gpus`"},
		{head + params + "task: {resources: {memory: 4Gi}}\n", 6, "write `4GiB`"},
		{head + params + "task: {resources: {memory: 512m}}\n", 6, "write `512MB`"},
		{head + params + "task: {resources: {cpus: 500m}}\n", 6, "write `0.5`"},
		{head + params + "task: {cpus: 4}\n", 6, "write `resources: {cpus: …}`"},
		{head + params + "task: {environment: {A: b}}\n", 6, "write `env`"},
		{head + params + "task: {timeout: 10 minutes}\n", 6, "write `10m`"},
		{head + params + "task: {timeout: '1:30:00'}\n", 6, "write `1h30m00s`"},
		{head + params + "limits: {max_parallel: 3}\n", 6, "write `parallel`"},
		{head + params + "limits: {failed: 0.05}\n", 6, "write `5%`"},
		{parameter("{min: 0, max: 10, step: 2}"), 5,
			"write `p: {distribution: q_uniform, min: 0, max: 10, q: 2}`"},
		{parameter("{min: 0, max: 1,5}"), 5, "write `max: 1.5`"},
		{parameter("\n    min: 0\n    max: 1,5"), 7, "write `1.5`"},
		{parameter("\n    min:-0.2\n    max: 1"), 6, "write `min: -0.2`"},
		{parameter("{value: 1, values: [1, 2]}"), 5, "remove `value`, or remove `values`"},
		{parameter("{min: 1, max: 2, values: [1, 2]}"), 5, "remove `min` and `max`, or remove `values`"},
		{head + "parameters: {}\n", 4, "`parameters: {run: {value: 1}}`"},
		{head + "parameters:\n\u00a0\u00a0lr: {min: 0.0, max: 1.0}\n", 5, "put a plain blank in its place"},
		{head + "parameters:\n  lr:\u00a0{min: 0.0, max: 1.0}\n  b: {value: 1}\n", 5, "put a plain blank"},
		{"method: random\n run_cap: 4\nprogram: t.py\n" + params, 2, "indent it as `method`, by 0 blanks"},
		{parameter("{min: 0.0, max: 1.0}\n   q: {values: [1]}"), 6, "indent it as `p`, by 2 blanks"},
		{"name: %x\n" + head + params, 1, "write `name: \"%x\"`"},
		{"name: @x\n" + head + params, 1, "write `name: \"@x\"`"},
		{"description: foo: bar\n" + head + params, 1, "write `description: \"foo: bar\"`"},
		{"method：random\nrun_cap: 3\nprogram: t.py\n" + params, 1, "write `method: random`"},
		{head + "parameters:\n  lr：{min: 0.0, max: 1.0}\n", 5, "write `lr: {min: 0.0, max: 1.0}`"},
		{head + params + "task: {resources: {gpus: all}}\n", 6, "write a number"},
		{head + params + "task: {resources: {memory: lots}}\n", 6, "write an amount such as 512MB or 2GB"},
		{head + params + "artifacts: {size: lots}\n", 6, "write an amount such as 512MB or 2GB"},
		{head + params + "limits: {failed: 5.5}\n", 6, "write `5.5%`, or `5`"},
		{"method: random\n" + params + "command: |\n  echo a\n  ./t ${param.lrr}\n", 6, "did you mean `lr`?"},
		{"method: random\n" + params + "command: >\n  echo a\n\n  ./t ${parm.lrr}\n", 7,
			"did you mean ${param.lr}?"},
		{"method: random\n" + params + "command:\n  - sh\n  - -c\n  - |\n    echo a\n    ./t ${parm.lr}\n", 9,
			"did you mean ${param.lr}?"},
		{"method: random\n" + params + "command: |\n  echo a\n  ./t `echo ${param.lr}`\n", 6, "write $( )"},
		{"method: random\n" + params + "command: python3 t.py $args\n", 4, "write ${args}"},
		{"method: random\n" + params + "command: |\n  set -e\n  python3 t.py --lr=$param.lr\n", 6,
			"write ${param.lr}"},
		{"method: random\n" + params + "command: [python, t.py, \"${parameters.lr}\"]\n", 4,
			"did you mean ${param.lr}?"},
	} {
		_, err := Parse("s.yaml", []byte(c.spec))
		var all Errors
		if !errors.As(err, &all) || len(all) != 1 || all[0].Line != c.line ||
			!strings.Contains(all[0].Remedy, c.remedy) {
			t.Errorf("%s\nis told as: %v\nwant one error in line %d: %s", c.spec, err, c.line, c.remedy)
			continue
		}
		if lines := splitLines(c.spec); applied(lines, all[0]) {
			if _, err := Parse("s.yaml", []byte(strings.Join(lines, "\n"))); err != nil &&
				!strings.Contains(err.Error(), "is not known here") {
				t.Errorf("%s\nwith the remedy of %v\nis refused: %v", strings.Join(lines, "\n"), all[0], err)
			}
		}
	}
}

// In a group a condition may call its neighbours by their own names.
func TestConditionsKnowTheirGroup(t *testing.T) {
	s, err := Parse("s.yaml",
		[]byte("method: grid\nprogram: t.py\nparameters:\n  svm:\n    parameters:\n      kernel: {values: "+
			"[rbf, lin]}\n      gamma: {values: [1, 2], when: kernel == \"rbf\"}\n"))
	if err != nil || s.Trials != 3 {
		t.Fatalf("%+v %v", s, err)
	}
}

// Braces without a $ are warned of.
func TestBareBracesAreWarnedOf(t *testing.T) {
	for command, want := range map[string]string{"./t {args}": "${args}", "./t --lr {{ lr }}": "${param.lr}",
		"./t {x} ${args}": ""} {
		s, err := Parse("s.yaml",
			[]byte("method: random\nrun_cap: 1\nparameters: {lr: {min: 0.0, max: "+
				"1.0}}\ncommand: '"+command+"'\n"))
		if err != nil || (want == "") != (len(s.Warnings) == 0) || want != "" &&
			!strings.Contains(s.Warnings[0].Remedy, want) {
			t.Errorf("%s: %v %v", command, s, err)
		}
	}
}

// Every mistake of a text of several lines is told at its own line.
func TestMistakesOfATextAreToldWhereTheyAre(t *testing.T) {
	_, err := Parse("s.yaml", []byte("method: random\nparameters: {lr: {min: 0.0, max: 1.0}}\ncommand: |\n"+
		"  ./a ${param.lrr}\n  ./b ${parm.lr} ${HOME} $${x}\n  ./c ${param.lr}\n"))
	var all Errors
	if !errors.As(err, &all) || len(all) != 2 || all[0].Line != 4 || all[0].Column != 7 || all[1].Line != 5 {
		t.Errorf("%v", err)
	}
}

// A variable that the script or `env` sets may be called args.
func TestArgsMayBeAVariable(t *testing.T) {
	const head = "method: random\nrun_cap: 2\nparameters: {lr: {min: 0.0, max: 1.0}}\n"
	for _, text := range []string{
		"command: 'args=x; ./t $args'", "command: 'for args in a b; do ./t $args; done'",
		"command: 'read args; ./t $args'", "command: './t $argsx \\$args'",
		"command: './t $args'\ntask: {env: {args: x}}",
	} {
		if _, err := Parse("s.yaml", []byte(head+text+"\n")); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
