"""A project as they are written for W&B: argparse for what is the user's, a nested config for the rest, and wandb for both."""

import argparse
import math
import random

import wandb

DEFAULTS = {"optimizer": {"name": "sgd", "lr": 0.1}, "model": {"hidden": 16, "dropout": 0.1}, "epochs": 6}


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--project", default="moons")
    parser.add_argument("--data-size", type=int, default=200)
    return parser.parse_args()


def merged(under, over):
    return {k: merged(v, over.get(k, {})) if isinstance(v, dict) else over.get(k, v) for k, v in under.items()}


def main():
    args = parse()
    with wandb.init(project=args.project, config={"data_size": args.data_size}) as run:
        config = merged(DEFAULTS, dict(run.config))
        run.define_metric("val/*", step_metric="epoch")
        lr, hidden, noise = config["optimizer"]["lr"], config["model"]["hidden"], random.Random(args.data_size)
        speed = lr * (1.5 if config["optimizer"]["name"] == "adam" else 1.0)
        error = 1.0
        for epoch in range(config["epochs"]):
            error *= math.exp(-speed) if speed < 1.2 else 1.1  # too fast diverges
            floor = 1 / math.sqrt(hidden) + 0.2 * abs(config["model"]["dropout"] - 0.2)
            wandb.log({"train": {"loss": error}, "epoch": epoch})
            wandb.log({"val/loss": error + 0.1 * floor + noise.gauss(0, 0.001), "epoch": epoch})
        run.summary["parameters"] = hidden * hidden


if __name__ == "__main__":
    main()
