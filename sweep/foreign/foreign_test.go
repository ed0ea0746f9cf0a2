package foreign

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/testkit"
)

// read translates a file, and parses what comes of it.
func read(t *testing.T, file string, lenient bool) (*Translation, *sweep.Spec, error) {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(file)
	from, err := Translate(name, src, Options{Lenient: lenient, Read: func(path string) ([]byte, error) {
		return os.ReadFile(filepath.Join(filepath.Dir(file), path))
	}})
	if err != nil {
		return nil, nil, err
	}
	if from == nil {
		t.Fatalf("%s is not taken for an experiment", file)
	}
	spec, err := sweep.Parse(name, from.Text)
	return from, spec, from.Relocate(err)
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	all, err := filepath.Glob(pattern)
	if err != nil || len(all) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	return all
}

// Experiments that are carried: what comes of each stands beside it, and is a sweep file.
func TestCarried(t *testing.T) {
	for _, f := range files(t, "testdata/carried/*.yaml") {
		t.Run(filepath.Base(f), func(t *testing.T) {
			from, spec, err := read(t, f, false)
			if err != nil {
				t.Fatal(err)
			}
			if len(from.Left) > 0 {
				t.Errorf("%d parts are left out of what is carried", len(from.Left))
			}
			if spec.Objective.Name == "" || len(spec.Space.Dimensions()) == 0 {
				t.Errorf("a sweep without an objective or parameters: %+v", spec)
			}
			testkit.Golden(t, strings.TrimSuffix(f, ".yaml")+".txt", from.Text)
			if again, err := Translate("x", from.Text, Options{}); again != nil || err != nil {
				t.Errorf("the sweep file is taken for an experiment: %v", err)
			}
		})
	}
}

// Experiments that are refused: a line for each part, with its place; and what is left when they are read leniently.
func TestRefused(t *testing.T) {
	for _, f := range files(t, "testdata/refused/*.yaml") {
		t.Run(filepath.Base(f), func(t *testing.T) {
			_, _, err := read(t, f, false)
			if err == nil {
				t.Fatal("accepted")
			}
			text := err.Error() + "\n"
			var parts sweep.Errors
			if !errors.As(err, &parts) {
				t.Fatalf("refused without its parts: %v", err)
			}
			for _, p := range parts {
				if p.File != filepath.Base(f) || p.Line == 0 || p.Column == 0 || p.Field == "" {
					t.Errorf("a part without its place: %+v", p)
				}
			}
			from, _, err := read(t, f, true)
			if err != nil {
				text += "\nleniently:\n" + err.Error() + "\n"
			} else {
				text += "\nleniently:\n" + string(from.Text)
			}
			testkit.Golden(t, strings.TrimSuffix(f, ".yaml")+".txt", []byte(text))
		})
	}
}

// Sweep files, and other files, are not taken for experiments.
func TestNotForeign(t *testing.T) {
	for _, text := range []string{
		"method: grid\n", "", "kind: Experiment\nmethod: grid\n", "apiVersion: kubeflow.org/v1beta1\nkind: Trial # of an Experiment\n",
		"description: an Experiment of kubeflow.org/v1beta1\n",
	} {
		if from, err := Translate("x", []byte(text), Options{}); from != nil || err != nil {
			t.Errorf("%q: %v, %v", text, from, err)
		}
	}
}

// experiment is one of Katib with other feasible spaces, volumes and mounts.
const experiment = `
apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: x}
spec:
  objective: {type: minimize, objectiveMetricName: loss}
  algorithm: {algorithmName: random}
  parameters:
    - {name: lr, parameterType: KIND, feasibleSpace: SPACE}
  trialTemplate:
    trialParameters: [{name: lr, reference: lr}]
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            volumes: VOLUMES
            containers:
              - {name: main, image: "example.com/x:1", command: [train, "${trialParameters.lr}"], volumeMounts: MOUNTS}
`

func translated(t *testing.T, kind, space, volumes, mounts string) (*Translation, error) {
	t.Helper()
	text := strings.NewReplacer("KIND", kind, "SPACE", space, "VOLUMES", volumes, "MOUNTS", mounts).Replace(experiment)
	return Translate("x.yaml", []byte(text), Options{})
}

