package run

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow/engine"
	"github.com/kaon-sweep/kaon/workflow/steps"
)

// A text is nowhere a part of what a shell or another language reads, wherever a sweep has commands; a number may be.
func TestAttackTextsInCommands(t *testing.T) {
	const head = "name: w\nparameters: {who: \"x; touch evil\", n: 3, plain: prod}\nsteps:\n  a: {type: sweep, %s}\ngraph: a\n"
	const spec = "spec: {metric: {name: y}, parameters: {x: {values: [1]}}, %s}"
	for _, c := range []struct{ keys, want string }{
		{`command: "train %s", method: grid`, "train 3"},
		{`command: "train", method: grid, then: "deploy %s"`, "deploy 3"},
		{`command: "train", method: grid, then: {command: "deploy %s"}`, "deploy 3"},
		{`command: "train", method: grid, then: {command: [sh, -c, "deploy %s"]}`, "deploy 3"},
		{`command: "train", method: grid, then: [sh, -c, "deploy %s"]`, "deploy 3"},
		{`command: [sh, -c, "train %s"], method: grid`, "train 3"},
		{`command: [python, -c, "print(%s)"], method: grid`, "print(3)"},
		{`command: "train", method: {command: "python s.py %s"}`, "python s.py 3"},
		{`command: "train", method: {command: [sh, -c, "python s.py %s"]}`, "python s.py 3"},
		{`set: {command: "train %s"}`, "train 3"},
		{`set: {command: [sh, -c, "train %s"]}`, "train 3"},
		{`set: {command.0: "train-%s"}`, "train-3"},
		{`set: {then: {command: "deploy %s"}}`, "deploy 3"},
		{`set: {then.command: "deploy %s"}`, "deploy 3"},
		{`set: {" method.command": "python s.py %s"}`, "python s.py 3"},
	} {
		for _, value := range []string{"${parameters.who}", "${parameters.n}"} {
			keys := fmt.Sprintf(spec, fmt.Sprintf(strings.ReplaceAll(c.keys, "%s", "%[1]s"), value))
			if strings.HasPrefix(c.keys, "set") {
				keys = "file: s.yaml, " + fmt.Sprintf(c.keys, value)
			}
			var job steps.Job
			r, _ := newTestRun(t, fmt.Sprintf(head, keys), cluster(func(j steps.Job) (steps.Done, error) {
				job = j
				return steps.Done{Phase: sweep.PhaseSucceeded}, nil
			}))
			if err := os.WriteFile(filepath.Join(filepath.Dir(r.flow.File), "s.yaml"), []byte("method: grid\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(value, "who") {
				if view := work(t, r, engine.Failed); !strings.Contains(view.Reason, "is no number, and would be read as part of the command") || job.ID != "" {
					t.Errorf("%s: it failed since %s, and ran %s %q", keys, view.Reason, job.Source, job.Set)
				}
			} else if work(t, r, engine.Succeeded); !strings.Contains(string(job.Source)+strings.Join(job.Set, "\n"), c.want) {
				t.Errorf("%s: it ran %s %q", keys, job.Source, job.Set)
			}
		}
	}
	for keys, want := range map[string]string{ // what is data there
		`spec: {method: grid, metric: {name: y}, parameters: {x: {value: "${parameters.who}"}}, command: [train, "${parameters.who}", -c, "conf-${parameters.plain}.yaml", "${args}"]}`: `train, "x; touch evil", "-c", "conf-prod.yaml", "${args}"`,
		`file: s.yaml, set: {parameters.x.value: "${parameters.who}", command: [sh, -c, 'train "$1"', sh, "${parameters.who}", "$${args}"]}`:                                            `"x; touch evil","${args}"]`,
	} {
		var job steps.Job
		r, _ := newTestRun(t, fmt.Sprintf(head, keys), cluster(func(j steps.Job) (steps.Done, error) {
			job = j
			return steps.Done{Phase: sweep.PhaseSucceeded}, nil
		}))
		if err := os.WriteFile(filepath.Join(filepath.Dir(r.flow.File), "s.yaml"), []byte("method: grid\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if work(t, r, engine.Succeeded); !strings.Contains(string(job.Source)+strings.Join(job.Set, "\n"), want) {
			t.Errorf("%s: it ran %s %q", keys, job.Source, job.Set)
		}
	}
}

// In a list of words, a value in one that a shell reads arrives as one word there, too, and one in other code has to be a number.
func TestAttackTextsInLists(t *testing.T) {
	run := func(t *testing.T, command string) (out string, err error) {
		t.Helper()
		r, _ := newTestRun(t, "parameters: {who: \"a 'b\\\"; touch evil #\", n: 3, fast: true, l: [1, a]}\nsteps:\n  a: {type: command, command: "+command+"}\ngraph: a\n", cluster(func(j steps.Job) (steps.Done, error) {
			s, wrong := sweep.Parse(j.File, j.Source)
			if err = wrong; err != nil {
				return steps.Done{Phase: sweep.PhaseFailed, Reason: "it is refused"}, nil
			}
			x, wrong := s.Command.Expand(sweep.Vars{Params: s.Space.ShuffledAt(1, 0)})
			if err = wrong; err == nil {
				var told []byte
				told, err = exec.Command(x.Argv[0], x.Argv[1:]...).Output()
				out = string(told)
			}
			return steps.Done{Phase: sweep.PhaseSucceeded}, nil
		}))
		if _, wrong := r.Work(t.Context()); wrong != nil {
			t.Error(wrong)
		}
		return out, err
	}
	t.Chdir(t.TempDir())
	for command, want := range map[string]string{
		`[sh, -c, "printf %s/ ${parameters.who} '${parameters.n}'"]`:               `a 'b"; touch evil #/3/`,
		`[sh, -c, 'printf %s/ "$@"', sh, "${parameters.who}", "${parameters.n}"]`:  `a 'b"; touch evil #/3/`,
		`[sh, -c, 'printf %s/ "$@"', sh, "${parameters.fast}", "${parameters.l}"]`: `true/[1,"a"]/`,
		`[sh, -c, "printf %s/ ${parameters.fast} ${parameters.l}"]`:                `true/[1,"a"]/`,
		`[printf, "%s/", "${parameters.fast}"]`:                                    "true/",
		`[printf, "%s/", "${parameters.who}"]`:                                     `a 'b"; touch evil #/`,
		`[python3, -c, "print(${parameters.n} + 1)"]`:                              "4\n",
	} {
		if out, err := run(t, command); err != nil || out != want {
			t.Errorf("%s says %q, %v, want %q", command, out, err, want)
		}
	}
	var refused sweep.Errors
	if out, err := run(t, `[python3, -c, "print('${parameters.who}')"]`); !errors.As(err, &refused) {
		t.Errorf("it says %q, %v", out, err)
	}
	if _, err := os.Stat("evil"); err == nil {
		t.Error("a value was run")
	}
	r, _ := newTestRun(t, `
parameters: {who: "x; touch evil"}
steps:
  a: {type: custom, program: [sh, -c, "echo ${parameters.who}"]}
graph: a
`, cluster(nil))
	if view := work(t, r, engine.Failed); !strings.Contains(view.Reason, "would be read as part of the command") {
		t.Errorf("it failed since %s", view.Reason)
	}
}

// A value that is a list or mapping brings no keys where some of them are run, or are variables; elsewhere it is what it is.
func TestAttackMappingsInSweeps(t *testing.T) {
	const head = "name: w\nparameters:\n  m: {type: object, default: {command: touch evil, env: {X: \"$${envvar:KEY}\"}}}\n" +
		"  x: {type: object, default: {values: [1, 2]}}\nsteps:\n  a: {type: sweep, %s}\ngraph: a\n"
	const rest = "metric: {name: y}, command: train"
	for keys, refused := range map[string]bool{
		`spec: {` + rest + `, parameters: {x: {value: 1}}, method: "${parameters.m}"}`:                              true,
		`spec: {` + rest + `, parameters: {x: {value: 1}}, method: grid, task: "${parameters.m}"}`:                  true,
		`spec: {` + rest + `, parameters: {x: {value: 1}}, method: grid, task: {env: "${parameters.m.env}"}}`:       true,
		`spec: {metric: {name: y}, command: "${parameters.m}", parameters: {x: {value: 1}}, method: grid}`:          true,
		`spec: {` + rest + `, then: "${parameters.m}", parameters: {x: {value: 1}}, method: grid}`:                  true,
		`file: s.yaml, set: {method: "${parameters.m}"}`:                                                            true,
		`file: s.yaml, set: {task.env: "${parameters.m.env}"}`:                                                      true,
		`file: s.yaml, set: {method: "${fromJSON(toJSON(parameters.m))}"}`:                                          true,
		`spec: {` + rest + `, parameters: {x: "${parameters.x}"}, method: grid}`:                                    false,
		`spec: {` + rest + `, parameters: {x: {values: "${parameters.x.values}"}}, method: "${'gr' + 'id'}"}`:       false,
		`file: s.yaml, set: {parameters: "${fromJSON('{\"x\": {\"values\": [1, 2]}}')}", method: "${'gr' + 'id'}"}`: false,
	} {
		var job steps.Job
		r, _ := newTestRun(t, fmt.Sprintf(head, keys), cluster(func(j steps.Job) (steps.Done, error) {
			job = j
			return steps.Done{Phase: sweep.PhaseSucceeded}, nil
		}))
		if err := os.WriteFile(filepath.Join(filepath.Dir(r.flow.File), "s.yaml"), []byte("method: grid\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if !refused {
			work(t, r, engine.Succeeded)
		} else if view := work(t, r, engine.Failed); !strings.Contains(view.Reason, "command") || job.ID != "" {
			t.Errorf("%s: it failed since %s, and ran %s %q", keys, view.Reason, job.Source, job.Set)
		}
	}
}

// Values that stand side by side make no macro together, nor with the text around them.
func TestAttackValuesSideBySide(t *testing.T) {
	const head = "parameters: {d: $, b: \"{envvar:KEY}\", m: \"$${envvar:KEY}\", r: \"envvar:KEY}\"}\nsteps:\n  a: {type: %s}\ngraph: a\n"
	run := func(keys string) (got string, view engine.View) {
		r, _ := newTestRun(t, fmt.Sprintf(head, keys), cluster(func(j steps.Job) (steps.Done, error) {
			s, err := sweep.Parse(j.File, j.Source)
			if err != nil {
				return steps.Done{}, err
			}
			key := func(string) (string, bool) { return "the key", true }
			x, err := s.Command.Expand(sweep.Vars{Params: s.Space.ShuffledAt(1, 0), Getenv: key})
			got = strings.Join(x.Argv, " ")
			return steps.Done{Phase: sweep.PhaseSucceeded}, err
		}))
		view, err := r.Work(t.Context())
		if err != nil {
			t.Error(err)
		}
		return got, view
	}
	for word, want := range map[string]string{
		"${parameters.d}${parameters.b}":                "${envvar:KEY}",
		"${parameters.d}${parameters.d}${parameters.b}": "$${envvar:KEY}",
		"${parameters.d}{envvar:KEY}":                   "${envvar:KEY}",
		"${parameters.d}{${parameters.r}":               "${envvar:KEY}",
		"a${parameters.m}${parameters.m}":               "a$${envvar:KEY}$${envvar:KEY}",
		"${parameters.d}-${parameters.d}":               "$-$",
		"${parameters.d}${envvar:KEY}":                  "",
	} {
		for _, keys := range []string{
			`command, command: [echo, "` + word + `"]`,
			`sweep, spec: {method: grid, parameters: {x: {value: 1}}, command: [echo, "` + word + `"]}`,
		} {
			got, view := run(keys)
			if want == "" && !strings.Contains(view.Reason, "right before ${envvar:KEY}") || want != "" && got != "echo "+want {
				t.Errorf("%s: it ran %q, %s; want %q", keys, got, view.Reason, want)
			}
		}
	}
}

// Values that are words of their own go to a service that takes no others, whatever else is in the list.
func TestListWithCodeForAService(t *testing.T) {
	var asked string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet { // there is none yet
			_, _ = io.WriteString(w, `{"items": []}`)
			return
		}
		if body, err := io.ReadAll(r.Body); err == nil {
			asked = string(body)
		}
		w.WriteHeader(http.StatusBadRequest)
	}))
	defer s.Close()
	const text = "parameters: {fast: true}\nsteps:\n  a: {type: titus, url: %q, image: i, command: [sh, -c, 'echo \"$1\"', sh, %q]}\ngraph: a\n"
	r, _ := newTestRun(t, fmt.Sprintf(text, s.URL, "${parameters.fast}"), cluster(nil))
	view := work(t, r, engine.Failed)
	if want := `["sh","-c","echo \"$1\"","sh","true"]`; !strings.Contains(asked, want) {
		t.Errorf("it was asked for %s, want %s; it failed since %s", asked, want, view.Reason)
	}
}
