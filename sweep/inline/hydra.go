package inline

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Hydra is a multirun of Hydra as it was typed behind -m.
type Hydra struct {
	Program []string // what is run, without overrides
	// Groups gives the names of a config group that patterns stand for; nil: there are none.
	Groups func(group string, include, exclude []string) ([]string, error)

	spec    Spec
	fixed   []string // overrides that are the same in all trials
	ranges  bool     // some values have no number
	goal    string
	method  string
	more    []Setting
	hasHome bool // where its output goes is said
}

// hydraMethods are the samplers of Hydra's sweepers that kaon has.
var hydraMethods = map[string]string{"tpe": "tpe", "random": "random", "grid": "grid", "cmaes": "cma-es",
	"qmc": "sobol", "gp": "gp"}

// reportHydra starts a program of Hydra's, and reports what the function returns that it decorates.
const reportHydra = `import json, math, os, runpy, sys, types
from hydra.experimental.callback import Callback
class Report(Callback):
    def on_job_end(self, config, job_return, **kwargs):
        value = job_return._return_value
        if isinstance(value, Exception):
            return
        try:
            value = float(value)
        except (TypeError, ValueError):
            print("the program returns no number, but %r" % (value,), file=sys.stderr)
            return
        with open(os.environ["KAON_METRICS"], "a") as f:
            f.write(json.dumps({"objective": value}) + "\n")
module = types.ModuleType("kaon_hydra")
module.Report = Report
sys.modules["kaon_hydra"] = module
sys.argv = sys.argv[1:] + ["+hydra.callbacks.kaon._target_=kaon_hydra.Report"]
sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
`

// YAML is the spec of a multirun with these overrides.
func (h Hydra) YAML(overrides, comment string) (string, error) {
	words, err := hydraWords(overrides)
	if err != nil {
		return "", err
	}
	for _, w := range words {
		if err := h.override(overrides, w); err != nil {
			return "", err
		}
	}
	if len(h.spec.Parameters) == 0 {
		return "", &Error{overrides, -1, "there is no parameter with several values",
			"write them as behind Hydra's -m: 'lr=0.1,0.2 model=glob(*)'"}
	}
	command := slices.Clone(h.Program)
	if h.ranges || h.goal != "" {
		h.spec.Metric = &Metric{Name: "objective", Goal: h.goal}
		if h.goal == "" {
			h.spec.Metric.Goal = "minimize"
		}
		if len(command) == 2 && strings.HasSuffix(command[1], ".py") {
			command = []string{command[0], "-c", reportHydra, command[1]}
		}
	}
	for _, f := range h.fixed {
		command = append(command, strings.ReplaceAll(f, "${", "$${"))
	}
	if !h.hasHome {
		command = append(command, "hydra.run.dir=$${oc.env:KAON_ARTIFACTS}/hydra")
	}
	h.spec.Command = Command{Words: append(command, "${args_no_hyphens}")}
	h.spec.Comment, h.spec.Method = comment, h.method
	h.spec.Name = Command{Words: h.Program}.title()
	if h.spec.Method == "" && !h.ranges {
		h.spec.Method = "grid"
	}
	text, bad := h.spec.YAML(h.more...)
	if bad != nil {
		return "", &Error{overrides, -1, bad.Path + " cannot be written into the spec", ""}
	}
	return text, nil
}

// override takes one override in.
func (h *Hydra) override(text string, w hydraWord) error {
	key, value, found := strings.Cut(w.text, "=")
	if known, err := h.sweeper(text, w, key, value); known || err != nil {
		return err
	}
	switch key {
	case "-m", "--multirun":
		return nil
	case "hydra.mode":
		if value == "RUN" {
			h.fixed = append(h.fixed, w.text)
		}
		return nil
	}
	if strings.HasPrefix(key, "-") || strings.HasPrefix(key, "~") || !found || strings.HasPrefix(key, "hydra") {
		h.hasHome = h.hasHome || strings.HasPrefix(key, "hydra.run.dir")
		h.fixed = append(h.fixed, w.text)
		return nil
	}
	s := &hydraSweep{text: text, group: strings.TrimLeft(key, "+"), groups: h.Groups}
	parts, err := s.list(w.at+len(key)+1, w.at+len(w.text))
	if err != nil {
		return err
	}
	if len(parts) == 1 && !strings.Contains(value, "(") {
		h.fixed = append(h.fixed, w.text)
		return nil
	}
	if !name.MatchString(key) {
		return &Error{text, w.at, "`" + key + "` cannot be a parameter's name",
			"start with a letter; then letters, digits, _ - . or /"}
	}
	p := Parameter{Name: key, word: w.text, values: s.values, keys: s.keys, count: uint64(len(s.values))}
	if len(s.values) > 0 && len(s.keys) > 0 {
		return &Error{text, w.at, "a range and values for one parameter are not carried", "leave one of them out"}
	}
	h.ranges = h.ranges || s.keys != nil
	return h.spec.Add(p)
}

// sweeper takes what is about Hydra's sweepers; it tells whether that is so.
func (h *Hydra) sweeper(text string, w hydraWord, key, value string) (known bool, err error) {
	value = strings.Trim(value, `'"`)
	at := w.at + len(key) + 1
	refused := func(problem, remedy string) (bool, error) { return true, &Error{text, at, problem, remedy} }
	key = strings.TrimLeft(key, "+")
	switch key {
	case "hydra/sweeper", "hydra/launcher", "hydra.sweeper.study_name", "hydra.sweeper.storage",
		"hydra.sweeper.max_batch_size":
	case "hydra/sweeper/sampler":
		if h.method = hydraMethods[value]; h.method == "" {
			known := strings.Join(slices.Sorted(maps.Keys(hydraMethods)), ", ")
			return refused("kaon has no sampler `"+value+"`", "it has "+known+"; without one kaon chooses the method")
		}
	case "hydra.sweeper.direction":
		if value != "minimize" && value != "maximize" {
			return refused("`"+value+"` is no direction", "write minimize or maximize; of several goals name one")
		}
		h.goal = value
	case "hydra.sweeper.optim.maximize", "hydra.sweeper.ax_config.experiment.minimize":
		yes, err := strconv.ParseBool(value)
		if err != nil {
			return refused("`"+value+"` is neither true nor false", "")
		}
		h.goal = "minimize"
		if yes == strings.HasSuffix(key, "maximize") {
			h.goal = "maximize"
		}
	case "hydra.sweeper.n_trials", "hydra.sweeper.ax_config.max_trials", "hydra.sweeper.optim.budget":
		if h.spec.Trials, err = strconv.Atoi(value); err != nil || h.spec.Trials < 1 {
			return refused("a number of trials is needed", "write a whole number of at least 1, or leave it out")
		}
	case "hydra.sweeper.n_jobs", "hydra.launcher.n_jobs", "hydra.sweeper.optim.num_workers":
		if n, err := strconv.Atoi(value); err == nil && n > 0 { // -1 is as many as there is room for
			h.more = append(h.more, Setting{"limits.parallel", value})
		}
	case "hydra.sweeper.sampler.seed", "hydra.sweeper.optim.seed", "hydra.sweeper.ax_config.client.random_seed":
		if n, err := strconv.Atoi(value); err == nil && n >= 0 { // null is one of its own
			h.more = append(h.more, Setting{"seed", value})
		}
	default:
		return false, nil
	}
	return true, nil
}
