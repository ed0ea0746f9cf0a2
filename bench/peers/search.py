#!/usr/bin/env python3
"""Measures Optuna's samplers as `kaon bench search` measures kaon's methods.

    python3 bench/peers/search.py [--sampler tpe --sampler cma-es ...] [--function F ...] [--evaluations N ...]
        [--pending P] [--seeds K] [--venv DIR] [--json]

The functions, seeds and number of trials in flight, which finish in a random order, are those of `kaon bench search`.
TPE is multivariate with constant liar, Optuna 5's default. Optuna and cmaes are installed from PyPI into a
virtual environment when they are not there; without a network, the comparison is skipped, by name, with exit code 0.
"""
import argparse
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time


def reexec_with_optuna(venv, torch):
    """Starts this script again inside a virtual environment that has Optuna."""
    python = os.path.join(venv, "bin", "python")
    if os.environ.get("KAON_PEERS_VENV") == venv:
        return False
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        if not os.path.exists(python):
            subprocess.run([sys.executable, "-m", "venv", venv], check=True, **quiet)
        subprocess.run([python, "-m", "pip", "install", "-q", "optuna", "cmaes", "scipy"] + ["torch"] * torch, check=True, **quiet)
    except (OSError, subprocess.CalledProcessError):
        return False
    os.environ["KAON_PEERS_VENV"] = venv
    os.execv(python, [python] + sys.argv)


def branin(x):
    a = x[1] - 5.1 / (4 * math.pi**2) * x[0] ** 2 + 5 / math.pi * x[0] - 6
    return a * a + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x[0]) + 10


def hartmann6(x):
    alpha = [1, 1.2, 3, 3.2]
    a = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
    p = [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
         [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]]
    return -sum(alpha[i] * math.exp(-sum(a[i][j] * (x[j] - p[i][j] * 1e-4) ** 2 for j in range(6))) for i in range(4))


def levy(x):
    w = [1 + (v - 1) / 4 for v in x]
    total = math.sin(math.pi * w[0]) ** 2
    total += sum((v - 1) ** 2 * (1 + 10 * math.sin(math.pi * v + 1) ** 2) for v in w[:-1])
    return total + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)


def rosenbrock(x):
    return sum(100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(len(x) - 1))


def ackley(x):
    n = len(x)
    inner = math.sqrt(sum(v * v for v in x) / n)
    return -20 * math.exp(-0.2 * inner) - math.exp(sum(math.cos(2 * math.pi * v) for v in x) / n) + 20 + math.e


def vector(function, bounds):
    return lambda trial: function([trial.suggest_float(f"x{i}", *b) for i, b in enumerate(bounds)])


def mixed(trial):
    optimizer = trial.suggest_categorical("optimizer", ["rms", "sgd", "adam"])
    lr = trial.suggest_float("lr", 1e-6, 1, log=True)
    batch = math.log2(trial.suggest_categorical("batch", [16, 32, 64, 128, 256])) - 6
    total = (math.log10(lr) + 2.5 - 0.3 * batch) ** 2 / 2 + 0.05 * batch**2
    total += (trial.suggest_int("layers", 1, 12) - 5) ** 2 / 40
    total += 2 * (trial.suggest_float("dropout", 0, 0.9) - 0.2) ** 2
    activation = trial.suggest_categorical("activation", ["relu", "gelu", "tanh", "silu"])
    total += {"relu": 0.1, "gelu": 0, "tanh": 0.3, "silu": 0.05}[activation]
    if optimizer == "sgd":
        return total + 3 * (trial.suggest_float("momentum", 0, 0.999) - 0.9) ** 2
    if optimizer == "adam":
        return total + 0.1 + 2 * (trial.suggest_float("beta", 0.5, 0.999) - 0.95) ** 2
    return total + 0.25


def integers(trial):
    width = math.log2(trial.suggest_int("width", 1, 64))
    depth = math.log2(trial.suggest_int("depth", 1, 32))
    heads = math.log2(trial.suggest_categorical("heads", [1, 2, 4, 8, 16]))
    warmup = trial.suggest_int("warmup", 0, 100)
    return (width + depth - 8) ** 2 + (width - 5) ** 2 / 10 + (heads - 2) ** 2 / 5 + ((warmup - 50) / 50) ** 2


def choices(trial):
    cost = {"p": 1, "q": 0, "r": 0.6, "s": 0.3, "t": 0.8}
    picked = [trial.suggest_categorical(name, list(cost)) for name in "abcdef"]
    return sum(cost[v] for v in picked) + 0.5 * sum(picked[i] != picked[i + 1] for i in (0, 2, 4))


