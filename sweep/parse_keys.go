package sweep

import (
	"slices"
	"strings"
)

// keys lists what each mapping of a spec may hold; "" is the top level. Keys of W&B that only its own
// servers and pages read are accepted and have no effect here.
var keys = map[string][]string{
	"": {
		"name", "description", "method", "seed", "metric", "metrics", "parameters", "constraints", "run_cap",
		"unique", "order", "zip", "exclude", "try", "from",
		"early_terminate", "repeat", "program", "command", "task", "limits", "packing", "queue", "priority", "cache",
		"artifacts", "then",
		"project", "entity", "controller", "apiVersion", "kind", // W&B, without effect here
		"job", "image_uri", "scheduler", // W&B, refused below
	},
	"method": {"command", "batch", "timeout"},
	"metric": {
		"name", "goal", "reduce", "target", "step", "min", "max", "reference", "impute", "impute_while_running",
	},
	"task": {
		"image", "resources", "cpu_limit", "process_limit", "constraints", "env", "secrets", "code", "fetch",
		"retries", "timeout", "grace",
		"filters", "isolation", "bundle", "dir", "logs", "container", "pull", "network", "volumes", "ulimits", "shm",
		"registry", "user", "wandb", "tensorboard", "mlflow", "prometheus",
	},
	"task.registry":  {"server", "username", "password", "config"},
	"artifacts":      {"files", "keep", "size"},
	"fetch":          {"url", "sha256", "to", "unpack"},
	"volume":         {"host", "path", "mode"},
	"task.resources": {"cpus", "memory", "mem", "disk", "gpus", "ports", "named"},
	"constraint":     {"field", "operator", "value", "soft"},
	"repeat":         {"trials", "rank", "racing"},
	"limits":         {"parallel", "failed", "first_failures", "wall", "queue", "steps", "trial"},
	"limits.trial":   {"steps", "time"},
	"then":           {"command", "program", "spec"},
	"parameter": {
		"distribution", "value", "values", "probabilities", "min", "max", "mu", "sigma", "q", "a", "b",
		"parameters", "when", "default",
	},
}

// packings are the policies of package offers that need no code: which objective a packing pass pursues.
var packings = []string{"tight", "soonest", "spread", "first"}

// methods are the searches that are built.
var methods = []string{"grid", "random", "sobol", "halton", "lhs", "tpe", "gp", "cma-es", "bayes", "auto"}

// unbuiltMethods are searches that people name and that are not built.
var unbuiltMethods = []string{"custom"}

// unbuilt is everything a spec may name that this version cannot do yet, with what to do instead. Such a key
// is refused, never ignored. A feature that gets built takes its row out.
var unbuilt = map[string]string{
	"method: custom":   "use `method: random`: W&B's custom schedulers do not run here",
	"scheduler":        "remove it and choose a `method`",
	"job":              "remove it and give a `command`",
	"image_uri":        "write `task: {image: NAME}`",
	"parameters: from": "write the parameters into the spec",
}

// unknownKey is the remedy for a key that a section does not have.
func unknownKey(section, name string) string {
	if remedy := otherName(section, name); remedy != "" {
		return remedy
	}
	if section == "" {
		for _, inner := range []string{"task", "task.resources", "limits", "metric"} {
			if slices.Contains(keys[inner], name) {
				return "write it below `" + inner[strings.LastIndexByte(inner, '.')+1:] + "`, as in `" +
					strings.ReplaceAll(inner, ".", ": {") + ": {" + name + ": …}" + strings.Repeat("}",
					strings.Count(inner, ".")) + "`"
			}
		}
	}
	if slices.Contains(keys[""], name) && section != "" && section != "parameter" {
		return "write it at the left margin: it is a key of the whole spec"
	}
	return didYouMean(name, keys[section])
}

// otherName is the remedy for a word of another tool; empty: it is none.
func otherName(place, word string) string {
	word = strings.ToLower(word)
	ours := otherNames[place][word]
	if ours == "" {
		ours = otherNames[place][strings.ReplaceAll(word, "-", "_")]
	}
	for _, prefix := range []string{"num_", "n_", "max_", "total_", "number_of_", "use_"} {
		if rest, ok := strings.CutPrefix(word, prefix); ok && ours == "" && len(rest) > 2 {
			if slices.Contains(keys[place], rest) {
				ours = "`" + rest + "`"
			}
		}
	}
	if strings.HasPrefix(ours, "`") {
		return "write " + ours
	}
	return ours
}