// A volume that is empty is refused, and no mount of it is taken for one.
func TestEmptyVolume(t *testing.T) {
	if _, err := translated(t, "double", "{min: 0, max: 1}", "[null]", "[{mountPath: /data}]"); err == nil || !strings.Contains(err.Error(), "volumeMounts.0") {
		t.Errorf("a mount of an empty volume: %v", err)
	}
}

// Numbers of any length cost no more than floats do: written out exactly, these steps would take hours.
func TestStepsOfLongNumbers(t *testing.T) {
	from, err := translated(t, "double", `{min: "1e-999999", max: "1", step: "0.25"}`, "[]", "[]")
	if err != nil || !strings.Contains(string(from.Text), "{values: [0.0, 0.25, 0.5, 0.75, 1.0]}") {
		t.Errorf("%v, %+v", err, from)
	}
	if _, err := translated(t, "double", `{min: "1e-999999", max: "1", step: "1e-999999"}`, "[]", "[]"); err == nil {
		t.Error("a step that is 0 to a float is taken")
	}
	if _, err := translated(t, "discrete", `{list: [nan]}`, "[]", "[]"); err == nil {
		t.Error("a value that is no number is taken")
	}
}

// Katib's numbers are texts, and an empty step is none.
func TestStepOfNoText(t *testing.T) {
	with, err := translated(t, "double", `{min: "0.1", max: "1", step: ""}`, "[]", "[]")
	if err != nil {
		t.Fatal(err)
	}
	without, err := translated(t, "double", `{min: "0.1", max: "1"}`, "[]", "[]")
	if err != nil || string(with.Text) != string(without.Text) {
		t.Errorf("%v, %s", err, with.Text)
	}
}

// Words are expanded as Kubernetes does: https://kubernetes.io/docs/reference/kubernetes-api, Container.args.
func TestKubernetesMacros(t *testing.T) {
	known := &template{env: map[string]string{"A": "1"}}
	for text, want := range map[string]string{"$(A)-$(A)": "1-1", "$$(A)": "$(A)", "$(B)": "$(B)", "$$": "$", "$A": "$A", "$$$(A)": "$1"} {
		if got := known.expanded(text); got != want {
			t.Errorf("%s is expanded to %s, want %s", text, got, want)
		}
	}
}