FUNCTIONS = {  # name: (function of a trial, minimum, standard deviation of the noise)
    "branin": (vector(branin, [(-5, 10), (0, 15)]), 0.397887357729739, 0),
    "hartmann6": (vector(hartmann6, [(0, 1)] * 6), -3.322368011391339, 0),
    "levy4": (vector(levy, [(-10, 10)] * 4), 0, 0),
    "rosenbrock4": (vector(rosenbrock, [(-5, 10)] * 4), 0, 0),
    "ackley5": (vector(ackley, [(-10, 30)] * 5), 0, 0),
    "levy20": (vector(levy, [(-10, 10)] * 20), 0, 0),
    "levy20-corner": (vector(levy, [(-1, 14)] * 20), 0, 0),
    "rosenbrock20-corner": (vector(rosenbrock, [(-0.5, 10)] * 20), 0, 0),
    "ackley20-corner": (vector(ackley, [(-5, 30)] * 20), 0, 0),
    "mixed": (mixed, 0, 0),
    "noisy-hartmann6": (vector(hartmann6, [(0, 1)] * 6), -3.322368011391339, 0.1),
    "noisy-mixed": (mixed, 0, 0.05),
    "integers": (integers, 0, 0),
    "choices": (choices, 0, 0),
}


def make_sampler(name, seed, pending):
    import optuna
    if name == "tpe":
        return optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)
    if name == "tpe-group":  # for parameters that are not always there
        return optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)
    if name == "cma-es":
        return optuna.samplers.CmaEsSampler(seed=seed, popsize=pending if pending > 1 else None)
    if name == "gp":  # needs PyTorch, which is large: installed only when asked for
        return optuna.samplers.GPSampler(seed=seed)
    if name == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    sys.exit(f"there is no sampler {name}: there are tpe, tpe-group, cma-es, gp, random")


def run(sampler, function, evaluations, pending, seed):
    """The regret after each evaluation, and the seconds in Optuna."""
    import optuna
    value, least, noise = FUNCTIONS[function]
    study = optuna.create_study(sampler=make_sampler(sampler, seed, pending))
    dice = random.Random(seed * 1000 + pending)
    flying, regrets, asked, took = [], [], 0, 0.0
    told_best, true_best = math.inf, math.inf
    while len(regrets) < evaluations:
        start = time.perf_counter()
        while len(flying) < pending and asked < evaluations:
            trial = study.ask()
            flying.append((trial, value(trial)))
            asked += 1
        trial, true = flying.pop(dice.randrange(len(flying)))
        told = true + noise * dice.gauss(0, 1)
        study.tell(trial, told)
        took += time.perf_counter() - start
        if told < told_best:
            told_best, true_best = told, true
        regrets.append(true_best - least)
    return regrets, took


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sampler", action="append")
    parser.add_argument("--function", action="append")
    parser.add_argument("--evaluations", action="append", type=int)
    parser.add_argument("--pending", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=11)
    parser.add_argument("--venv", default=os.path.join(tempfile.gettempdir(), "kaon-peers-optuna"))
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    try:
        import optuna
        if "gp" in (args.sampler or []):
            import torch  # noqa: F401
    except ImportError:
        reexec_with_optuna(args.venv, "gp" in (args.sampler or []))
        print("skipped: Optuna could not be installed from PyPI")
        return
    import warnings
    warnings.filterwarnings("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    looks = args.evaluations or [100]
    rows = []
    for function in args.function or FUNCTIONS:
        for sampler in args.sampler or ["tpe", "cma-es"]:
            runs = [run(sampler, function, max(looks), args.pending, seed + 1) for seed in range(args.seeds)]
            seconds = sum(took for _, took in runs) / (args.seeds * max(looks))
            for n in looks:
                at = sorted(regrets[n - 1] for regrets, _ in runs)
                quarters = statistics.quantiles(at, n=4, method="inclusive") if len(at) > 1 else [at[0]] * 3
                row = {"method": "optuna-" + sampler, "function": function, "evaluations": n, "pending": args.pending,
                       "seeds": args.seeds, "median_regret": quarters[1], "q1": quarters[0], "q3": quarters[2],
                       "quartiles": [quarters[0], quarters[2]], "ms_per_suggestion": seconds * 1000,
                       "seconds_per_suggestion": seconds}
                rows.append(row)
                if not args.json:
                    print(f"{function:16} {row['method']:16} {n:5} {args.pending:4} {quarters[1]:10.2g} "
                          f"{quarters[0]:10.2g} to {quarters[2]:.2g} {seconds * 1000:8.2f} ms", flush=True)
    if args.json:
        json.dump({"optuna": optuna.__version__, "rows": rows}, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
