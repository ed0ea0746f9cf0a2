package sweep

import (
	"strings"
	"testing"
)

// TestUnsetVariables refuses macros for variables that are not set where they stand, once each.
func TestUnsetVariables(t *testing.T) {
	const spec = `method: grid
metric: {name: loss}
parameters: {x: {value: 1}}
command:
  - echo
  - ${envvar:HAVE}
  - --data=${envvar:MISS_A}
task:
  env:
    A: b
    DATA: ${envvar:MISS_B}/data
then: "echo ${envvar:MISS_C}"
`
	getenv := func(name string) (string, bool) { return "", name == "HAVE" }
	_, err := Parse("s.yaml", []byte(spec), WithEnvironment(getenv))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"s.yaml:7:5: command.2: ${envvar:MISS_A}: the environment variable MISS_A is not set",
		"s.yaml:11:11: task.env.DATA: ${envvar:MISS_B}: the environment variable MISS_B is not set",
		"s.yaml:12:7: then: ${envvar:MISS_C}: the environment variable MISS_C is not set",
		"export MISS_A=…",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not told: %s\nbut:\n%v", want, err)
		}
	}
	if n := len(err.(Errors)); n != 3 {
		t.Errorf("%d problems, of which there are 3", n)
	}
	if _, err = Parse("s.yaml", []byte(spec)); err != nil {
		t.Errorf("without an environment: %v", err)
	}
}
