package sampler_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/server/sampler"
	"github.com/kaon-sweep/kaon/sweep"
)

// over is a sampler, which a shell script is, of a sweep with other parameters.
func over(t *testing.T, script, rest string, batch int) (*sampler.Sampler, string) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "s.sh"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, err := sweep.Parse("s.yaml", fmt.Appendf(nil, "method: {command: [sh, s.sh], batch: %d, timeout: 2m}\n"+
		"run_cap: 20\nmetric: {name: y}\ncommand: [\"true\"]\n%s", batch, rest))
	if err != nil {
		t.Fatal(err)
	}
	s := sampler.New(spec, folder)
	t.Cleanup(s.Close)
	return s, folder
}

// A program hears all that a parameter's distribution is.
func TestHello(t *testing.T) {
	s, folder := over(t, `read h; echo "$h" > hello; echo '{"error": "enough"}'`, `
parameters:
  b: {distribution: beta, a: 2, b: 5}
  q: {distribution: q_beta, a: 0.5, b: 3, q: 0.25}
  l: {distribution: log_uniform, min: -3, max: 2}
  n: {distribution: normal, mu: 1, sigma: 2}
  g: {parameters: {c: {values: [x, {k: 1}]}}}
  e: {values: [5, 6, 6]}
  f: {min: 1, max: 3}
zip: [[e, f]]
`, 1)
	s.Ask(0)
	text, err := os.ReadFile(filepath.Join(folder, "hello"))
	if err != nil {
		t.Fatal(err, s.Err())
	}
	var hello struct{ Parameters []json.RawMessage }
	if err := json.Unmarshal(text, &hello); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		`{"name":"b","distribution":"beta","min":0,"max":1,"a":2,"b":5}`,
		`{"name":"q","distribution":"q_beta","min":0,"max":1,"a":0.5,"b":3,"q":0.25}`,
		`{"name":"l","distribution":"log_uniform","min":-3,"max":2}`,
		`{"name":"n","distribution":"normal","mu":1,"sigma":2}`,
		`{"name":"g.c","distribution":"categorical","values":["x",{"k":1}]}`,
		`{"name":"e","distribution":"categorical","values":[5,6,6],"zip":["e","f"]}`,
		`{"name":"f","distribution":"categorical","values":[1,2,3],"zip":["e","f"]}`,
	} {
		if i >= len(hello.Parameters) || string(hello.Parameters[i]) != want {
			t.Fatalf("parameter %d of\n%s\nis not %s", i, text, want)
		}
	}
}

// Parameters in groups are named as the groups are nested, or with dots, or both.
func TestGroups(t *testing.T) {
	const groups = `
parameters:
  g: {parameters: {a: {min: 0.0, max: 1.0}, h: {parameters: {b: {min: 1, max: 5}, c: {values: [{k: 1}, {k: 2}]}}}}}
  off: {parameters: {d: {min: 1, max: 2}}, when: g.a > 2}
  e: {values: [5, 6, 6]}
  f: {min: 1, max: 3}
zip: [[e, f]]
`
	const want = `{"g":{"a":0.5,"h":{"b":3,"c":{"k":2}}},"e":6,"f":3}`
	for answer, wrong := range map[string]string{
		`{"g": {"a": 0.5, "h": {"b": 3, "c": {"k": 2}}}, "e": 6, "f": 3}`:            "",
		`{"g.a": 0.5, "g.h.b": 3, "g.h.c": {"k": 2}, "e": 6, "f": 3, "off": {}}`:     "",
		`{"f": 3, "g.h": {"b": 3}, "g": {"a": 0.5, "h": {"c": {"k": 2}}}}`:           "",
		`{"g.a": 0.5, "g.h.b": 3.0, "g.h.c": {"k": 2}, "f": 3, "off.d": 1}`:          "",
		`{"g.a": 0.5, "g.h.b": 3, "g.h.c": {"k": 2}, "e": 5, "f": 3}`:                "the space has no such point",
		`{"g.a": 0.5, "g.h.b": 9, "g.h.c": {"k": 2}, "f": 3}`:                        "`g.h.b` cannot be 9",
		`{"g.a": 0.5, "g.h.b": 3, "g.h.c": {"k": 2}, "f": 3, "g.z": 1}`:              "the spec has no parameter `g.z`",
		`{"g.a": 0.5, "g.h.b": 3, "g.h.c": {"k": 2}, "f": 3, "a": 1}`:                "the spec has no parameter `a`",
		`{"g.a": 0.5, "g.h.b": 3, "g.h.c": {"k": 2}, "f": 3, "other": {}}`:           "the spec has no parameter `other`",
		`{"g": {"a": 0.5, "h": {"c": {"k": 2}}}, "e": 6, "f": 3}`:                    "it lacks the parameter `g.h.b`",
		`{"g": 3, "e": 6, "f": 3}`:                                                   "the spec has no parameter `g`",
		`{"g": {"a": {"x": 1}, "h": {"b": 3, "c": {"k": 2}}}, "e": 6, "f": 3}`:       "`g.a` cannot be",
		`{"g": {"a": 0.5, "h": {"b": 3, "c": {"k": 2, "more": 1}}}, "e": 6, "f": 3}`: "`g.h.c` cannot be",
	} {
		s, _ := over(t, "read h; echo '{}'; read a; echo '{\"params\": ["+answer+"]}'; read more", groups, 1)
		p, ok := s.Ask(0)
		text, _ := json.Marshal(p)
		switch {
		case wrong == "" && (!ok || string(text) != want):
			t.Errorf("%s is %s: %v", answer, text, s.Err())
		case wrong != "" && (ok || !strings.Contains(s.Err().Error(), wrong)):
			t.Errorf("%s is %s, not refused as %s: %v", answer, text, wrong, s.Err())
		}
	}
}

