"""A function whose arguments are the sweep: kaon run --python examples/python-function/train.py:main"""

import dataclasses
import math
import random
from typing import Optional


@dataclasses.dataclass
class Optimizer:
    momentum: float = 0.5
    decay: float = 1e-3


def main(lr: float = 0.1, layers: int = 2, opt: Optional[Optimizer] = None, epochs: int = 20, seed: int = 0) -> float:
    """Gradient descent on a bowl that is flat in one direction; every layer more makes it flatter."""
    opt = opt or Optimizer()
    x, y, vx, vy = 2.0, 2.0, 0.0, 0.0
    noise = random.Random(seed)
    for _ in range(epochs):
        vx = opt.momentum * vx - lr * (2 * x + opt.decay * x + noise.gauss(0, 0.01))
        vy = opt.momentum * vy - lr * (2 * y / layers + opt.decay * y + noise.gauss(0, 0.01))
        x, y = x + vx, y + vy
    return math.log1p(min(x * x + y * y / layers, 1e12))


if __name__ == "__main__":
    print("loss", main())
