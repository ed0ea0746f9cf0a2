"""Logistic regression by gradient descent with momentum, logged to Weights & Biases.

Nothing here knows of kaon: it is written for `wandb sweep sweep.yaml` and `wandb agent`. `kaon run sweep.yaml` runs it as it
is, without an account. It needs nothing but the package wandb.
"""

import argparse
import math
import random

import wandb


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning_rate", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--optimizer", default=None, help="given by sweeps, and read from wandb.config")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def data(seed, n):
    """Points of a plane, of which a line parts most."""
    rng = random.Random(seed)
    rows = []
    for _ in range(n):
        x, y = rng.gauss(0, 1), rng.gauss(0, 1)
        rows.append(((1.0, x, y), 1 if 2 * x - y + 0.5 + rng.gauss(0, 0.5) > 0 else 0))
    return rows


def probability(weights, features):
    z = sum(w * f for w, f in zip(weights, features))
    return 1 / (1 + math.exp(-max(-30, min(30, z))))


def evaluate(weights, rows):
    loss, right = 0.0, 0
    for features, label in rows:
        p = probability(weights, features)
        loss -= math.log(max(p if label else 1 - p, 1e-12))
        right += (p > 0.5) == (label == 1)
    return loss / len(rows), right / len(rows)


def main():
    args = arguments()
    defaults = {
        "learning_rate": args.learning_rate,
        "epochs": args.epochs,
        "optimizer": {"momentum": 0.9, "decay": 0},
        "seed": args.seed,
    }
    with wandb.init(project="logistic-regression", config=defaults) as run:
        config = run.config
        run.define_metric("epoch")
        run.define_metric("val/*", step_metric="epoch", summary="max")
        rng = random.Random(config.seed)
        train, validate = data(config.seed, 400), data(config.seed + 1, 400)
        weights, speed = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
        best = 0.0
        for epoch in range(config.epochs):
            rng.shuffle(train)
            for i in range(0, len(train), 100):
                batch = train[i : i + 100]
                gradient = [0.0, 0.0, 0.0]
                for features, label in batch:
                    error = probability(weights, features) - label
                    gradient = [g + error * f / len(batch) for g, f in zip(gradient, features)]
                for k in range(3):
                    slope = gradient[k] + config.optimizer["decay"] * weights[k]
                    speed[k] = config.optimizer["momentum"] * speed[k] - config.learning_rate * slope
                    weights[k] += speed[k]
            loss, accuracy = evaluate(weights, train)
            run.log({"train": {"loss": loss, "accuracy": accuracy}}, commit=False)
            loss, accuracy = evaluate(weights, validate)
            run.log({"epoch": epoch, "val/loss": loss, "val/accuracy": accuracy})
            best = max(best, accuracy)
        run.summary["best_accuracy"] = best


if __name__ == "__main__":
    main()