// A point that constraints refuse is told of as such, and another is asked for; a fresh process hears the same.
func TestRefused(t *testing.T) {
	const script = `n=0
while read line; do
  echo "$line" >> log
  n=$((n + 1))
  case $n in
  1) echo '{}';;
  2) echo '{"params": [{"x": 1}, {"x": 9}, {"x": 8}]}';;
  3) echo '{"params": [{"x": 2}, {"x": 7}]}';;
  4) echo '{"params": [{"x": 3}]}';;
  *) echo '{"params": [{"x": 4}, {"x": 4}, {"x": 4}]}';;
  esac
done
`
	const space = "parameters: {x: {min: 1, max: 9}}\nconstraints: [x < 5]\n"
	s, folder := over(t, script, space, 3)
	var points []sweep.Point
	for trial := range 4 {
		p, ok := s.Ask(trial)
		if text, _ := json.Marshal(p); !ok || string(text) != fmt.Sprintf(`{"x":%d}`, trial+1) {
			t.Fatalf("trial %d has %s: %v", trial, text, s.Err())
		}
		points = append(points, p)
	}
	heard := func(folder string) []string {
		log, err := os.ReadFile(filepath.Join(folder, "log"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(string(log)), "\n")[1:]
	}
	want := []string{
		`{"tell":[],"ask":[0,1,2]}`,
		`{"tell":[{"trial":1,"state":"refused","value":null,"params":{"x":9}},` +
			`{"trial":2,"state":"refused","value":null,"params":{"x":8}}],"ask":[1,2]}`,
		`{"tell":[{"trial":2,"state":"refused","value":null,"params":{"x":7}}],"ask":[2]}`,
		`{"tell":[],"ask":[3,4,5]}`,
	}
	if got := heard(folder); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("it heard\n%s", strings.Join(got, "\n"))
	}
	again, other := over(t, script, space, 3)
	for trial, p := range points[:3] {
		again.Recall(trial, p)
	}
	if p, ok := again.Ask(3); !ok {
		t.Errorf("%v: %v", p, again.Err())
	}
	want = []string{
		`{"tell":[],"ask":[0,1,2],"answered":[{"x":1},{"x":2},{"x":3}]}`,
		strings.TrimSuffix(want[1], "}") + `,"answered":[{"x":2},{"x":3}]}`,
		strings.TrimSuffix(want[2], "}") + `,"answered":[{"x":3}]}`,
		want[3],
	}
	if got := heard(other); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the second heard\n%s", strings.Join(got, "\n"))
	}
}

// A program whose points are refused without end fails.
func TestAttackRefusedForEver(t *testing.T) {
	s, _ := over(t, `read h; echo '{}'; while read a; do echo '{"params": [{"x": 9}]}'; done`,
		"parameters: {x: {min: 1, max: 9}}\nconstraints: [x < 5]\n", 1)
	_, ok := s.Ask(0)
	if err := s.Err(); ok || err == nil ||
		!strings.Contains(err.Error(), "its points for trial 0 were refused 1000 times in ") ||
		!strings.Contains(err.Error(), "the spec's `constraints` or `exclude` refuse it") {
		t.Errorf("%v: %v", ok, s.Err())
	}
}
