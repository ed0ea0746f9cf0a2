"""Any of Optuna's samplers as the search of a sweep: `method: {command: [python3, sampler.py, TPESampler]}`."""

import json
import sys

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

optuna.logging.set_verbosity(optuna.logging.ERROR)
hello = json.loads(sys.stdin.readline())
maximize = (hello["metric"] or {}).get("goal") == "maximize"
sampler = getattr(optuna.samplers, sys.argv[1] if len(sys.argv) > 1 else "TPESampler")
study = optuna.create_study(sampler=sampler(seed=hello["seed"] % 2**32), direction="maximize" if maximize else "minimize")
space = {}
for p in hello["parameters"]:
    if "values" in p:
        space[p["name"]] = CategoricalDistribution(p["values"])
    elif p["distribution"] == "int_uniform":
        space[p["name"]] = IntDistribution(int(p["min"]), int(p["max"]))
    else:
        space[p["name"]] = FloatDistribution(p["min"], p["max"], log="log" in p["distribution"], step=p.get("q"))
print("{}", flush=True)  # ready
trials = {}
for line in sys.stdin:
    request = json.loads(line)
    for t in request["tell"]:
        done = t["value"] is not None and t["state"] in ("succeeded", "cached")
        study.tell(trials[t["trial"]], t["value"] if done else None, state=None if done else TrialState.FAIL)
    for number in request["ask"]:
        trials[number] = study.ask(space)
    print(json.dumps({"params": [trials[number].params for number in request["ask"]]}), flush=True)
