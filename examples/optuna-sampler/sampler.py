"""Any of Optuna's samplers as the search of a sweep: `method: {command: [python3, sampler.py, TPESampler]}`."""

import json
import math
import sys
from statistics import NormalDist

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState


def parameter(p):
    """Optuna's distribution for a parameter, and what turns a value of that into one of the parameter."""
    kind, low, high, q = p["distribution"], p.get("min"), p.get("max"), p.get("q")
    if "values" in p:  # by their places: Optuna knows no lists and mappings
        return CategoricalDistribution(range(len(p["values"]))), lambda place: p["values"][place]
    if kind == "int_uniform":
        return IntDistribution(int(low), int(high)), int
    if kind in ("log_uniform", "q_log_uniform"):  # bounds are exponents
        low, high = math.exp(low), math.exp(high)
    elif kind == "inv_log_uniform":
        low, high = math.exp(-high), math.exp(-low)

    def value(x):
        if low is not None:
            x = min(max(x, low), high)
        if q is None:
            return x
        steps = round(x / q)  # what is quantised is a multiple of q within the bounds
        if low is not None:
            steps = min(max(steps, math.ceil(low / q - 1e-9)), math.floor(high / q + 1e-9))
        return float(f"{steps * q:.15g}")

    if "sigma" in p:  # without bounds: the sampler chooses a quantile
        logarithm = "log" in kind
        normal = NormalDist()

        def quantile(u):
            x = p["mu"] + p["sigma"] * normal.inv_cdf(u)
            return value(math.exp(x) if logarithm else x)

        return FloatDistribution(1e-6, 1 - 1e-6), quantile
    # a beta distribution is searched from 0 to 1: its shape, p["a"] and p["b"], is left aside
    return FloatDistribution(low, high, log="log" in kind), value


optuna.logging.set_verbosity(optuna.logging.ERROR)
hello = json.loads(sys.stdin.readline())
maximize = (hello["metric"] or {}).get("goal") == "maximize"
sampler = getattr(optuna.samplers, sys.argv[1] if len(sys.argv) > 1 else "TPESampler")
study = optuna.create_study(sampler=sampler(seed=hello["seed"] % 2**32), direction="maximize" if maximize else "minimize")
space, value_of, zipped = {}, {}, {}
for p in hello["parameters"]:
    name = p["name"]
    distribution, value_of[name] = parameter(p)
    zipped[name] = p.get("zip", [name])[0]  # the first one's place is that of all
    if zipped[name] == name:
        space[name] = distribution
print("{}", flush=True)  # ready

trials = {}


def tell(t):
    trial = trials[t["trial"]]
    if t["state"] in ("stopped", "refused"):  # ended early, or refused by constraints: samplers learn from both
        if t["value"] is not None:
            trial.report(t["value"], step=1)
        study.tell(trial, state=TrialState.PRUNED)
    elif t["value"] is None or t["state"] == "failed":
        study.tell(trial, state=TrialState.FAIL)
    else:
        study.tell(trial, t["value"])


def ask(number):
    trials[number] = study.ask(space)
    return {name: of(trials[number].params[zipped[name]]) for name, of in value_of.items()}


for line in sys.stdin:
    request = json.loads(line)
    for t in request["tell"]:
        tell(t)
    print(json.dumps({"params": [ask(number) for number in request["ask"]]}), flush=True)
