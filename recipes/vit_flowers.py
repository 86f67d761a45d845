"""Makes the checkpoint vit-flowers: a small Vision Transformer that names five kinds of flowers on photographs.

Trained twice on the same budget, from vit-fashion and from scratch; kept is the one that reads the validation part
better.
"""

import shutil

from training import ROOT, Plan, report, run, save_model, settings
from vision import (
    FILES,
    Augmentation,
    Batches,
    described,
    drawn,
    fit_twice,
    read_flowers,
    small_vit,
    split,
    started_from,
)

PLAN = Plan(epochs=100, learning_rate=1e-3, tokens_a_batch=64, weight_decay=0.05)  # 64 pictures a batch
HELD_OUT = {"test": 400, "validation": 200}
AUGMENTATION = Augmentation(
    degrees=15, zoom=(0.85, 1.5), stretch=1.25, shift=0.1, colour=0.15, light=0.3, padding="reflection", mixed=0.6
)


def processor():
    """Shorter side to 64 pixels, the middle square, three channels."""
    from transformers import ViTImageProcessorPil

    return ViTImageProcessorPil(
        size={"shortest_edge": 64},
        do_center_crop=True,
        crop_size={"height": 64, "width": 64},
        do_convert_rgb=True,
        image_mean=[0.49, 0.44, 0.31],
        image_std=[0.28, 0.26, 0.28],
    )


def starts(names: list[str]) -> dict:
    """What the two trainings begin with: functions that give a ViT with 8x8 patches of 8x8 pixels."""
    fashion = ROOT / "checkpoints" / "vit-fashion"
    return {
        "vit-fashion": lambda: started_from(fashion, names, image_size=64, patch_size=8),
        "scratch": lambda: small_vit(names, image_size=64, patch_size=8),
    }


def main(argv: list[str] | None = None, stop_after: int | None = None) -> dict:
    """Trains from both starts, keeps the better, saves and measures; returns the metrics, or what was done so far."""
    import torch

    options, plan = settings("vit_flowers", __doc__.splitlines()[0], PLAN, argv, quick_batch=16)
    if options.quick:
        parts = split(drawn(5, 64, "RGB"), {"test": 10, "validation": 10})
    else:
        parts = split(read_flowers(options.data), HELD_OUT)
    batches = {part: Batches(parts[part], processor(), AUGMENTATION) for part in ("train", "validation")}
    runs = {}
    for start, model_of in starts(parts["train"].names).items():
        torch.manual_seed(plan.seed)
        model = model_of()
        folder = options.out / f"from_{start}"
        costs = fit_twice(model, batches, plan, folder, patches=40, stop_after=stop_after)
        if not costs["finished"]:
            return costs
        save_model(model, folder, processor())
        runs[start] = described(costs, model, parts, folder)
    best = max(runs, key=lambda start: runs[start]["validation"]["accuracy"]["value"])
    for file in FILES:
        shutil.copyfile(options.out / f"from_{best}" / file, options.out / file)
    both = {start: {part: run[part]["accuracy"] for part in ("validation", "test")} for start, run in runs.items()}
    curves = {start: run["training"]["curve"] for start, run in runs.items()}
    return report({**runs[best], "start": best, "starts": both, "curves": curves}, options.out)


if __name__ == "__main__":
    run(main)
