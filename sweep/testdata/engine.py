"""What W&B's own engine makes of sweep files: reads paths from the command line, prints one JSON object for each.

Grid: every point. Random: 200 draws. For each point the words of its command, as W&B's agent builds them.
"""
import copy
import json
import random
import re
import sys
import warnings

warnings.simplefilter("ignore")
import numpy
import sweeps
import yaml
from wandb.sdk.launch.sweeps import utils

random.seed(1)
numpy.random.seed(1)


class Loader(yaml.SafeLoader):
    """PyYAML, but 1e-5 is a number, as kaon has it."""


Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789"))


def words(config, args, program):
    values = utils.create_sweep_command_args({"args": args})
    values.update(interpreter=["python"], program=[program], env=["/usr/bin/env"], args_json_file=["args.json"])
    out = []
    for c in utils.create_sweep_command(copy.deepcopy(config.get("command"))):
        c = str(c)
        out += values.get(c[2:-1]) or [] if c.startswith("${") and c.endswith("}") else [c]
    return out


for path in sys.argv[1:]:
    try:
        with open(path) as f:
            text = f.read()
        config = yaml.load(text, Loader)
        if "command" in config:
            config["command"] = yaml.safe_load(text)["command"]
        n = 200 if config["method"] == "random" else 1000
        runs = sweeps.next_runs(config, [], n=n) if n == 200 else []
        while config["method"] == "grid" and len(runs) < n:
            more = [r for r in sweeps.next_runs(config, runs, n=n) if r is not None]
            runs += more
            if not more:
                break
        points = []
        for r in runs:
            args = {k: {"value": v["value"].item() if hasattr(v["value"], "item") else v["value"]} for k, v in r.config.items()}
            points.append({"words": words(config, args, config.get("program", "")), "values": {k: v["value"] for k, v in args.items()}})
        print(json.dumps({"points": points}, default=str))
    except Exception as e:
        print(json.dumps({"error": f"{type(e).__name__}: {e}"[:300]}))
