package sweep

import (
	"errors"
	"strings"
	"testing"
)

// What no program can be given is refused before anything starts; a file takes values of any size.
func TestArgumentSize(t *testing.T) {
	long := strings.Repeat("x", 150_000)
	for command, ok := range map[string]bool{
		`["./t", "${args}"]`: false, `./t ${args}`: false, `sh -c './t ${args}'`: false,
		`["./t", "${args_json}"]`: false, `["./t", "${args_json_file}"]`: true, `["./t"]`: true,
		`["./t"]` + "\ntask: {env: {A: \"${param.v}\"}}": false,
	} {
		_, err := Parse("a.yaml",
			[]byte("method: grid\nparameters: {v: {values: [1, "+long+"]}}\ncommand: "+command+"\n"))
		var all Errors
		if ok != (err == nil) || err != nil && (!errors.As(err, &all) || all[0].Remedy != argsFileRemedy) {
			t.Errorf("%.60s: %.300v", command, err)
		}
	}
	// Many of them together.
	var b strings.Builder
	for i := range 20 {
		b.WriteString("  p" + string(rune('a'+i)) + ": {value: " + strings.Repeat("x", 49_000) + "}\n")
	}
	src := "method: grid\ncommand: [./t, \"${args}\", \"${args_no_hyphens}\"]\nparameters:\n" + b.String()
	if _, err := Parse("a.yaml", []byte(src)); err == nil {
		t.Error("two megabytes of words: no error")
	}
}
