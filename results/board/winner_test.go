package board_test

import (
	"encoding/json"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/kaon-sweep/kaon/results"
	"github.com/kaon-sweep/kaon/results/board"
	"github.com/kaon-sweep/kaon/results/bucket"
	"github.com/kaon-sweep/kaon/results/store"
	"github.com/kaon-sweep/kaon/testkit"
)

// manifest has all that is hard to quote.
func manifest() board.Winner {
	return board.Winner{Version: 1, Sweep: "digits-1", Trial: 17, Attempt: 1, Metric: "val/acc", Goal: "maximize", Value: 0.9375,
		Params: json.RawMessage(`{"lr":1e-05,"opt":{"name":"it's $HOME ` + "`x`" + ` \"q\"","eps":1.0},"tags":["a b",1],"on":true,` +
			`"none":null,"new line":"a\nb","-x":"","no":"no","__proto__":1}`),
		Metrics: map[string]results.Number{"val/acc": 0.9375, "loss": 1e-7}, Seed: 18446744073709551615,
		Artifacts: "sweeps/digits-1/artifacts/17/1/", SpecHash: "abc", Created: "2026-01-02T03:04:05Z"}
}

func render(t *testing.T, format string) string {
	t.Helper()
	out, err := manifest().Render(format)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRenderGolden(t *testing.T) {
	for _, format := range []string{"json", "yaml", "env", "flags"} {
		testkit.Golden(t, "testdata/winner."+format, []byte(render(t, format)))
	}
	if _, err := manifest().Render("toml"); err == nil {
		t.Error("toml is not built")
	}
}

// A real shell reads back what was quoted.
func TestShellReadsItBack(t *testing.T) {
	script := "eval \"$ENV\"; printf '%s|' \"$KAON_PARAM_OPT_NAME\" \"$KAON_PARAM_LR\" \"$KAON_PARAM_NEW_LINE\" \"$KAON_WINNER_VALUE\" \"$KAON_WINNER_SEED\" \"$KAON_PARAMS\"; " +
		"eval \"set -- $FLAGS\"; printf '%s|' \"$@\""
	cmd := exec.Command("sh", "-c", script)
	cmd.Env = []string{"ENV=" + render(t, "env"), "FLAGS=" + render(t, "flags"), "HOME=/nowhere"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	name := "it's $HOME `x` \"q\""
	want := strings.Join([]string{name, "1e-05", "a\nb", "0.9375", "18446744073709551615", string(manifest().Params),
		"--lr=1e-05", `--opt={'name': 'it\'s $HOME ` + "`x`" + ` "q"', 'eps': 1.0}`, "--tags=['a b', 1]", "--on=True", "--none=None",
		"--new line=a\nb", "---x=", "--no=no", "--__proto__=1", ""}, "|")
	if string(out) != want {
		t.Errorf("the shell read\n%s\nwant\n%s", out, want)
	}
}

func TestYAMLSaysWhatJSONSays(t *testing.T) {
	var fromJSON, fromYAML map[string]any
	if err := json.Unmarshal([]byte(render(t, "json")), &fromJSON); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(render(t, "yaml")), &fromYAML); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(fromYAML)
	if err != nil {
		t.Fatal(err)
	}
	var again map[string]any
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again, fromJSON) {
		t.Errorf("YAML says %v\nJSON says %v", again, fromJSON)
	}
}

func TestManifestsRoundTrip(t *testing.T) {
	var b bucket.Memory
	w := manifest()
	if err := store.WriteWinner(t.Context(), &b, w); err != nil {
		t.Fatal(err)
	}
	got, err := store.ReadWinner(t.Context(), &b, w.Sweep)
	if err != nil {
		t.Fatal(err)
	}
	one, _ := got.Render("env")
	if two := render(t, "env"); strings.ReplaceAll(one, " ", "") == "" || got.Seed != w.Seed || got.Value != w.Value {
		t.Errorf("read back %s, wrote %s", one, two)
	}
}
