"""Train a two-layer network on a noisy XOR. Runs by itself as well: python3 train.py"""

import json
import math
import os
import random

import kaon


def dataset(rng, n):
    rows = []
    for _ in range(n):
        a, b = rng.random() < 0.5, rng.random() < 0.5
        rows.append(((a + rng.gauss(0, 0.15), b + rng.gauss(0, 0.15)), float(a != b)))
    return rows


class Network:
    def __init__(self, rng, hidden):
        self.w = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(hidden)]  # two inputs and a bias
        self.v = [rng.gauss(0, 1) for _ in range(hidden + 1)]
        self.dw = [[0.0] * 3 for _ in range(hidden)]
        self.dv = [0.0] * (hidden + 1)

    def forward(self, x):
        h = [math.tanh(w[0] * x[0] + w[1] * x[1] + w[2]) for w in self.w]
        z = sum(v * a for v, a in zip(self.v, h)) + self.v[-1]
        return h, 1 / (1 + math.exp(-max(-60.0, min(60.0, z))))

    def learn(self, x, y, lr, momentum):
        h, p = self.forward(x)
        d = p - y  # of the cross entropy by z
        for i, a in enumerate(h):
            g = d * self.v[i] * (1 - a * a)
            for k, input in enumerate((x[0], x[1], 1.0)):
                self.dw[i][k] = momentum * self.dw[i][k] - lr * g * input
                self.w[i][k] += self.dw[i][k]
            self.dv[i] = momentum * self.dv[i] - lr * d * a
            self.v[i] += self.dv[i]
        self.dv[-1] = momentum * self.dv[-1] - lr * d
        self.v[-1] += self.dv[-1]

    def loss(self, rows):
        total = 0.0
        for x, y in rows:
            p = min(1 - 1e-12, max(1e-12, self.forward(x)[1]))
            total -= math.log(p if y else 1 - p)
        return total / len(rows)


def main():
    p = kaon.params({"lr": 0.3, "hidden": 4, "momentum": 0.5, "epochs": 20})
    rng = random.Random(kaon.seed(1))
    data = random.Random(42)  # the same rows for every trial
    train, validate = dataset(data, 150), dataset(data, 100)
    kaon.milestone("data made")
    kaon.artifact("dataset", {"train": len(train), "validate": len(validate)})
    net = Network(rng, p["hidden"])
    for epoch in range(p["epochs"]):
        for x, y in train:
            net.learn(x, y, p["lr"] / 10, p["momentum"])
        kaon.report(loss=net.loss(validate), step=epoch)
        kaon.progress(100 * (epoch + 1) / p["epochs"])
        if kaon.should_stop():
            break
    model = os.path.join(os.environ.get("KAON_ARTIFACTS", "."), "xor.json")
    with open(model, "w") as out:
        json.dump({"w": net.w, "v": net.v}, out)
    kaon.artifact("model", model)


if __name__ == "__main__":
    main()
