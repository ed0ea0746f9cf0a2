package sweep

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep/resource"
)

const small = `
method: random
program: train.py
run_cap: 7
metric: {name: loss}
parameters:
  lr: {min: 0.0, max: 1.0}
  a.b: {values: [1, 2]}
`

func TestSet(t *testing.T) {
	s := parse(t, small,
		WithSet("run_cap=3", "parameters.lr.max=1e-1", "parameters.a.b.values=[5]", "limits.failed=5%",
			"parameters.new={value: x}", "task.env.A=b=c", "method=grid", "parameters.lr={values: [2, 3]}",
			"parameters.lr.values.1=4", "name="))
	if s.Trials != 2 || s.Limits.FailedShare != 0.05 || s.Limits.FirstFailures != 10 ||
		s.Task.Env["A"] != "b=c" || s.Method != "grid" {
		t.Errorf("%+v", s)
	}
	if got := asJSON(t, s.Space.At(big.NewInt(1))); got != `{"lr":4,"a.b":5,"new":"x"}` {
		t.Error(got)
	}
	if len(s.Overrides) != 10 {
		t.Errorf("overrides %q", s.Overrides)
	}
}

// Overriding a value that an alias shares changes only the place that was named.
func TestSetLeavesAliasesAlone(t *testing.T) {
	s := parse(t, "method: grid\nprogram: x\nparameters:\n  a: &r {values: [1]}\n  b: *r\n",
		WithSet("parameters.a.values=[2]"))
	if got := asJSON(t, s.Space.At(big.NewInt(0))); got != `{"a":2,"b":1}` {
		t.Error(got)
	}
}

func TestSetErrorsNameTheOverride(t *testing.T) {
	for set, want := range map[string]string{
		"run_cap":                     "--set run_cap: an override is key=value",
		"run_cap=-1":                  "--set run_cap=-1: run_cap: -1 is below 1",
		"runcap=1":                    "--set runcap=1: runcap: unknown key `runcap`",
		"parameters.lr=0.1":           "--set parameters.lr=0.1: parameters.lr: a parameter is a mapping, not `0.1`",
		"parameters.lr.min=[":         "--set parameters.lr.min=[: not valid YAML",
		"parameters.a.b.values.9=1":   "--set parameters.a.b.values.9=1: 9: the list has no item",
		"=x":                          "--set =x: an override is key=value",
		"parameters.lr.max=\"\\xff\"": "--set ",
	} {
		_, err := Parse("f", []byte(small), WithSet(set))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", set, err)
		}
	}
}

func TestSeed(t *testing.T) {
	if s := parse(t, small, WithSeed(9)); s.Seed != 9 {
		t.Errorf("seed %d", s.Seed)
	}
	if s := parse(t, small+"seed: 8\n"); s.Seed != 8 {
		t.Errorf("seed %d", s.Seed)
	}
	a, b, other := parse(t, small), parse(t, small), parse(t, small+"name: x\n")
	if a.Seed != b.Seed || a.Seed == other.Seed {
		t.Errorf("derived seeds %d %d %d", a.Seed, b.Seed, other.Seed)
	}
}

func TestThenReadsSpecs(t *testing.T) {
	files := map[string]string{
		"train.yaml": "method: grid\ncommand: [./final, \"${winner.args}\", \"${param.s}\"]\nmetric: {name: loss}\nparameters: {s: {values: [1, 2]}}\nthen: last.yaml",
		"last.yaml":  "method: grid\ncommand: ./publish ${winner.value}",
		"loop.yaml":  "method: grid\ncommand: ./x\nmetric: {name: loss}\nthen: loop.yaml",
		"bad.yaml":   "method: grid\ncommand: ./x ${param.none}",
	}
	read := WithFiles(func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, fmt.Errorf("open %s: no such file", path)
	})
	s := parse(t, small+"then: train.yaml\n", read)
	if s.Then.Next == nil || s.Then.Next.Trials != 2 || s.Then.Next.Then.Next == nil {
		t.Fatalf("%+v", s.Then)
	}
	for path, want := range map[string]string{
		"loop.yaml": "follow each other in a circle",
		"bad.yaml":  "bad.yaml:2:10: command: ${param.none}: there is no parameter",
		"none.yaml": "no such file",
	} {
		if _, err := Parse("f", []byte(small+"then: "+path+"\n"), read); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if s := parse(t, small+"then: none.yaml\n"); s.Then.Spec != "none.yaml" {
		t.Errorf("%+v", s.Then)
	}
}

