package export

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/testkit"
	"github.com/kaon-sweep/kaon/workflow"
)

func read(t *testing.T, text string) *workflow.Workflow {
	t.Helper()
	w, err := workflow.Read("w.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestRegions(t *testing.T) {
	src, err := os.ReadFile("../testdata/regions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w := read(t, string(src))
	for _, format := range Formats {
		e, err := Write(w, format)
		if err != nil {
			t.Fatal(err)
		}
		testkit.Golden(t, "testdata/regions."+format, []byte(e.Text))
		if !slices.IsSorted(e.Left) && len(e.Left) == 0 {
			t.Error(e.Left)
		}
	}
	if _, err := Write(w, "argos"); err == nil || !strings.Contains(err.Error(), "did you mean `argo`?") {
		t.Error(err)
	}
}

// Each task of Argo's DAGs has a template, which gets all inputs that it has, and depends on tasks of the same DAG.
func TestArgoIsWhole(t *testing.T) {
	src, err := os.ReadFile("../testdata/regions.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(src), tangled} {
		e := argo(read(t, text))
		var body strings.Builder
		for line := range strings.Lines(e.Text) {
			if !strings.HasPrefix(line, "#") {
				body.WriteString(line)
			}
		}
		var m struct {
			Spec struct{ Templates []template }
		}
		if err := json.Unmarshal([]byte(body.String()), &m); err != nil {
			t.Fatal(err)
		}
		templates := map[string]template{}
		for _, tt := range m.Spec.Templates {
			if _, again := templates[tt.Name]; again {
				t.Errorf("template %s is there twice", tt.Name)
			}
			templates[tt.Name] = tt
		}
		for _, of := range m.Spec.Templates {
			if of.DAG == nil {
				continue
			}
			names := map[string]bool{}
			for _, k := range of.DAG.Tasks {
				names[k.Name] = true
			}
			for _, k := range of.DAG.Tasks {
				to, ok := templates[k.Template]
				if !ok {
					t.Errorf("task %s has no template %s", k.Name, k.Template)
				}
				given := map[string]bool{}
				if k.Arguments != nil {
					for _, a := range k.Arguments.Parameters {
						given[a.Name] = true
					}
				}
				if to.Inputs != nil {
					for _, in := range to.Inputs.Parameters {
						if !given[in.Name] {
							t.Errorf("task %s does not give %s", k.Name, in.Name)
						}
					}
				}
				for word := range strings.FieldsFuncSeq(k.Depends, func(r rune) bool { return strings.ContainsRune("()|& ", r) }) {
					if name, _, _ := strings.Cut(word, "."); !names[name] {
						t.Errorf("task %s depends on %s, which is not there", k.Name, word)
					}
				}
			}
		}
	}
}

const tangled = `
name: my_flow
parameters: {regions: [a, b], days: [1, 2], least: 0.5}
graph: |
  prepare **(reg = regions, day = days) --< (train -> check) >-- pick ==> (
    [steps.pick.outputs.auc > least && steps.pick.outputs.ok] publish, [else] report) >== done{any}
    ++(until = steps.tune.outputs.ok, times = 3) --< tune >--
steps:
  prepare: {command: [get, "$HOME", "${parameters.least}"], outputs: {table: file}}
  train: {command: "train ${steps.prepare.outputs.table} ${reg} ${day}", outputs: {model: file}, when: least > 0}
  check: {type: http, url: "http://x/${reg}", outputs: {auc: number}}
  pick: {command: pick, inputs: {all: "${steps.check.outputs.auc}", n: 3}, outputs: {auc: number, ok: boolean}, env: {A: "${max(days)}"}}
  publish: {type: docker, image: "publish:1", command: publish it}
  report: {command: "report '${workflow.name}'", retry: {times: 2, on: lost}, on_failure: continue}
  tune: {command: tune, outputs: {ok: boolean}}
`

// What a format does not hold is named, and fails there where it would be wrong to go on.
func TestWhatIsLeft(t *testing.T) {
	w := read(t, tangled)
	for format, left := range map[string][]string{
		"argo": {
			"steps.train.when: it is not looked at: the step always runs",
			"steps.check: a step of type http runs in kaon only: it fails there",
			"train.each: its items are those of the parameters' defaults, whatever a run is given",
			"steps.pick.env.A: ${max(days)} cannot be written there: the step fails",
			"tune.loop: a loop has no form in a DAG of Argo; it fails there",
			"done: it starts when one has succeeded and all have ended",
		},
		"airflow": {
			"steps.check: a step of type http runs in kaon only: it fails there",
			"steps.publish.image: its command runs where the worker does",
			"steps.report.retry.on: it is tried again after failures of all kinds",
			"tune.loop: a loop has no form in a DAG of Airflow; it fails there",
		},
		"metaflow": {
			"steps.check: a step of type http runs in kaon only: it fails there",
			"publish: its condition `steps.pick.outputs.auc > least && steps.pick.outputs.ok` has no form there; the flow ends in it",
			"tune.loop: a loop has no form there; the flow ends in it",
			"steps.train.when: it is not looked at: the step always runs",
		},
	} {
		e, err := Write(w, format)
		if err != nil {
			t.Fatal(err)
		}
		testkit.Golden(t, "testdata/tangled."+format, []byte(e.Text))
		for _, text := range left {
			if !slices.Contains(e.Left, text) {
				t.Errorf("%s: not named: %s\nbut\n%s", format, text, strings.Join(e.Left, "\n"))
			}
			if !strings.Contains(e.Text, "# not carried: "+text+"\n") {
				t.Errorf("%s: not in the file: %s", format, text)
			}
		}
	}
}

// By when runs are to be done is told by none of them.
func TestPromisesAreNamed(t *testing.T) {
	w := read(t, "sla: 2h\nsteps: {a: {command: x}}\ngraph: a\n")
	for format, more := range map[string]string{"argo": "\n", "airflow": "; since Airflow 3.1 a DAG takes deadline=DeadlineAlert(…)", "metaflow": "\n"} {
		e, err := Write(w, format)
		if want := "# not carried: sla: nobody is told there that a run is late" + more; err != nil || len(e.Left) == 0 || !strings.Contains(e.Text, want) {
			t.Errorf("%s: %v, %v in\n%s", format, err, e.Left, e.Text)
		}
	}
}

// Files that are brought, overrides of sweeps, triggers and what becomes of several runs are named as not carried.
func TestFilesAndTriggersAreNamed(t *testing.T) {
	w := read(t, "triggers: [{cron: '0 6 * * *', zone: Europe/Berlin}, {after: prepare}, {signal: new-data}, {file: /in/*.csv}, "+
		"{sweep: {name: nightly, state: succeeded}}]\nrun_strategy: latest_only\nsteps:\n  a: {command: x, fetch: {data: ./data.bin}}\n"+
		"  b: {type: sweep, file: s.yaml, set: {run_cap: 3}}\ngraph: a -> b\n")
	for _, format := range Formats {
		e, err := Write(w, format)
		for _, want := range []string{
			"triggers.cron: it begins no runs there: schedule it by \"0 6 * * *\" in Europe/Berlin",
			"triggers.after: it begins no runs there: begin it when a run of prepare has succeeded",
			"triggers.signal: it begins no runs there: begin it when new-data is signalled",
			"triggers.file: it begins no runs there: begin it when there is a new file /in/*.csv",
			"triggers.sweep: it begins no runs there: begin it when the sweep nightly (succeeded) has ended",
			"run_strategy: it does not bound runs of it there", "steps.a.fetch: its files are not brought to it",
			"steps.b.set: the sweep runs as its file has it",
		} {
			if err != nil || !slices.Contains(e.Left, want) {
				t.Errorf("%s: not named: %s\nbut %q, %v", format, want, e.Left, err)
			}
		}
	}
}

// What an orchestrator would take for templates of its own in a command arrives there as it was written.
func TestBracesOfCommands(t *testing.T) {
	const command = `printf '%s|' '{{.Id}}' "{{{x}}}" '{%y%}' "$${#HOME}" 'a\nb\\c' "$KAON_VALUE_1"`
	w := read(t, "name: w\nparameters: {p: q}\nsteps:\n  a: {type: docker, image: x, command: "+quoted(command+" ${p}")+"}\ngraph: a\n")
	e := argo(w)
	var m struct {
		Spec struct{ Templates []template }
	}
	_, body, _ := strings.Cut(e.Text, "{")
	if err := json.Unmarshal([]byte("{"+body), &m); err != nil {
		t.Fatal(err)
	}
	for _, of := range m.Spec.Templates {
		if of.Box == nil {
			continue
		}
		run := exec.Command("sh", append([]string{"-c"}, of.Box.Args...)...)
		run.Env = []string{"HOME=abc"}
		for _, v := range of.Box.Env {
			value := fmt.Sprint(v["value"])
			if value == "{{workflow.parameters.p}}" {
				value = "q"
			}
			if strings.Contains(value, "{{") {
				t.Errorf("Argo would read %s", value)
			}
			run.Env = append(run.Env, fmt.Sprint(v["name"], "=", value))
		}
		out, err := run.Output()
		if want := `{{.Id}}|{{{x}}}|{%y%}|3|a\nb\\c|q|q|`; err != nil || string(out) != want || strings.Contains(of.Box.Args[0], "{{") {
			t.Errorf("%q says %s, %v, want %s", of.Box.Args, out, err, want)
		}
	}
	left := argo(read(t, "steps: {a: {command: x, env: {A: 'a {{b}}'}}}\ngraph: a\n"))
	if want := "steps.a.env.A: {{ in it would be a variable of Argo's: the step fails"; !slices.Contains(left.Left, want) || !strings.Contains(left.Text, "only kaon computes") {
		t.Errorf("%q in\n%s", left.Left, left.Text)
	}

	text := airflow(read(t, "steps: {a: {command: "+quoted(command)+", env: {A: 'a {{b}}'}}}\ngraph: a\n")).Text
	for _, want := range []string{`'{{ '{{' }}.Id}}'`, `{{ '{{' }}{x}}}`, `'{{ '{%' }}y%}'`, `${{ '{#' }}HOME}`, `a {{ '{{' }}b}}`} {
		if !strings.Contains(text, strings.Trim(pythonText(want), `"`)) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
	if exec.Command("python3", "-c", "import jinja2").Run() != nil {
		t.Log("jinja2 is not here, and rendered nothing: pip install jinja2")
		return
	}
	render := exec.Command("python3", "-c", "import jinja2, sys; sys.stdout.write(jinja2.Template(sys.stdin.read()).render())")
	render.Stdin = strings.NewReader(jinjaText(command, ""))
	if out, err := render.Output(); err != nil || string(out) != command {
		t.Errorf("Jinja makes %s of it, %v, want %s", out, err, command)
	}
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// Of a graph that splits and joins as brackets do Metaflow gets the splits and joins; of another one a chain, which is told.
func TestMetaflowsStructure(t *testing.T) {
	for graph, told := range map[string]bool{
		"a -> b":            false,
		"a ==> (b, c -> d)": false,
		"a ==> (b ==> (c, d) >== e, f) >== g -> h": false,
		"a; b":                          false,
		"a ==> (b ==> (c, d), e) >== f": false,
		"a ==> (b, c) >== d; a -> d":    true,
		"a -> c; b -> c; b -> d":        true,
	} {
		e := metaflow(read(t, "graph: "+graph+"\nsteps: {a: {command: x}}\n"))
		if got := strings.Contains(e.Text, "its steps run one after the other"); got != told {
			t.Errorf("%s: told %v\n%s", graph, got, e.Text)
		}
	}
}

// A GPU is asked for with a limit, without which Kubernetes refuses the pod.
func TestArgoLimitsGPUs(t *testing.T) {
	w := read(t, "name: w\nsteps:\n  a: {type: docker, image: x, command: x, resources: {gpus: 2}}\n"+
		"  b: {type: docker, image: x, command: x, resources: {cpus: 2}}\ngraph: a -> b\n")
	text := strings.Join(strings.Fields(argo(w).Text), "")
	if want := `limits:{"nvidia.com/gpu":"2"}`; strings.Count(text, "limits") != 1 ||
		!strings.Contains(strings.ReplaceAll(text, `"limits"`, "limits"), want) {
		t.Errorf("%s is not in\n%s", want, text)
	}
}
