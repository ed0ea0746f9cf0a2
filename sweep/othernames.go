package sweep

import "strings"

// otherNames are what other tools, W&B's older files and people call what has another name here: first the place,
// then the word in small letters. A value in backquotes is the word to write; anything else is the whole remedy.
var otherNames = map[string]map[string]string{
	"": {
		"count": "`run_cap`", "num_runs": "`run_cap`", "max_runs": "`run_cap`", "n_trials": "`run_cap`", "num_trials": "`run_cap`", "runs": "`run_cap`", "trials": "`run_cap`",
		"num_samples": "`run_cap`", "max_trials": "`run_cap`", "max_iter": "`run_cap`", "objective": "`metric`", "search_space": "`parameters`", "space": "`parameters`",
		"params": "`parameters`", "hyperparameters": "`parameters`", "hparams": "`parameters`", "early_stopping": "`early_terminate`", "algorithm": "`method`",
		"strategy": "`method`", "search": "`method`", "tuner": "`method`", "script": "`program`", "entrypoint": "`program`", "cmd": "`command`", "run": "`command`", "random_seed": "`seed`",
		"parallel": "write `limits: {parallel: …}`", "concurrency": "write `limits: {parallel: …}`", "max_concurrent": "write `limits: {parallel: …}`", "goal": "write it below `metric:`, as in `metric: {name: loss, goal: minimize}`",
		"cpus": "write `task: {resources: {cpus: …}}`", "memory": "write `task: {resources: {memory: …}}`", "gpus": "write `task: {resources: {gpus: …}}`",
	},
	"metric": {"direction": "`goal`", "mode": "`goal`", "type": "`goal`", "optimize": "`goal`", "aggregation": "`reduce`", "agg": "`reduce`", "metric": "`name`", "key": "`name`"},
	"parameter": {
		"low": "`min`", "lower": "`min`", "minimum": "`min`", "min_value": "`min`", "from": "`min`", "start": "`min`",
		"high": "`max`", "upper": "`max`", "maximum": "`max`", "max_value": "`max`", "to": "`max`", "end": "`max`", "stop": "`max`",
		"choices": "`values`", "choice": "`values`", "options": "`values`", "list": "`values`", "categories": "`values`", "default": "`value`", "constant": "`value`",
		"type": "`distribution`", "dist": "`distribution`", "mean": "`mu`", "loc": "`mu`", "std": "`sigma`", "stddev": "`sigma`", "stdev": "`sigma`", "scale": "`sigma`",
		"step": "`q`", "quantization": "`q`", "probs": "`probabilities`", "weights": "`probabilities`", "condition": "`when`", "if": "`when`", "params": "`parameters`",
		"log": "write `distribution: log_uniform_values` with min and max",
	},
	"method": {"grid_search": "`grid`", "gridsearch": "`grid`", "exhaustive": "`grid`", "random_search": "`random`", "randomsearch": "`random`", "uniform": "`random`"},
	"goal": {
		"maximum": "`maximize`", "max": "`maximize`", "maximise": "`maximize`", "higher": "`maximize`", "increase": "`maximize`", "up": "`maximize`",
		"minimum": "`minimize`", "min": "`minimize`", "minimise": "`minimize`", "lower": "`minimize`", "decrease": "`minimize`", "down": "`minimize`",
	},
	"reduce": {"maximum": "`max`", "minimum": "`min`", "average": "`mean`", "avg": "`mean`", "final": "`last`", "latest": "`last`"},
	"distribution": {
		"choice": "write `values: […]` without a distribution, or `distribution: categorical`", "choices": "`categorical`", "discrete": "`categorical`", "bool": "`categorical`", "boolean": "`categorical`", "grid": "`categorical`",
		"list": "`categorical`", "fixed": "`constant`", "const": "`constant`", "quniform": "`q_uniform`", "q_uniform_values": "`q_uniform`", "uniform_values": "`uniform`",
		"loguniform": logRemedy, "log-uniform": logRemedy, "reciprocal": "`log_uniform_values`", "log": "`log_uniform_values`", "logarithmic": "`log_uniform_values`", "log_scale": "`log_uniform_values`",
		"qloguniform": "`q_log_uniform_values`", "randint": "`int_uniform`, whose max is included", "int": "`int_uniform`", "integer": "`int_uniform`", "uniform_int": "`int_uniform`", "uniformint": "`int_uniform`", "quniformint": "`int_uniform`",
		"float": "`uniform`", "double": "`uniform`", "real": "`uniform`", "continuous": "`uniform`", "range": "`uniform`", "gaussian": "`normal`", "randn": "`normal`", "norm": "`normal`",
		"lognormal": "`log_normal`", "qnormal": "`q_normal`", "qlognormal": "`q_log_normal`", "log_int_uniform": "`q_log_uniform_values`, which with the default q of 1 gives integers", "int_log_uniform": "`q_log_uniform_values`, which with the default q of 1 gives integers",
	},
}

const logRemedy = "write `log_uniform_values` when min and max are the values themselves, `log_uniform` when they are exponents of e"

// otherMethods are further names of searches that are not built.
var otherMethods = map[string]string{
	"bayesian": "bayes", "bayesopt": "bayes", "bayesian_optimization": "bayes", "bo": "bayes", "gp_ei": "gp", "gaussian_process": "gp", "cma-es": "cmaes", "cma_es": "cmaes",
	"hyperband": "hyperband", "asha": "hyperband", "bohb": "hyperband", "successive_halving": "hyperband", "pbt": "pbt", "optuna": "tpe", "hyperopt": "tpe", "latin_hypercube": "latin", "lhs": "latin",
}

// otherName is the remedy for a word of another tool; empty: it is none.
func otherName(place, word string) string {
	word = strings.ToLower(word)
	ours := otherNames[place][word]
	if ours == "" {
		ours = otherNames[place][strings.ReplaceAll(word, "-", "_")]
	}
	if strings.HasPrefix(ours, "`") {
		return "write " + ours
	}
	return ours
}
