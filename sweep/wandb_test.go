package sweep

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// theirs is what W&B's engine makes of one file.
type theirs struct {
	Error  string
	Points []struct {
		Words  []string
		Values map[string]any
	}
}

// wandbEngine asks W&B's own engine; false: it is not installed here.
func wandbEngine(t *testing.T, files []string) ([]theirs, bool) {
	t.Helper()
	python := cmp.Or(os.Getenv("KAON_WANDB_PYTHON"), "python3")
	if err := exec.Command(python, "-c", "import wandb, sweeps, numpy, yaml").Run(); err != nil {
		t.Logf("W&B's engine is not here, and was not compared with: python3 -m venv V && V/bin/pip " +
			"install wandb sweeps, then KAON_WANDB_PYTHON=V/bin/python")
		return nil, false
	}
	cmd := exec.Command(python, append([]string{"testdata/engine.py"}, files...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []theirs
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var one theirs
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatalf("%v: %.200s", err, lines.Text())
		}
		all = append(all, one)
	}
	if len(all) != len(files) {
		t.Fatalf("%d answers to %d files", len(all), len(files))
	}
	return all, true
}

// literals are scalars as files have them; those that W&B reads as text and kaon as numbers (1e-5) are left
// out.
var literals = []string{
	"0", "1", "-3", "+4", "1.0", "0.5", ".5", "5.", "-0.25", "1.e-5", "1.0e-5", "1.5e+3", "1_000", "0x1F",
	"yes", "no", "on", "off", "true", "False", "~", "null", `""`, `"yes"`, `"1"`, "'a b'", "adam", "é",
	"[1, 2]", "[1.0, a]", "[]", "{a: 1}", "{a: {b: [true, null]}}", "[[64, 64], [32]]", `"it's"`, `'say "x"'`,
	"a/b.c-d", "!!float 3", "!!str 4", "!!int 7", "1.0e+16", "123456789.125", "0.1", "1.0e-4", "0.00001",
}

var forms = []string{
	"", "command: [\"${env}\", python3, \"${program}\", \"${args}\"]\n",
	"command: [\"${interpreter}\", \"${program}\", \"${args_no_hyphens}\"]\n",
	"command: [\"${program}\", \"${args_no_boolean_flags}\"]\n",
	"command: [x, \"${args_no_equals}\", --end]\n", "command: [x, \"${args_append_hydra}\"]\n",
	"command: [x, \"${args_override_hydra}\"]\n",
	"command: [x, 1.50, yes, null, 1_000, 0x10, 1e-5, \"${args_json}\"]\n",
}

// made writes a sweep file of random literals.
func made(r *rand.Rand) string {
	var b strings.Builder
	grid := r.IntN(2) == 0
	fmt.Fprintf(&b, "method: %s\nprogram: train.py\n%sparameters:\n",
		map[bool]string{true: "grid", false: "random"}[grid], forms[r.IntN(len(forms))])
	for i := range 1 + r.IntN(4) {
		fmt.Fprintf(&b, "  p%d: ", i)
		pick := func() string { return literals[r.IntN(len(literals))] }
		switch kind := r.IntN(8); {
		case kind == 0:
			fmt.Fprintf(&b, "{value: %s}\n", pick())
		case kind < 4 || grid && kind > 5:
			items := make([]string, 1+r.IntN(4))
			for k := range items {
				items[k] = pick()
			}
			fmt.Fprintf(&b, "{values: [%s]}\n", strings.Join(items, ", "))
		case kind == 4:
			fmt.Fprintf(&b, "{min: %d, max: %d}\n", r.IntN(3)-1, 3+r.IntN(5))
		case kind == 5:
			fmt.Fprintf(&b, "{distribution: q_uniform, min: %d, max: %d, q: %s}\n", r.IntN(2), 2+r.IntN(3),
				[]string{"1", "0.5", "0.25"}[r.IntN(3)])
		default:
			b.WriteString([]string{
				"{min: 0.0, max: 1.5}", "{distribution: log_uniform_values, min: 0.001, max: 10}",
				"{distribution: log_uniform, min: -3, max: 1}",
				"{distribution: normal, mu: 1, sigma: 0.1}",
				"{distribution: q_log_uniform_values, min: 8, max: 64, q: 8}",
				"{distribution: beta, a: 2, b: 3}",
				"{distribution: inv_log_uniform_values, min: 0.1, max: 5.0}",
				"{values: [1, 2.5, a], probabilities: [0.2, 0.3, 0.5]}",
			}[r.IntN(8)] + "\n")
		}
	}
	return b.String()
}

