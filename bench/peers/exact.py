#!/usr/bin/env python3
"""Compares kaon's packing with the optimum on small random instances.

    python3 bench/peers/exact.py [--kaon PATH] [--instances 500] [--seed 1] [--venv DIR]

The optimum is found by OR-tools' CP-SAT, which is installed from PyPI into a virtual environment when it is not
there. Without a network, the comparison is skipped, by name, with exit code 0. Printed are the mean and the largest gap of kaon's agents
over the optimum, and of the optimum over the lower bound that `kaon bench pack` prints.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

SECONDS = 5  # of one instance; the solver's best bound counts when it is not through


def reexec_with_ortools(venv):
    """Starts this script again inside a virtual environment that has OR-tools."""
    python = os.path.join(venv, "bin", "python")
    if os.environ.get("KAON_PEERS_VENV") == venv:
        return False
    try:
        if not os.path.exists(python):
            subprocess.run([sys.executable, "-m", "venv", venv], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run([python, "-m", "pip", "install", "-q", "ortools"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return False
    os.environ["KAON_PEERS_VENV"] = venv
    os.execv(python, [python] + sys.argv)


def instance(dice):
    """A few agents that hold everything, and trials of one of several kinds."""
    unequal = dice.random() < 0.3
    agents = []
    for i in range(12):
        cpus, mem = (dice.choice([16, 32, 48]), dice.choice([64, 128, 192])) if unequal else (32, 128)
        agents.append((cpus * 1000, mem * 1000))
    kind = dice.choice(["mem", "cpus", "both", "correlated", "anticorrelated", "few"])
    trials = []
    for i in range(dice.randint(8, 22)):
        c, m = dice.randint(1000, 12000), dice.randint(4000, 48000)
        if kind == "mem":
            c = dice.choice([250, 500, 1000, 2000, 3000])
        elif kind == "cpus":
            m = dice.choice([1000, 2000, 4000, 8000])
        elif kind == "correlated":
            m = int(c * 4 * dice.uniform(0.8, 1.2))
        elif kind == "anticorrelated":
            m = int((13000 - c) * 4 * dice.uniform(0.8, 1.2))
        elif kind == "few":
            c, m = dice.choice([3000, 5000, 9000]), dice.choice([9000, 20000, 31000])
        trials.append((min(c, 16000), min(m, 64000)))
    return kind, agents, trials


def optimum(agents, trials):
    """The fewest agents, and whether that is proved; None when they do not hold the trials."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    used = [model.NewBoolVar("") for _ in agents]
    on = [[model.NewBoolVar("") for _ in agents] for _ in trials]
    for row in on:
        model.AddExactlyOne(row)
    for j, size in enumerate(agents):
        for k in range(2):
            model.Add(sum(t[k] * on[i][j] for i, t in enumerate(trials)) <= size[k] * used[j])
    for j in range(1, len(agents)):
        if agents[j] == agents[j - 1]:
            model.Add(used[j] <= used[j - 1])
    model.Minimize(sum(used))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = SECONDS
    solver.parameters.num_workers = 1
    status = solver.Solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return round(solver.BestObjectiveBound()), status == cp_model.OPTIMAL


def packed(kaon, agents, trials, folder):
    """What kaon does with the instance: a case of its report."""
    a, t = os.path.join(folder, "agents.csv"), os.path.join(folder, "trials.csv")
    with open(a, "w") as f:
        f.write("id,host,cpus,mem\n" + "".join(f"o{i},h{i},{c / 1000},{m}\n" for i, (c, m) in enumerate(agents)))
    with open(t, "w") as f:
        f.write("id,cpus,mem\n" + "".join(f"t{i},{c / 1000},{m}\n" for i, (c, m) in enumerate(trials)))
    out = subprocess.run([kaon, "bench", "pack", "--agents", a, "--trials", t, "--runs", "1", "--no-beside", "--json"],
                         check=True, capture_output=True)
    return json.loads(out.stdout)["cases"][0]


def main():
    parse = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parse.add_argument("--kaon", default="kaon", help="the binary (kaon)")
    parse.add_argument("--instances", type=int, default=500)
    parse.add_argument("--seed", type=int, default=1)
    parse.add_argument("--venv", default=os.path.join(tempfile.gettempdir(), "kaon-peers"), help="virtual environment for OR-tools")
    args = parse.parse_args()
    try:
        import ortools  # noqa: F401
    except ImportError:
        if not reexec_with_ortools(args.venv):
            print("exact: skipped: ortools is not installed and could not be, from PyPI")
            return
    dice = random.Random(args.seed)
    count = unknown = optimal = tight = 0
    gaps, bounds, kinds = [], [], {}
    with tempfile.TemporaryDirectory() as folder:
        while count < args.instances:
            kind, agents, trials = instance(dice)
            best = optimum(sorted(agents, reverse=True), trials)
            if best is None:
                continue
            least, certain = best
            case = packed(args.kaon, agents, trials, folder)
            if case["placed"] < len(trials):
                print(f"exact: kaon left {len(trials) - case['placed']} of {len(trials)} trials out: {agents} {trials}")
                continue
            if not certain and case["hosts"] > least:
                unknown += 1
                continue  # neither packing nor bound can be judged
            if case["lower_bound_hosts"] > least or case["hosts"] < least and certain:
                sys.exit(f"exact: bound {case['lower_bound_hosts']}, kaon {case['hosts']}, optimum {least}: {agents} {trials}")
            count += 1
            optimal += case["hosts"] == least
            tight += case["lower_bound_hosts"] == least
            gap = case["hosts"] / least - 1
            gaps.append(gap)
            bounds.append(least / case["lower_bound_hosts"] - 1)
            kinds.setdefault(kind, []).append(gap)
    print(f"exact: {count} instances ({unknown} more not solved in {SECONDS} s); kaon is optimal on {optimal}, mean gap {100 * sum(gaps) / count:.2f} %, "
          f"largest {100 * max(gaps):.1f} %")
    print(f"exact: the lower bound is the optimum on {tight}, mean gap {100 * sum(bounds) / count:.2f} %")
    for kind in sorted(kinds):
        print(f"exact: {kind}: mean gap {100 * sum(kinds[kind]) / len(kinds[kind]):.2f} % of {len(kinds[kind])}")


if __name__ == "__main__":
    main()