func TestErrorsAsJSON(t *testing.T) {
	_, err := Parse("f.yaml", []byte("method: random\nprogram: x\nparameters:\n  lr: {min: 2.0, max: 1.0}\n"))
	var all Errors
	if !errors.As(err, &all) {
		t.Fatal(err)
	}
	text, _ := json.Marshal(all)
	want := `[{"file":"f.yaml","line":4,"column":13,"field":"parameters.lr.min","value":"2.0","problem":"min 2.0 is above max 1.0","remedy":"swap min and max","text":"  lr: {min: 2.0, max: 1.0}"}]`
	if string(text) != want {
		t.Errorf("%s", text)
	}
	var one *Error
	if !errors.As(err, &one) || one.Line != 4 {
		t.Error("a single problem cannot be found with errors.As")
	}
}

func TestWarnings(t *testing.T) {
	s := parse(t, "method: random\nprogram: x\nparameters:\n  lr: {distribution: log_uniform, min: 1e-5, "+
		"max: 0.1}\n  a-b: {value: 1}\n  a_b: {value: 1}\n")
	if len(s.Warnings) != 2 || !strings.Contains(s.Warnings[0].Problem, "exponents of e") ||
		!strings.Contains(s.Warnings[1].Problem, "KAON_PARAM_A_B") {
		t.Errorf("%v", s.Warnings)
	}
	if !s.Capped || s.Trials != 100 {
		t.Errorf("%d trials, capped %v", s.Trials, s.Capped)
	}
}

func TestDemand(t *testing.T) {
	for text, want := range map[string]resource.Resources{
		"{}":                              {CPUs: 1000, Mem: 512_000},
		"{cpus: 0.1234, memory: 1.5GB}":   {CPUs: 124, Mem: 1536_000},
		"{cpus: 2, mem: 2GiB, disk: 1TB}": {CPUs: 2000, Mem: 2048_000, Disk: 1048576_000},
		"{memory: 100, gpus: 2}":          {CPUs: 1000, Mem: 100_000, GPUs: 2000},
		"{memory: 1B}":                    {CPUs: 1000, Mem: 1},
		"{memory: 512KB, ports: 3}":       {CPUs: 1000, Mem: 500, Ports: 3},
		`{memory: "batch * 4MB + 1GiB"}`:  {CPUs: 1000, Mem: 1152_000},
		`{cpus: 'opt.kind == "big" ? 4 : 1', named: {licences: "max(batch, 3)"}}`: {CPUs: 4000, Mem: 512_000,
			Named: map[string]resource.Milli{"licences": 32_000}},
	} {
		s := parse(t, "method: grid\nprogram: x\nparameters: {batch: {value: 32}, opt: {parameters: {kind: "+
			"{values: [big]}}}}\ntask:\n  resources: "+text)
		got, err := s.Demand(s.Space.At(new(big.Int)))
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s is %+v (%v), want %+v", text, got, err, want)
		}
	}
}

func TestCarriageReturnsAndBOM(t *testing.T) {
	s := parse(t, "\ufeff"+strings.ReplaceAll(small, "\n", "\r\n"))
	if s.Trials != 7 || s.Command.Program != "train.py" {
		t.Errorf("%+v", s)
	}
	_, err := Parse("f", []byte("method: random\r\nbad: 1\r\n"))
	if err == nil || strings.Contains(err.Error(), "\r") ||
		!strings.Contains(err.Error(), "f:2:1: bad: unknown key") {
		t.Errorf("%q", err)
	}
}

func TestEnvName(t *testing.T) {
	for in, want := range map[string]string{"lr": "KAON_PARAM_LR", "a.b-c/d": "KAON_PARAM_A_B_C_D",
		"é1": "KAON_PARAM__1"} {
		if got := EnvName(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// A range of one point is taken, and warned of.
func TestRangeOfOnePointIsWarnedOf(t *testing.T) {
	for text, want := range map[string]bool{
		"{min: 3, max: 3}": true, "{min: 2.0, max: 2.0}": true, "{distribution: log_uniform, min: -1, max: -1}": true,
		"{distribution: q_uniform, min: 1, max: 1, q: 0.5}": true, "{min: 9007199254740993, max: 9007199254740992}": false,
		"{min: 9007199254740992, max: 9007199254740993}": false, "{min: 3, max: 4}": false, "{value: 3}": false,
		"{values: [3]}": false,
	} {
		s, err := Parse("s.yaml", []byte("method: random\nrun_cap: 1\nprogram: t.py\n"+
			"parameters: {x: "+text+", y: {min: 0.0, max: 1.0}}"))
		if err != nil {
			if want {
				t.Errorf("%s: %v", text, err)
			}
			continue
		}
		if got := len(s.Warnings) == 1 && strings.Contains(s.Warnings[0].Problem, "min and max are the same"); got != want {
			t.Errorf("%s: %v", text, s.Warnings)
		}
	}
}