// Kaon makes of W&B's files what W&B's own engine does: every point of a grid with its command, and of a
// random search the same kinds of values within the same bounds.
func TestAsWandbsEngine(t *testing.T) {
	files, err := filepath.Glob("testdata/good/wandb-*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r, dir := rand.New(rand.NewPCG(1, 2)), t.TempDir()
	for i := range 300 {
		f := filepath.Join(dir, fmt.Sprintf("made-%03d.yaml", i))
		if err := os.WriteFile(f, []byte(made(r)), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	if more := os.Getenv("KAON_WANDB_FILES"); more != "" { // sweep files from elsewhere
		found, _ := filepath.Glob(filepath.Join(more, "*.yaml"))
		files = append(files, found...)
	}
	all, here := wandbEngine(t, files)
	if !here {
		return
	}
	compared := 0
	for i, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(f, src, WithSeed(1))
		if err != nil || all[i].Error != "" {
			if err == nil || all[i].Error == "" {
				t.Logf("%s: kaon says %.200v, W&B %q", filepath.Base(f), err, all[i].Error)
			}
			continue
		}
		compared++
		t.Run(filepath.Base(f), func(t *testing.T) {
			if s.Method == "grid" {
				sameGrid(t, s, all[i])
			} else {
				sameBounds(t, s, all[i])
			}
			if t.Failed() {
				t.Logf("%s", src)
			}
		})
	}
	t.Logf("%d of %d files compared", compared, len(files))
}

func sameGrid(t *testing.T, s *Spec, w theirs) {
	if len(w.Points) >= 1000 || s.Trials >= 1000 {
		return
	}
	theirs, ours := map[string]int{}, map[string]int{}
	key := func(words []string) string { // W&B's engine sorts parameters, kaon keeps the file's order
		sorted := slices.Clone(words)
		slices.Sort(sorted)
		return fmt.Sprintf("%q", sorted)
	}
	for _, p := range w.Points {
		theirs[key(sortJSON(p.Words))]++
	}
	for k := range s.Trials {
		x, err := s.Command.Expand(Vars{Params: s.Space.At(big.NewInt(int64(k)))})
		if err != nil {
			t.Fatal(err)
		}
		ours[key(sortJSON(x.Argv))]++
	}
	wrong := 0
	for k := range ours {
		if wrong > 3 {
			return
		}
		if theirs[k] != ours[k] {
			wrong++
			t.Errorf("kaon runs %s %d times, W&B %d", k, ours[k], theirs[k])
		}
	}
	for k := range theirs {
		if ours[k] == 0 && s.Trials >= len(w.Points) && wrong < 4 { // less by run_cap
			wrong++
			t.Errorf("W&B runs %s, kaon does not", k)
		}
	}
}

// sortJSON puts the keys of JSON objects in order, in which W&B and kaon differ as in that of parameters.
func sortJSON(words []string) []string {
	out := slices.Clone(words)
	for i, w := range out {
		var m map[string]any
		if strings.HasPrefix(w, "{") && json.Unmarshal([]byte(w), &m) == nil {
			text, _ := json.Marshal(m)
			out[i] = string(text)
		} else if strings.Contains(w, "{'") { // a group, as Python prints it
			parts := strings.Split(strings.NewReplacer("{", "", "}", "").Replace(w[strings.Index(w, "{"):]),
				", ")
			slices.Sort(parts)
			out[i] = w[:strings.Index(w, "{")] + strings.Join(parts, ", ")
		}
	}
	return out
}

func sameBounds(t *testing.T, s *Spec, w theirs) {
	for _, l := range s.Space.leaves {
		if len(l.path) > 1 {
			continue // W&B draws groups as a whole
		}
		texts := map[string]bool{}
		for _, v := range l.Values {
			texts[string(pythonJSON(v))] = true
		}
		low, high := l.Quantile(1e-9), l.Quantile(1-1e-9)
		for _, p := range w.Points {
			v := p.Values[l.Name]
			if len(l.Values) > 0 {
				if text, _ := json.Marshal(v); !texts[normal(string(text), texts)] {
					t.Errorf("%s: W&B draws %s, kaon has %v", l.Name, text, l.Values)
					return
				}
				continue
			}
			x, isNumber := v.(float64)
			a, b := toFloat(low), toFloat(high)
			slip := l.Q/2 + 1e-6*max(1, b-a) // W&B may round out of the bounds
			if !isNumber || x < a-slip-(b-a)*1e-3 || x > b+slip+(b-a)*1e-3 {
				t.Errorf("%s: W&B draws %v, kaon from %v to %v", l.Name, v, low, high)
				return
			}
		}
	}
}

func toFloat(v Value) float64 {
	x, _ := strconv.ParseFloat(Format(v), 64)
	return x
}

// normal finds the text of the same JSON value among ours.
func normal(text string, ours map[string]bool) string {
	var a any
	_ = json.Unmarshal([]byte(text), &a)
	for o := range ours {
		var b any
		if json.Unmarshal([]byte(o), &b) == nil && fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b) {
			return o
		}
	}
	return text
}
