"""A loop as people write them for PyTorch, which tells TensorBoard how it goes and nobody else."""

import argparse
import math

try:
    from torch.utils.tensorboard import SummaryWriter
except ImportError:
    from tensorboardX import SummaryWriter


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=8)
    args = parser.parse_args()
    writer = SummaryWriter("runs/bowl")
    w = 4.0
    for epoch in range(args.epochs):
        w -= args.lr * 2 * w
        writer.add_scalar("Loss/train", math.log1p(w * w), epoch)
        writer.add_scalar("Loss/val", math.log1p(w * w) + 0.01, epoch)
    writer.close()


if __name__ == "__main__":
    main()
