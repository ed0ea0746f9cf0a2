package executor

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/scheduler/task"
)

// A parameter too long for a variable is left out of the environment, so that the program starts at all.
func TestEnvironmentLeavesOutWhatNoProgramTakes(t *testing.T) {
	long := strings.Repeat("x", 150_000)
	env, err := environment([]string{"PATH=/usr/bin:/bin"}, &task.Order{Params: []byte(`{"a":"` + long + `","b":1}`)}, "/d")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(env, "KAON_PARAM_B=1") || slices.ContainsFunc(env, func(p string) bool { return strings.Contains(p, long) }) {
		t.Error("want B, and neither A nor KAON_PARAMS")
	}
	cmd := exec.Command("true")
	cmd.Env = env
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
}
