package sweep

// otherNames are what other tools, W&B's older files and people call what has another name here: first the
// place, then the word in small letters. A value in backquotes is the word to write; anything else is the
// whole remedy.
var otherNames = map[string]map[string]string{
	"": {
		"points_to_evaluate": "`try`", "enqueue": "`try`", "initial_points": "`try`", "first": "`try`",
		"x0": "`try`", "mapping": "`zip`", "tie": "`zip`", "ties": "`zip`", "tied": "`zip`", "together": "`zip`",
		"repetitions": "`repeat`", "replicates": "`repeat`", "num_seeds": "`repeat`", "skip": "`exclude`",
		"excludes": "`exclude`", "excluded": "`exclude`",
		"count": "`run_cap`", "num_runs": "`run_cap`", "max_runs": "`run_cap`", "n_trials": "`run_cap`",
		"num_trials": "`run_cap`", "runs": "`run_cap`", "trials": "`run_cap`",
		"num_samples": "`run_cap`", "max_trials": "`run_cap`", "max_iter": "`run_cap`",
		"objective": "`metric`", "search_space": "`parameters`", "space": "`parameters`",
		"params": "`parameters`", "hyperparameters": "`parameters`", "hparams": "`parameters`",
		"early_stopping": "`early_terminate`", "algorithm": "`method`",
		"strategy": "`method`", "search": "`method`", "tuner": "`method`", "script": "`program`",
		"entrypoint": "`program`", "entry_point": "`program`", "entry": "`program`", "main": "`program`",
		"file": "`program`", "executable": "`program`", "train_script": "`program`", "exec": "`command`",
		"args": "`command`", "config": "`parameters`", "variables": "`parameters`", "n_runs": "`run_cap`",
		"budget": "`run_cap`", "iterations": "`run_cap`", "n_iter": "`run_cap`",
		"searchspace": "`parameters`", "param_grid": "`parameters`", "grid": "`parameters`",
		"environment": "write `task: {env: …}`", "docker": "write `task: {image: …}`",
		"mem": "write `task: {resources: {memory: …}}`", "ram": "write `task: {resources: {memory: …}}`",
		"cpu": "write `task: {resources: {cpus: …}}`", "gpu": "write `task: {resources: {gpus: …}}`",
		"cores": "write `task: {resources: {cpus: …}}`", "num_workers": "write `limits: {parallel: …}`",
		"max_parallel": "write `limits: {parallel: …}`", "n_jobs": "write `limits: {parallel: …}`",
		"cmd": "`command`", "run": "`command`", "random_seed": "`seed`",
		"random_state": "`seed`", "prior_runs": "`from`", "prior_run": "`from`",
		"parallel": "write `limits: {parallel: …}`", "concurrency": "write `limits: {parallel: …}`",
		"max_concurrent": "write `limits: {parallel: …}`",
		"goal":           "write it below `metric:`, as in `metric: {name: loss, goal: minimize}`",
		"cpus":           "write `task: {resources: {cpus: …}}`",
		"memory":         "write `task: {resources: {memory: …}}`",
		"gpus":           "write `task: {resources: {gpus: …}}`",
	},
	"task.resources": {
		"ram": "`memory`", "memory_mb": "`memory`", "memory_gb": "`memory`", "mem_mb": "`memory`",
		"mem_gb": "`memory`", "memory_limit": "`memory`", "rss": "`memory`", "vram": "`memory`",
		"core": "`cpus`", "cores": "`cpus`", "cpu_cores": "`cpus`", "vcpu": "`cpus`", "vcpus": "`cpus`",
		"processors": "`cpus`", "procs": "`cpus`", "threads": "`cpus`", "cpus_per_task": "`cpus`",
		"cpu_limit": "write it below `task:`, as in `task: {cpu_limit: hard}`",
		"cuda":      "`gpus`", "accelerator": "`gpus`", "accelerators": "`gpus`",
		"devices": "`gpus`", "gpus_per_task": "`gpus`", "storage": "`disk`", "ephemeral-storage": "`disk`",
		"scratch": "`disk`", "custom": "`named`",
	},
	"task": {
		"docker": "`image`", "docker_image": "`image`", "image_uri": "`image`", "container_image": "`image`",
		"environment": "`env`", "envs": "`env`", "env_vars": "`env`", "variables": "`env`",
		"retry":    "`retries`",
		"restarts": "`retries`", "attempts": "`retries`", "deadline": "`timeout`", "walltime": "`timeout`",
		"time": "`timeout`", "time_limit": "`timeout`", "cwd": "`dir`", "workdir": "`dir`",
		"working_dir": "`dir`", "working_directory": "`dir`",
		"mounts": "`volumes`", "mount": "`volumes`", "inputs": "`fetch`", "files": "`fetch`",
		"download": "`fetch`", "uris": "`fetch`", "shm_size": "`shm`", "shared_memory": "`shm`",
		"placement": "`constraints`",
		"cpus":      "write `resources: {cpus: …}`", "cpu": "write `resources: {cpus: …}`",
		"cores": "write `resources: {cpus: …}`", "memory": "write `resources: {memory: …}`",
		"mem": "write `resources: {memory: …}`", "ram": "write `resources: {memory: …}`",
		"gpus": "write `resources: {gpus: …}`", "gpu": "write `resources: {gpus: …}`",
		"disk": "write `resources: {disk: …}`", "ports": "write `resources: {ports: …}`",
	},
	"limits": {
		"concurrency": "`parallel`", "concurrent": "`parallel`", "workers": "`parallel`",
		"jobs": "`parallel`", "n_jobs": "`parallel`", "trials_parallel": "`parallel`",
		"parallelism": "`parallel`", "timeout": "`wall`", "time": "`wall`", "walltime": "`wall`",
		"duration": "`wall`", "deadline": "`wall`", "failures": "`failed`", "errors": "`failed`",
		"failed_trials": "`failed`", "trials": "write `run_cap: …` at the left margin",
		"count": "write `run_cap: …` at the left margin",
	},
	"metric": {"direction": "`goal`", "mode": "`goal`", "type": "`goal`", "optimize": "`goal`",
		"aggregation": "`reduce`", "agg": "`reduce`", "metric": "`name`", "key": "`name`"},
	"parameter": {
		"low": "`min`", "lower": "`min`", "minimum": "`min`", "min_value": "`min`", "from": "`min`",
		"start": "`min`",
		"high":  "`max`", "upper": "`max`", "maximum": "`max`", "max_value": "`max`", "to": "`max`",
		"end": "`max`", "stop": "`max`",
		"choices": "`values`", "choice": "`values`", "options": "`values`", "list": "`values`",
		"categories": "`values`", "default_value": "`default`", "initial": "`default`", "constant": "`value`",
		"type": "`distribution`", "dist": "`distribution`", "mean": "`mu`", "loc": "`mu`", "std": "`sigma`",
		"stddev": "`sigma`", "stdev": "`sigma`", "scale": "`sigma`",
		"step": "`q`", "quantization": "`q`", "probs": "`probabilities`", "weights": "`probabilities`",
		"condition": "`when`", "if": "`when`", "params": "`parameters`",
		"log": "write `distribution: log_uniform_values` with min and max",
	},
	"method": {"grid_search": "`grid`", "gridsearch": "`grid`", "exhaustive": "`grid`",
		"random_search": "`random`", "randomsearch": "`random`", "uniform": "`random`"},
	"goal": {
		"maximum": "`maximize`", "max": "`maximize`", "maximise": "`maximize`", "higher": "`maximize`",
		"increase": "`maximize`", "up": "`maximize`",
		"minimum": "`minimize`", "min": "`minimize`", "minimise": "`minimize`", "lower": "`minimize`",
		"decrease": "`minimize`", "down": "`minimize`",
	},
	"reduce": {"maximum": "`max`", "minimum": "`min`", "average": "`mean`", "avg": "`mean`",
		"final": "`last`", "latest": "`last`"},
	"distribution": {
		"choice":  "write `values: […]` without a distribution, or `distribution: categorical`",
		"choices": "`categorical`", "discrete": "`categorical`", "bool": "`categorical`",
		"boolean": "`categorical`", "grid": "`categorical`",
		"list": "`categorical`", "fixed": "`constant`", "const": "`constant`", "quniform": "`q_uniform`",
		"q_uniform_values": "`q_uniform`", "uniform_values": "`uniform`",
		"loguniform": logRemedy, "log-uniform": logRemedy, "reciprocal": "`log_uniform_values`",
		"log": "`log_uniform_values`", "logarithmic": "`log_uniform_values`",
		"log_scale":   "`log_uniform_values`",
		"qloguniform": "`q_log_uniform_values`", "randint": "`int_uniform`, whose max is included",
		"int": "`int_uniform`", "integer": "`int_uniform`", "uniform_int": "`int_uniform`",
		"uniformint": "`int_uniform`", "quniformint": "`int_uniform`",
		"float": "`uniform`", "double": "`uniform`", "real": "`uniform`", "continuous": "`uniform`",
		"range": "`uniform`", "gaussian": "`normal`", "randn": "`normal`", "norm": "`normal`",
		"lognormal": "`log_normal`", "qnormal": "`q_normal`", "qlognormal": "`q_log_normal`",
		"log_int_uniform": "`q_log_uniform_values`, which with the default q of 1 gives integers",
		"int_log_uniform": "`q_log_uniform_values`, which with the default q of 1 gives integers",
	},
}

const logRemedy = "write `log_uniform_values` when min and max are the values themselves, `log_uniform` " +
	"when they are exponents of e"

// otherMethods are further names of searches that are not built.
var otherMethods = map[string]string{"pbt": "pbt"}

// stoppingMethods are what other tools have as searches and a spec as rules that end trials early: their
// `early_terminate`.
var stoppingMethods = map[string]string{
	"hyperband": "{type: hyperband, min_iter: 3}", "asha": "{type: asha}", "successive_halving": "{type: asha}",
	"bohb": "{type: asha, brackets: 3}",
}
