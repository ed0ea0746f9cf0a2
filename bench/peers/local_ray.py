"""Runs `true` so many times as trials of Ray Tune: local_ray.py TRIALS CPUS FOLDER."""
import os
import subprocess
import sys

os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
import ray
from ray import tune

trials, cpus, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]


def run(config):
    subprocess.run(["true"], check=True)
    return {"ok": 1}


ray.init(num_cpus=cpus, include_dashboard=False, logging_level="error")
tuner = tune.Tuner(
    tune.with_resources(run, {"cpu": 1}),
    param_space={"x": tune.grid_search(list(range(trials)))},
    run_config=tune.RunConfig(storage_path=folder, verbose=0),
)
results = tuner.fit()
ray.shutdown()
sys.exit(len(results) != trials or results.num_errors > 0)
