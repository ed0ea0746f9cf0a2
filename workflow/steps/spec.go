package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kaon-sweep/kaon/sweep"
	"github.com/kaon-sweep/kaon/workflow/engine"
)

// Own begins the names of parameters that kaon gives a step's trial besides its inputs.
const Own = "kaon_"

// spec is the sweep of one trial that a heavy step is.
type spec struct {
	words  []string // the command, macros of specs in it; none: shell
	shell  string
	values map[string]any // parameters besides the inputs
	image  string
	task   map[string]any // further keys of `task`
	env    map[string]string

	// its last words are a driver's, which reads the parameters: from a file whose path follows, or from $KAON_PARAMS
	reads bool
}

// run runs a command as one trial and reads what it leaves.
func (c *Call) run(ctx context.Context, s spec) (Result, error) {
	size, err := c.parametersSize(s)
	if err != nil {
		return Result{}, err
	}
	switch {
	case s.reads && size > sweep.MaxWord/2:
		s.words = append(s.words, "${args_json_file}")
	case size+len("KAON_PARAMS=") > sweep.MaxWord &&
		!strings.Contains(s.shell+strings.Join(s.words, " "), "${args_json_file}"):
		c.Progress(Progress{Text: fmt.Sprintf("its inputs are %d bytes, more than a variable can hold: $KAON_PARAMS "+
			"is not set; "+
			"${args_json_file} in its command is a file with all of them", size)})
	}
	source, err := c.source(s)
	if err != nil {
		return Result{}, err
	}
	done, err := c.Cluster.Run(ctx, Job{ID: c.ID, Began: c.Began, File: c.File, Source: source, Winner: c.Winner,
		Single: true, Names: c.Script.Names, Told: c.Progress})
	if err != nil {
		return Result{}, err
	}
	if done.Phase != sweep.PhaseSucceeded {
		fault := engine.User
		if done.Lost {
			fault = engine.Platform
		}
		return Result{}, &Failure{fault, errorText(done.Reason)}
	}
	out, err := outputs(done.Output)
	return Result{Outputs: out, Artifacts: done.Artifacts}, err
}

// parametersSize is about how many bytes $KAON_PARAMS has. The kernel starts no program with a variable of more than
// sweep.MaxWord.
func (c *Call) parametersSize(s spec) (int, error) {
	size := 2
	for _, values := range []map[string]any{c.Inputs, s.values} {
		text, err := json.Marshal(values)
		if err != nil {
			return 0, wrong("inputs: %w", err)
		}
		size += len(text)
	}
	return size, nil
}

type errorText string

func (e errorText) Error() string {
	if e == "" {
		return "it failed"
	}
	return string(e)
}

// source is the spec's text. JSON is YAML.
func (c *Call) source(s spec) ([]byte, error) {
	parameters := map[string]any{}
	for _, values := range []map[string]any{c.Inputs, s.values} {
		for name, v := range values {
			parameters[name] = map[string]any{"value": v}
		}
	}
	if len(parameters) == 0 {
		parameters[Own+"step"] = map[string]any{"value": c.Key}
	}
	env := map[string]string{}
	for _, from := range []map[string]string{c.Env, s.env} {
		for name, value := range from {
			env[name] = strings.ReplaceAll(value, "${", "$${")
		}
	}
	// An attempt that failed is tried again by the run, which knows its own rules; what the cluster loses, the
	// scheduler repeats.
	task := map[string]any{"retries": 0}
	if len(env) > 0 {
		task["env"] = env
	}
	if len(c.Secrets) > 0 {
		task["secrets"] = c.Secrets
	}
	if len(c.Fetch) > 0 {
		var all []any
		for _, f := range c.Fetch {
			all = append(all, map[string]any{"url": f.URL, "to": f.To, "unpack": false})
		}
		task["fetch"] = all
	}
	if s.image != "" {
		task["image"] = s.image
	}
	if c.Resources != nil {
		task["resources"] = ValueOf(c.Resources)
	}
	maps.Copy(task, s.task)
	text := map[string]any{"name": c.Run + " " + c.Key, "method": "grid", "parameters": parameters, "task": task}
	if s.shell != "" {
		text["command"] = s.shell
	} else {
		text["command"] = s.words
	}
	if len(c.Artifacts) > 0 {
		// a pattern: it need not be there
		text["artifacts"] = append(slices.Clone(c.Artifacts), strings.TrimSuffix(OutputFile, "n")+"[n]")
	}
	return json.Marshal(text)
}
