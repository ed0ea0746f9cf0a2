"""Naive Bayes on handwritten digits, with nothing but Python's standard library.

The sweep file beside this program is an ordinary W&B sweep. Where a W&B program would call wandb.log({...}), this one
prints the same object as one line of JSON.
"""

import argparse
import ast
import csv
import gzip
import json
import math
import os
import random

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "digits", "digits.csv.gz")


def group(text):
    """A nested group of parameters, as JSON or as Python prints a dictionary."""
    try:
        return json.loads(text)
    except ValueError:
        return ast.literal_eval(text)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", choices=["gaussian", "bernoulli"], default="gaussian")
    parser.add_argument("--smoothing", type=float, default=0.01)
    parser.add_argument("--features", type=group, default={"threshold": 8, "mirror": False})
    parser.add_argument("--seed", type=int, default=42)
    return parser.parse_args()


def load(seed):
    with gzip.open(DATA, "rt", newline="") as lines:
        rows = [[int(cell) for cell in row] for row in csv.reader(lines)]
    random.Random(seed).shuffle(rows)
    return [(row[:64], row[64]) for row in rows]


def gaussian(images, smoothing):
    """Mean and variance of every pixel of every digit; smoothing is added to the variance in squared grey levels."""
    tables = {}
    for digit in range(10):
        columns = list(zip(*(pixels for pixels, label in images if label == digit)))
        means = [sum(column) / len(column) for column in columns]
        variances = [
            sum((v - mean) ** 2 for v in column) / len(column) + 256 * smoothing
            for column, mean in zip(columns, means)
        ]
        tables[digit] = (means, variances)

    def log_likelihood(pixels, digit):
        means, variances = tables[digit]
        return -0.5 * sum((v - m) ** 2 / s + math.log(s) for v, m, s in zip(pixels, means, variances))

    return log_likelihood


def bernoulli(images, smoothing, threshold):
    """The share of a digit's images in which a pixel is darker than the threshold, with Laplace smoothing."""
    tables = {}
    for digit in range(10):
        columns = list(zip(*(pixels for pixels, label in images if label == digit)))
        shares = [
            (sum(v > threshold for v in column) + smoothing) / (len(column) + 2 * smoothing) for column in columns
        ]
        tables[digit] = [(math.log(p), math.log(1 - p)) for p in shares]

    def log_likelihood(pixels, digit):
        return sum(dark if v > threshold else light for v, (dark, light) in zip(pixels, tables[digit]))

    return log_likelihood


def mirrored(images):
    """Images that look alike left to right, doubled: only 0, 1 and 8 keep their meaning."""
    flipped = [
        ([pixels[row + 7 - column] for row in range(0, 64, 8) for column in range(8)], label)
        for pixels, label in images
        if label in (0, 1, 8)
    ]
    return images + flipped


def main():
    args = arguments()
    images = load(args.seed)
    cut = len(images) * 3 // 4
    train, validate = images[:cut], images[cut:]
    if args.features["mirror"]:
        train = mirrored(train)
    if args.model == "gaussian":
        score = gaussian(train, args.smoothing)
    else:
        score = bernoulli(train, args.smoothing, args.features["threshold"])
    right = sum(max(range(10), key=lambda digit: score(pixels, digit)) == label for pixels, label in validate)
    print(json.dumps({"val": {"accuracy": right / len(validate), "images": len(validate)}}))


if __name__ == "__main__":
    main()
