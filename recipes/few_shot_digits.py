"""Measures how much vit-fashion helps where examples are few: handwritten digits, against the same ViT from scratch.

    python recipes/few_shot_digits.py --out build/few_shot_digits

The digits come with scikit-learn: 1,797 of 8x8 pixels, about 180 a class. 60 a class are for testing and never trained
on; from the others each run draws its examples by its seed. Both starts get the same examples, augmentation, passes and
step sizes, and the better of two step sizes is reported for each start. Prints a table, and keeps it in --out.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from training import ROOT, Plan, run, settings, train, write_json
from vision import (
    Augmentation,
    Batches,
    Pictures,
    drawn,
    drop_patches,
    plain_accuracy,
    small_vit,
    soft_loss,
    started_from,
)
from vit_fashion import processor

PLAN = Plan(epochs=0, learning_rate=0, tokens_a_batch=50, warmup=0.1, weight_decay=0.05)  # both set for each run
PASSES = {10: 30, 50: 10, 110: 6}  # by examples a class; 110 is all there is beside the test part
RATES = (3e-4, 1e-3)
SEEDS = range(3)
T_95 = 4.303  # Student's t with two degrees of freedom, two-sided 95 %
AUGMENTATION = Augmentation(stretch=1.2, mixed=0.0, mirrored=False)


def read_digits() -> Pictures:
    """scikit-learn's digits as greyscale pictures; nothing is known of who wrote which."""
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = [Image.fromarray((image * 255 / 16).round().astype(np.uint8)) for image in digits.images]
    rows = list(range(len(images)))
    return Pictures(images, digits.target.tolist(), [str(digit) for digit in range(10)], rows, [""] * len(rows))


def chosen(pictures: Pictures, rows: list[int]) -> Pictures:
    """The pictures of these rows."""
    images, labels = [pictures.images[row] for row in rows], [pictures.labels[row] for row in rows]
    return Pictures(images, labels, pictures.names, rows, [""] * len(rows))


def draw_rows(labels: list[int], held_out: int, size: int, seed: int) -> tuple[list[int], list[int]]:
    """Rows to train on, `size` a class by `seed`, and rows to test on, the same `held_out` a class for every seed."""
    training, test = [], []
    for label in sorted(set(labels)):
        rows = np.flatnonzero(np.array(labels) == label)
        rows = np.random.default_rng(0).permutation(rows)
        test += rows[:held_out].tolist()
        training += np.random.default_rng(seed + 1).permutation(rows[held_out:])[:size].tolist()
    return training, test


def accuracy(start: str, pictures: Pictures, rows: tuple[list[int], list[int]], plan: Plan, folder: Path) -> float:
    """Accuracy on the test rows after a training on the others."""
    import torch

    torch.manual_seed(plan.seed)
    if start == "scratch":
        model = small_vit(pictures.names, image_size=32, patch_size=4)
    else:
        model = started_from(ROOT / "checkpoints" / start, pictures.names, image_size=32, patch_size=4)
    drop_patches(model, 32)
    training, test = (Batches(chosen(pictures, part), processor(), AUGMENTATION) for part in rows)
    train(
        model,
        lambda epoch: range(len(training)),
        plan,
        folder,
        loss_of=soft_loss,
        batch_of=training.training,
        size_of=lambda row: 1,
        unit="pictures",
        keep_epochs=False,
    )
    return plain_accuracy(model, test)


def interval(values: list[float]) -> dict:
    """Mean and 95 % interval over the seeds."""
    mean, half = float(np.mean(values)), T_95 * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return {"mean": mean, "low": mean - half, "high": min(1.0, mean + half), "values": values}


def main(argv: list[str] | None = None) -> dict:
    """Trains all runs, prints the table and returns its figures."""
    options, plan = settings("few_shot_digits", __doc__.splitlines()[0], PLAN, argv, quick_batch=16)
    pictures, held_out, passes = read_digits(), 60, PASSES
    if options.quick:
        pictures, held_out, passes = drawn(10, 8, "L"), 4, {2: 1, 4: 1}
    found: dict = {}
    for size, epochs in passes.items():
        for start in ("vit-fashion", "scratch"):
            by_rate = {}
            for rate in RATES:
                values = []
                for seed in SEEDS:
                    one = replace(plan, epochs=epochs, learning_rate=rate, seed=seed)
                    rows = draw_rows(pictures.labels, held_out, size, seed)
                    values.append(accuracy(start, pictures, rows, one, options.out / f"{start}_{size}_{rate}_{seed}"))
                by_rate[rate] = interval(values)
            best = max(by_rate, key=lambda rate: by_rate[rate]["mean"])
            found.setdefault(size, {})[start] = {"rate": best, **by_rate[best], "by_rate": by_rate}
    write_json(options.out / "metrics.json", found)
    print(table(found))
    return found


def table(found: dict) -> str:
    """The figures as a Markdown table."""

    def cell(one: dict) -> str:
        return f"{one['mean']:.3f} ({one['low']:.3f} to {one['high']:.3f})"

    lines = ["| examples a class | from vit-fashion | from scratch |", "|---:|---|---|"]
    for size, starts in found.items():
        lines.append(f"| {size} | {cell(starts['vit-fashion'])} | {cell(starts['scratch'])} |")
    return "\n".join(lines)


if __name__ == "__main__":
    run(main)