// Choices of NNI are as many as they were, whatever is in them.
func TestChoicesOfPlainText(t *testing.T) {
	from, err := Translate("x.yaml", []byte("trialConcurrency: 1\ntrialCommand: x\nmaxTrialNumber: 2\nsearchSpace:\n  a:\n    _type: choice\n"+
		"    _value:\n      - one, two\n      - relu\n      - 3\n      - x] # y\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	spec, err := sweep.Parse("x.yaml", from.Text)
	if err != nil {
		t.Fatalf("%v\n%s", err, from.Text)
	}
	want := []sweep.Value{"one, two", "relu", int64(3), "x]"}
	if got := spec.Space.Dimensions()[0].Values; !slices.Equal(got, want) {
		t.Errorf("%#v, want %#v", got, want)
	}
}

// Booleans are what YAML 1.1 has them for, as Python does; what is none is refused.
func TestBooleansOfFiles(t *testing.T) {
	ax := func(text string) string {
		return "hydra: {sweeper: {ax_config: {experiment: {minimize: " + text + "}, params: {x: {type: range, bounds: [1, 2], log_scale: " + text + "}}}}}\n"
	}
	nevergrad := func(text string) string {
		return "hydra: {sweeper: {optim: {maximize: " + text + "}, parametrization: {x: {lower: 1, upper: 2, log: " + text + ", integer: " + text + "}}}}\n"
	}
	former := func(text string) string {
		return "hydra: {sweeper: {search_space: {x: {type: float, low: 1, high: 2, log: " + text + "}}}}\n"
	}
	for text, want := range map[string]string{
		ax("False"): "hydra.sweeper.direction=maximize x=int(interval(1,2))", ax("yes"): "hydra.sweeper.direction=minimize x=int(tag(log,interval(1,2)))",
		nevergrad("True"): "hydra.sweeper.direction=maximize x=int(tag(log,interval(1,2)))", nevergrad("No"): "hydra.sweeper.direction=minimize x=interval(1,2)",
		former("True"): "x=tag(log,interval(1,2))",
	} {
		if h, err := ReadHydra("x", []byte(text), false, nil); err != nil || strings.Join(h.Overrides, " ") != want {
			t.Errorf("%s is %+v, %v", text, h, err)
		}
	}
	determined := func(text string) string {
		return "hyperparameters: {x: {type: int, minval: 1, maxval: 2}}\nsearcher: {name: random, max_trials: 2, metric: loss, smaller_is_better: " + text + "}\n" +
			"entrypoint: python3 x.py\nenvironment: {image: x, force_pull_image: " + text + "}\nbind_mounts: [{host_path: /a, container_path: /b, read_only: " + text + "}]\n"
	}
	nni := func(text string) string {
		return "trialConcurrency: 1\ntrialCommand: x\nmaxTrialNumber: 2\nuseAnnotation: " + text + "\nsearchSpace: {a: {_type: choice, _value: [1, 2]}}\n"
	}
	guild := func(text string) string {
		return "- operations:\n    a: {main: x, output-scalars: No, flags: {x: [1, 2], y: {default: 3, arg-skip: " + text + "}}}\n    b: {main: y, default: " + text + "}\n"
	}
	optuna := func(text string) string {
		return `{"x": {"name": "FloatDistribution", "attributes": {"low": 1, "high": 2, "log": ` + text + `}}}`
	}
	katib := strings.NewReplacer("KIND", "double", "SPACE", "{min: 1, max: 2}", "VOLUMES", "[{name: v, hostPath: {path: /a}}]", "MOUNTS", "[{name: v, mountPath: /b, readOnly: TRUE}]")
	for _, tt := range []struct{ text, want string }{
		{determined("True"), "pull: always|mode: ro|goal: minimize"}, {determined("Off"), "goal: maximize|mode: rw"}, {determined("0"), "!true or false is needed, not `0`"},
		{nni("False"), "method: tpe"}, {nni("True"), "!this is not carried"}, {nni("x"), "!true or false is needed, not `x`"},
		{guild("True"), "method: grid"}, {guild("False"), `"y": {value: 3}`}, {guild("maybe"), "!true or false is needed"},
		{optuna("true"), "log_uniform"}, {optuna(`"x"`), "!true or false"},
		{katib.Replace(experiment), ":/b:ro"},
	} {
		from, err := Translate("x.yaml", []byte(tt.text), Options{})
		if why, refused := strings.CutPrefix(tt.want, "!"); refused {
			if err == nil || strings.Count(err.Error(), why) < 1 {
				t.Errorf("%s: %v, %+v, want %s", tt.text, err, from, why)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		for _, part := range strings.Split(tt.want, "|") {
			if !strings.Contains(string(from.Text), part) {
				t.Errorf("%s has no %s:\n%s", tt.text, part, from.Text)
			}
		}
	}
}

// Where NNI's experiment names no goal, it is what its tuner has without one.
func TestGoalOfNNI(t *testing.T) {
	for tuner, want := range map[string]string{
		"tuner: {name: TPE}": "minimize", "": "minimize", "tuner: {builtinTunerName: GP}": "maximize", "tuner: {name: Random}": "maximize",
		"tuner: {name: TPE, classArgs: {optimize_mode: maximize}}": "maximize", "tuner: {name: Anneal}": "minimize", "tuner: {name: SMAC}": "maximize",
		"advisor: {name: BOHB}": "maximize", "advisor: {name: BOHB, classArgs: {optimize_mode: minimize}}": "minimize",
	} {
		text := "trialConcurrency: 1\ntrialCommand: x\nmaxTrialNumber: 2\nsearchSpace: {a: {_type: uniform, _value: [1, 2]}}\n" + tuner + "\n"
		from, err := Translate("x.yaml", []byte(text), Options{Lenient: true})
		if err != nil {
			t.Errorf("%s: %v", tuner, err)
			continue
		}
		text = string(from.Text)
		told := strings.Contains(text, "# no optimize_mode: NNI's tuner is to "+want+" then")
		if !strings.Contains(text, `goal: "`+want+`"`) || told == strings.Contains(tuner, "optimize_mode") {
			t.Errorf("%s, want %s:\n%s", tuner, want, text)
		}
	}
}

// Whatever an experiment says, it is carried or refused: no panic, and nothing that the parser then has another place for.
func FuzzTranslate(f *testing.F) {
	for _, pattern := range []string{"testdata/carried/*.yaml", "testdata/refused/*.yaml"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			src, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src, true)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, lenient bool) {
		from, err := Translate("x.yaml", src, Options{Lenient: lenient})
		if from == nil || err != nil {
			return
		}
		_, err = sweep.Parse("x.yaml", from.Text)
		_ = from.Relocate(err)
	})
}

// A project of Guild's without models is known by its name alone.
func TestGuildByName(t *testing.T) {
	text := []byte("train:\n  main: train\n  flags: {lr: [0.1, 0.2]}\n")
	from, err := Translate("a/guild.yml", text, Options{})
	if err != nil || from == nil || from.Tool != Guild {
		t.Fatalf("%+v, %v", from, err)
	}
	if _, err := sweep.Parse("guild.yml", from.Text); err != nil {
		t.Errorf("%v\n%s", err, from.Text)
	}
	if from, err := Translate("sweep.yml", text, Options{}); from != nil || err != nil {
		t.Errorf("%+v, %v", from, err)
	}
	for _, text := range []string{"a", "- operations: x\n", "train: {flags: [x]}\n", "- operations: {a: {}, b: {}}\n"} {
		if from, err := Translate("guild.yml", []byte(text), Options{Lenient: true}); from != nil {
			t.Errorf("%q is taken, %v", text, err)
		}
		if _, err := Translate("guild.yml", []byte(text), Options{Lenient: true}); err == nil && text != "a" {
			t.Errorf("%q is taken", text)
		}
	}
}

// Flags without a value are none that the program is given: with no others it runs once, without arguments, unless some are typed.
func TestGuildFlagsWithoutValues(t *testing.T) {
	for project, arguments := range map[string]string{
		"train: {main: train}\n":                                   "[python3 -u -m train]",
		"train: {main: train, flags: {lr: , n: null}}\n":           "[python3 -u -m train]",
		"train: {main: train, flags: {lr: {required: yes}}}\n":     "[python3 -u -m train]",
		"train: {exec: './train ${flag_args}', flags: {lr: }}\n":   "exec ./train",
		"train: {main: train, flags: {lr: {default: }, n: 5}}\n":   "[python3 -u -m train --n=5]",
		"train: {main: train --x, flags: {lr: {default: ~}}}\n":    "[python3 -u -m train --x]",
		"train: {main: train, flags: {lr: {arg-skip: yes, }}}\n":   "[python3 -u -m train]",
		"typed: {main: train, flags: {lr: , n: }, objective: x}\n": "[python3 -u -m train --lr=0.1]",
	} {
		typed := strings.HasPrefix(project, "typed")
		from, err := Translate("guild.yml", []byte(project), Options{Typed: typed})
		if err != nil {
			t.Errorf("%s: %v", project, err)
			continue
		}
		var set []string
		if typed {
			set = []string{"parameters.lr={values: [0.1, 0.2]}"}
		}
		spec, err := sweep.Parse("guild.yml", from.Text, sweep.WithSet(set...))
		if err != nil {
			t.Errorf("%s: %v\n%s", project, err, from.Text)
			continue
		}
		x, err := spec.Command.Expand(sweep.Vars{Params: spec.Space.At(new(big.Int))})
		got := strings.TrimSpace(x.Shell)
		if len(x.Argv) > 0 {
			got = fmt.Sprint(x.Argv)
		}
		if err != nil || got != arguments || !typed && spec.Trials != 1 {
			t.Errorf("%s: %d trials of %s, want %s; %v", project, spec.Trials, got, arguments, err)
		}
	}
}

// The operation is chosen by name, one of several models with its model's; its flags need not vary.
func TestGuildOperation(t *testing.T) {
	const project = `
- config: shared
  flags: {epochs: 3}
- model: a
  operations:
    train: {main: a_train, flags: {lr: [0.1, 0.2]}}
    test: {main: a_test, flags: {lr: [0.1, 0.2]}}
    prepare: {main: a_prepare, flags: {n: 1}}
- model: b
  operations:
    train: {main: b_train, flags: {lr: [0.1, 0.2]}}
`
	tests := []struct{ operation, want string }{
		{"test", "a_test"}, {"prepare", "a_prepare"}, {"a:train", "a_train"}, {"b:train", "b_train"},
		{"train", "the project has several operations `train` (a:train, b:train): name the model too"},
		{"", "the project has several operations (a:train, a:test, b:train): choose one by --operation, or write `default: yes` to it"},
		{"tran", "the project has no operation `tran`: it has a:train, a:test, a:prepare, b:train"},
	}
	for _, tt := range tests {
		from, err := Translate("guild.yml", []byte(project), Options{Operation: tt.operation})
		switch {
		case err != nil && !strings.Contains(err.Error(), tt.want), err == nil && !strings.Contains(string(from.Text), tt.want):
			t.Errorf("%q gives %v and %+v, want %q", tt.operation, err, from, tt.want)
		}
	}
	from, err := Translate("guild.yml", []byte("train: {main: x, flags: {lr: [1, 2]}}\ntest: {main: y, flags: {lr: [1, 2]}}\n"), Options{Operation: "test"})
	if err != nil || !strings.Contains(string(from.Text), `"y"`) {
		t.Errorf("%v, %+v", err, from)
	}
}

// Values of Ray Tune's choices are what they are to Python, or refused.
func TestRayValuesArePython(t *testing.T) {
	for args, want := range map[string]string{
		"[16, 32]":                             "[16, 32]",
		"[(32, 64), (64, 128), (5,), (7), ()]": "[[32, 64], [64, 128], [5], 7, []]",
		"([True, False, None])":                "[true, false, null]",
		"categories=['a', \"b c\", 'it\\'s', 'a, b', \"\\n\\d\\u00e9\"],": `["a", "b c", "it's", "a, b", "\n\\dé"]`,
		"[1e-4, .5, 1., 1_000, 0x10, -3, +2.5e+3]":                        "[1e-4, .5, 1., 1000, 0x10, -3, +2.5e+3]",
		"[{'a': [1, (2, 3)], \"b\": None}, {}]":                           `[{"a": [1, [2, 3]], "b": null}, {}]`,
		"[2**i for i in range(9)]":                                        "",
		"[i, 2]":                                                          "",
		"[1 if x else 2]":                                                 "",
		"[32 // 2]":                                                       "",
		"[np.sqrt(2)]":                                                    "",
		"['a' 'b']":                                                       "",
		"[f'{x}']":                                                        "",
		"[relu, tanh]":                                                    "",
		"[1, 2":                                                           "",
		"[1, 2] * 3":                                                      "",
		"[1,, 2]":                                                         "",
		"['a]":                                                            "",
		"[01]":                                                            "",
		"[{1: 2}]":                                                        "",
		"{'a': 1}":                                                        "",
		"[]":                                                              "",
		"5":                                                               "",
		"[1], [2]":                                                        "",
		strings.Repeat("[", 50):                                           "",
	} {
		text, _ := json.Marshal(map[string]string{"x": "tune.choice(" + args + ")"})
		from, err := Translate("ray.json", text, Options{})
		if want == "" {
			if err == nil || !strings.Contains(err.Error(), "`choice` has a list of") || len(err.Error()) > 1000 {
				t.Errorf("%.100s gives %v and %+v", args, err, from)
			}
			continue
		}
		if err != nil || !strings.Contains(string(from.Text), "{values: "+want+"}\n") {
			t.Errorf("%s gives %v and %+v, want %s", args, err, from, want)
			continue
		}
		if _, err := sweep.Parse("x.yaml", from.Text); err != nil {
			t.Errorf("%s: %v", args, err)
		}
	}
	for _, list := range []string{"[(32, 64), (64, 128)]", "[None, 1]", "[len(x), 1]"} {
		if from, err := Translate("ray.yaml", []byte("x: {grid_search: "+list+"}\n"), Options{}); err == nil || !strings.Contains(err.Error(), "is Python") {
			t.Errorf("%s: %v, %+v", list, err, from)
		}
	}
}

// One long text by many aliases is refused before it is multiplied.
func TestAttackSpaceOfAliases(t *testing.T) {
	items := strings.Repeat("1, ", 1000) + "1"
	for _, text := range []string{
		`a: &x '{"name": "CategoricalDistribution", "attributes": {"choices": [` + items + `]}}'` + "\n",
		"a: &x 'tune.choice([" + items + "])'\n",
	} {
		for i := range 500 {
			text += fmt.Sprintf("b%d: *x\n", i)
		}
		if _, err := Translate("x.yaml", []byte(text), Options{}); err == nil || len(err.Error()) > 1<<16 {
			t.Errorf("it is taken, or refused at length: %.200v", err)
		}
	}
}

// A file for kubectl may have a namespace, a service or a template of Helm beside the Experiment: they do nothing here, and are told.
func TestExperimentAmongOtherDocuments(t *testing.T) {
	all, err := filepath.Glob("testdata/carried/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var one []byte
	for _, f := range all {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if mayBeKatib(src) {
			one = src
			break
		}
	}
	const before = "# all of it\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: trials}\n---\n{{ not YAML\n--- # the one\n"
	const behind = "\n---\n# nothing\n---\nkind: Service\napiVersion: v1\nmetadata:\n  name: board\n"
	alone, err := Translate("x.yaml", one, Options{})
	if err != nil {
		t.Fatal(err)
	}
	among, err := Translate("x.yaml", []byte(before+string(one)+behind), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"without effect here: Namespace trials (line 2), a document (line 6), Service board (line "} {
		if !strings.Contains(string(among.Text), want) {
			t.Errorf("it lacks %q:\n%s", want, among.Text)
		}
	}
	body := func(text []byte) string {
		return regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(string(text), "")
	}
	if body(alone.Text) != body(among.Text) {
		t.Errorf("it came to\n%s\nand alone\n%s", among.Text, alone.Text)
	}
	wrong := strings.Replace(string(one), "objectiveMetricName", "objectiveMetricNames", 1)
	_, err = Translate("x.yaml", []byte(before+wrong+behind), Options{})
	line := strings.Count((before + wrong)[:strings.Index(before+wrong, "objectiveMetricNames")], "\n") + 1
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("x.yaml:%d:", line)) {
		t.Errorf("a part that is refused is at another place than line %d: %v", line, err)
	}
	if _, err := Translate("x.yaml", slices.Concat(one, []byte("\n---\n"), one), Options{}); err == nil || !strings.Contains(err.Error(), "a second Experiment begins here") {
		t.Errorf("two Experiments: %v", err)
	}
}

// A name that no parameter can have is told where it stands, also in the search space's own file.
func TestNamesOfNNI(t *testing.T) {
	const rest = "trialCommand: python3 t.py\ntrialConcurrency: 2\ntuner: {name: TPE}\nmaxTrialNumber: 5\ntrainingService: {platform: local}\n"
	const space = "{\"lr\": {\"_type\": \"uniform\", \"_value\": [0, 1]},\n \"a b\": {\"_type\": \"choice\", \"_value\": [{\"_name\": \"x\", \"c d\": {\"_type\": \"choice\", \"_value\": [1]}}]}}"
	_, err := Translate("x.yaml", []byte("searchSpaceFile: space.json\n"+rest), Options{Read: func(string) ([]byte, error) { return []byte(space), nil }})
	for _, want := range []string{"x.yaml:1:18: space.json.a b: line 2:2 of it: this cannot be the name", "space.json.a b.c d: line 2:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	_, err = Translate("x.yaml", []byte(rest+"searchSpace:\n  a b: {_type: uniform, _value: [0, 1]}\n"), Options{})
	if err == nil || !strings.Contains(err.Error(), "x.yaml:7:3: searchSpace.a b: this cannot be the name") {
		t.Errorf("%v", err)
	}
}
