"""What the recipes for pictures share: reading and splitting, augmentation, small models that start well, measuring.

The loop, its schedule, its state on disk and its progress are those of `training.py`. Pictures are kept at the size
that the model sees, as bytes; each batch is distorted, coloured and mixed anew while it is made, with PyTorch alone.
"""

from __future__ import annotations

import csv
import io
import json
import math
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from training import Plan, RecipeError, both_costs, grouped_split, report, save_model, settings, share, train

FILES = ("model.safetensors", "config.json", "preprocessor_config.json")
FASHION_PLAN = Plan(epochs=110, learning_rate=1e-3, tokens_a_batch=64, weight_decay=0.05)  # 64 pictures a batch
LAST_PASSES = 12  # with all patches, unmixed pictures and small steps: what the model will meet when it is used
COARSE = 0.35  # share of the passes in which pictures are halved: a quarter of the work, and most of what is learned
HELD_OUT = {"test": 1000, "validation": 500}


@dataclass(frozen=True)
class Pictures:
    """Pictures with their classes, and a group each: what belongs together (look-alikes, one photographer's)."""

    images: list  # of PIL images
    labels: list[int]
    names: list[str]  # the classes, by number
    groups: list
    files: list[str]  # what a picture is called in its source


# ---------------------------------------------------------------- reading


def read_fashion(data: Path) -> Pictures:
    """The Fashion-MNIST pictures below the folder `data`: greyscale, 28x28."""
    from PIL import Image

    path = data / "images" / "fashion_mnist_train12k.npz"
    with _opened(path, lambda: np.load(path, allow_pickle=False)) as arrays:
        images = [Image.fromarray(image) for image in arrays["images"]]
        labels, names = arrays["labels"].astype(int).tolist(), arrays["label_names"].tolist()
    return Pictures(images, labels, names, look_alikes(images, 0.99), [str(row) for row in range(len(images))])


def read_flowers(data: Path) -> Pictures:
    """The photographs of flowers below the folder `data`: RGB, 64x64, grouped by photographer and by looks."""
    from PIL import Image

    path = data / "images" / "flowers64_train.tar"
    with _opened(path, lambda: tarfile.open(path)) as archive:
        pictures = {
            member.name: Image.open(io.BytesIO(archive.extractfile(member).read())).convert("RGB")
            for member in archive
            if member.isfile()
        }
    files, images = list(pictures), list(pictures.values())
    photographers = {f"{row['class']}/{row['file']}": row["photographer"] for row in attributions(data)}
    kinds = [file.split("/")[0] for file in files]
    names = sorted(set(kinds))
    groups = joined(look_alikes(images, 0.93), [f"{photographers[file]}" for file in files])
    return Pictures(images, [names.index(kind) for kind in kinds], names, groups, files)


def attributions(data: Path) -> list[dict]:
    """Who took which photograph, under which licence: one row a photograph, as the licence asks to be kept."""
    path = data / "images" / "flowers_ATTRIBUTION.tsv"
    with _opened(path, lambda: path.open(encoding="utf8", newline="")) as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def _opened(path: Path, opener: Callable):
    if not path.is_file():
        raise RecipeError(
            f"There is no training data {path.name} in {path.parent}: say where it lies with --data FOLDER, "
            "or try the recipe on pictures drawn by code with --quick."
        )
    try:
        return opener()
    except (OSError, ValueError, tarfile.TarError) as error:
        raise RecipeError(f"{path} cannot be read ({error}); fetch the file again.") from error


def drawn(kinds: int, size: int, mode: str, seed: int = 0) -> Pictures:
    """A few pictures drawn by code, for --quick: each kind has its own shape and brightness (or colour)."""
    from PIL import Image, ImageDraw

    chance = np.random.default_rng(seed)
    images, labels = [], []
    for row in range(12 * kinds):
        kind = row % kinds
        shade = 90 + 160 * kind // kinds
        colour = shade if mode == "L" else (shade, 250 - shade // 2, 60 * (kind % 4))
        image = Image.new(mode, (size, size))
        left, top = chance.integers(0, size // 3, 2).tolist()
        draw = (ImageDraw.Draw(image).ellipse, ImageDraw.Draw(image).rectangle)[kind % 2]
        draw((left, top, left + size // 3 + kind, top + size // 2), fill=colour)
        images.append(image)
        labels.append(kind)
    return Pictures(
        images, labels, [f"kind {kind}" for kind in range(kinds)], list(range(len(images))), [""] * len(images)
    )


# ---------------------------------------------------------------- splits


def look_alikes(images: Sequence, threshold: float) -> list[int]:
    """A group number for each picture: those whose correlation is above the threshold, mirrored or not, share it.

    Compared are greyscale versions of 16x16 pixels. Groups grow along chains: if A is like B and B like C, all are one.
    """
    small = np.stack([np.asarray(image.convert("L").resize((16, 16)), dtype=np.float32) for image in images])
    mirrored = small[:, :, ::-1]

    def normed(pictures):
        flat = pictures.reshape(len(pictures), -1)
        flat = flat - flat.mean(1, keepdims=True)
        return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)

    left, right = normed(small), normed(mirrored)
    parent = list(range(len(images)))
    for start in range(0, len(left), 1000):
        rows = left[start : start + 1000]
        for row, other in np.argwhere(np.maximum(rows @ left.T, rows @ right.T) > threshold):
            parent[_root(parent, start + int(row))] = _root(parent, int(other))
    return [_root(parent, row) for row in range(len(images))]


def joined(one: Sequence, other: Sequence) -> list[int]:
    """Groups that keep together whatever shares a group in `one` or in `other`."""
    parent = list(range(len(one)))
    first: dict = {}
    for row, keys in enumerate(zip(one, other)):
        for key in enumerate(keys):
            parent[_root(parent, row)] = _root(parent, first.setdefault(key, row))
    return [_root(parent, row) for row in range(len(one))]


def _root(parent: list[int], row: int) -> int:
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


def split(pictures: Pictures, held_out: dict[str, int]) -> dict[str, Pictures]:
    """The parts "train" and those of `held_out`, no group on two sides; the same parts for every training seed."""
    parts = grouped_split(pictures.groups, held_out, seed=0)

    def part(rows: list[int]) -> Pictures:
        fields = (pictures.images, pictures.labels, pictures.groups, pictures.files)
        images, labels, groups, files = ([field[row] for row in rows] for field in fields)
        return Pictures(images, labels, pictures.names, groups, files)

    return {name: part(rows) for name, rows in parts.items()}


# ---------------------------------------------------------------- augmentation


@dataclass(frozen=True)
class Augmentation:
    """How far a training picture may be changed. Shifts are shares of the picture's side."""

    degrees: float = 5.0
    zoom: tuple[float, float] = (0.9, 1.12)  # above 1: closer
    stretch: float = 1.06  # one side against the other
    shift: float = 0.06
    colour: float = 0.0  # saturation and tint, by this share
    light: float = 0.15  # brightness and contrast, by this share
    padding: str = "zeros"  # what is seen beyond the edge: "zeros" (black) or "reflection"
    mixed: float = 0.15  # share of the batches in which pictures are mixed in pairs
    mirrored: bool = True  # half of the pictures


def distort(pixels, how: Augmentation):
    """The pictures (n, channels, height, width) each turned, zoomed, stretched, shifted and perhaps mirrored."""
    import torch

    count = len(pixels)

    def uniform(low: float, high: float):
        return torch.empty(count).uniform_(low, high)

    angle = uniform(-how.degrees, how.degrees) * math.pi / 180
    size = torch.exp(-uniform(math.log(how.zoom[0]), math.log(how.zoom[1])))
    stretch = torch.exp(uniform(-math.log(how.stretch), math.log(how.stretch)) / 2)
    mirror = 1 - 2 * (torch.rand(count) < 0.5 * how.mirrored).float()
    across, down = size * stretch, size / stretch
    rows = [
        torch.stack([angle.cos() * across * mirror, -angle.sin() * down, 2 * uniform(-how.shift, how.shift)], 1),
        torch.stack([angle.sin() * across * mirror, angle.cos() * down, 2 * uniform(-how.shift, how.shift)], 1),
    ]
    grid = torch.nn.functional.affine_grid(torch.stack(rows, 1), list(pixels.shape), align_corners=False)
    return torch.nn.functional.grid_sample(pixels, grid, padding_mode=how.padding, align_corners=False)


def recolour(pixels, how: Augmentation):
    """The pictures (values 0 to 1) with another brightness, contrast and, where there are three colours, tint."""
    import torch

    def factor(amount: float, channels: int = 1):
        return 1 + amount * (2 * torch.rand(len(pixels), channels, 1, 1) - 1)

    if how.colour:
        grey = pixels.mean(1, keepdim=True)
        pixels = (grey + (pixels - grey) * factor(2 * how.colour)) * factor(how.colour / 2, pixels.shape[1])
    if how.light:
        middle = pixels.mean((1, 2, 3), keepdim=True)
        pixels = (middle + (pixels - middle) * factor(how.light)) * factor(how.light)
    return pixels.clamp(0, 1)


def mix(pixels, targets):
    """Pairs of pictures, with their targets: blended (mixup), or one with a window cut from the other (CutMix).

    Sources: Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization"; Yun et al. 2019, "CutMix".
    """
    import torch

    partner = torch.randperm(len(pixels))
    if torch.rand(()) < 0.4:
        kept = torch.distributions.Beta(0.4, 0.4).sample()
        kept = torch.maximum(kept, 1 - kept)
        pixels = kept * pixels + (1 - kept) * pixels[partner]
    else:
        height, width = pixels.shape[-2:]
        side = torch.sqrt(torch.rand(()) * 0.6)
        tall, wide = int(side * height), int(side * width)
        top, left = int(torch.randint(height - tall + 1, ())), int(torch.randint(width - wide + 1, ()))
        pixels = pixels.clone()
        pixels[:, :, top : top + tall, left : left + wide] = pixels[partner, :, top : top + tall, left : left + wide]
        kept = 1 - tall * wide / (height * width)
    return pixels, kept * targets + (1 - kept) * targets[partner]


class Batches:
    """Makes the model's inputs from row numbers: `training` ones with augmentation, `plain` ones without."""

    def __init__(self, pictures: Pictures, processor, how: Augmentation):
        import torch

        self.how = how
        self.halved = False
        # The processor resizes and turns into RGB, so that training sees what a learner's pipeline will see.
        resized = processor(pictures.images, do_rescale=False, do_normalize=False, return_tensors="pt")["pixel_values"]
        self.pixels = resized.round().clamp(0, 255).to(torch.uint8)
        if bool((self.pixels == self.pixels[:, :1]).all()):
            self.pixels = self.pixels[:, :1]  # greyscale: one channel while augmenting is enough
        self.mean = torch.tensor(processor.image_mean).view(1, -1, 1, 1)
        self.deviation = torch.tensor(processor.image_std).view(1, -1, 1, 1)
        self.labels = torch.tensor(pictures.labels)
        self.classes = len(pictures.names)

    def __len__(self) -> int:
        return len(self.labels)

    def training(self, rows: list[int]) -> dict:
        """Augmented "pixel_values", and "labels" as one share a class."""
        import torch

        pixels = recolour(distort(self.pixels[rows].float() / 255, self.how), self.how)
        targets = torch.nn.functional.one_hot(self.labels[rows], self.classes).float()
        if torch.rand(()) < self.how.mixed:
            pixels, targets = mix(pixels, targets)
        if self.halved:
            pixels = torch.nn.functional.avg_pool2d(pixels, 2)
        return {"pixel_values": self.normalised(pixels), "labels": targets}

    def normalised(self, pixels):
        """Pixels from 0 to 1, in three channels, as the model wants them."""
        return (pixels.expand(-1, 3, -1, -1) - self.mean) / self.deviation

    def logits(self, model, rows: Sequence[int] | None = None, halved: bool = False):
        """The model's logits (pictures, classes) for the pictures as they are, or halved."""
        import torch

        rows = list(range(len(self))) if rows is None else list(rows)
        device = next(model.parameters()).device
        found = []
        with torch.inference_mode():
            for start in range(0, len(rows), 200):
                pixels = self.pixels[rows[start : start + 200]].float() / 255
                if halved:
                    pixels = torch.nn.functional.avg_pool2d(pixels, 2)
                found.append(logits_of(model, self.normalised(pixels).to(device)).float().cpu())
        return torch.cat(found)


# ---------------------------------------------------------------- models


def small_vit(names: Sequence[str], image_size: int, patch_size: int):
    """A ViT of 0.6 M parameters that sees 8x8 patches, set up so that it learns from few pictures.

    A ViT knows nothing of space: which patches are neighbours has to be learned, or put in at the start. Here the
    positions begin as sines and cosines, and each attention layer begins close to "attend to what is like me, at a
    place like mine" (Trockman and Kolter 2023, "Mimetic Initialization of Self-Attention Layers"). [CLS] would then
    attend to itself alone, so it begins along a direction that queries and keys do not see, and looks at everything.
    """
    import torch
    from transformers import ViTConfig, ViTForImageClassification

    config = ViTConfig(
        image_size=image_size,
        patch_size=patch_size,
        hidden_size=128,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=256,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        **labelled(names),
    )
    model = ViTForImageClassification(config)
    embeddings = model.vit.embeddings
    with torch.no_grad():
        projection = embeddings.patch_embeddings.projection.weight
        projection.normal_(std=1 / math.sqrt(projection[0].numel()))
        embeddings.position_embeddings[0, 1:] = 1.5 * waves(image_size // patch_size, config.hidden_size)
        hidden = torch.randn(config.hidden_size)
        hidden = torch.nn.functional.normalize(hidden - hidden.mean(), dim=0)
        embeddings.cls_token.copy_(math.sqrt(config.hidden_size) * hidden)
        embeddings.position_embeddings[0, 0] = 0
        for layer in model.vit.layers:
            mimetic(layer.attention, hidden)
    return model


def labelled(names: Sequence[str]) -> dict:
    """A configuration's names of the classes."""
    return {"id2label": dict(enumerate(names)), "label2id": {name: number for number, name in enumerate(names)}}


def waves(side: int, size: int):
    """Positions on a side x side grid as `size` sines and cosines: half of them of the row, half of the column."""
    import torch

    frequencies = 1 / 100 ** (torch.arange(size // 4) / (size // 4))
    angles = torch.arange(side)[:, None] * frequencies
    line = torch.cat([angles.sin(), angles.cos()], 1)
    return torch.cat([line.repeat_interleave(side, 0), line.repeat(side, 1)], 1)


def mimetic(attention, unseen) -> None:
    """Sets queries times keys near the identity, save for one direction, and values times output near minus it."""
    import torch

    size, heads, head = attention.q_proj.in_features, attention.num_attention_heads, attention.head_dim
    eye = torch.eye(size)
    seen = eye - torch.outer(unseen, unseen)

    def halves(matrix, rank: int):
        left, scale, right = torch.linalg.svd(matrix)
        root = scale[:rank].sqrt()
        return left[:, :rank] * root, right[:rank].T * root

    def noise():
        return torch.randn(size, size) / math.sqrt(size)

    for number in range(heads):
        rows = slice(number * head, (number + 1) * head)
        query, key = halves(0.7 * noise() + 0.7 * eye, head)
        attention.q_proj.weight[rows], attention.k_proj.weight[rows] = query.T @ seen, key.T @ seen
    value, output = halves(0.4 * noise() - 0.4 * eye, size)
    attention.v_proj.weight.copy_(value.T)
    attention.o_proj.weight.copy_(output)


def grown(weights, side: int):
    """A patch embedding's weights (size, 3, p, p) for patches of `side` pixels that give the same as before.

    A patch enlarged by linear interpolation, times the new weights, is the small patch times the old ones: the
    pseudo-inverse of the enlargement does that (Beyer et al. 2023, "FlexiViT: One Model for All Patch Sizes").
    """
    import torch

    old = weights.shape[-1]
    each = torch.eye(old * old).view(-1, 1, old, old)
    enlarged = torch.nn.functional.interpolate(each, size=(side, side), mode="bilinear", align_corners=False)
    back = torch.linalg.pinv(enlarged.view(old * old, -1))
    return (weights.flatten(2) @ back.T).view(*weights.shape[:2], side, side)


def started_from(folder: Path, names: Sequence[str], image_size: int, patch_size: int):
    """The small ViT stored in `folder`, with a new head for these classes and patches of another size where needed."""
    from transformers import ViTForImageClassification

    path = folder / "model.safetensors"
    if not path.is_file():
        raise RecipeError(f"There is no {path}: make it first with `python recipes/vit_fashion.py`.")
    old = ViTForImageClassification.from_pretrained(str(folder)).state_dict()
    patches = "vit.embeddings.patch_embeddings.projection.weight"
    old[patches] = grown(old[patches], patch_size)
    model = small_vit(names, image_size, patch_size)
    body = {name: weight for name, weight in old.items() if not name.startswith("classifier")}
    model.load_state_dict({**model.state_dict(), **body})
    return model


def drop_patches(model, kept: int) -> Callable[[], None]:
    """Lets the ViT see only `kept` patches of each picture, chosen by chance, while it trains; returns the way back.

    Less work a picture, and no patch to lean on (Liu et al. 2023, "PatchDropout"). Halved pictures have few enough.
    """
    import torch

    def choose(module, inputs, output):
        count, patches, size = len(output), output.shape[1] - 1, output.shape[2]
        if not module.training or patches <= kept:
            return output
        chosen = torch.rand(count, patches, device=output.device).argsort(1)[:, :kept] + 1
        rows = torch.cat([torch.zeros_like(chosen[:, :1]), chosen], 1)  # [CLS] stays
        return output.gather(1, rows[..., None].expand(-1, -1, size))

    return model.vit.embeddings.register_forward_hook(choose).remove


# ---------------------------------------------------------------- training


def logits_of(model, pixels):
    """The model's logits; a ViT's positions are interpolated where pictures are smaller than it was made for."""
    smaller = pixels.shape[-1] < model.config.image_size
    extra = {"interpolate_pos_encoding": True} if smaller and model.config.model_type == "vit" else {}
    return model(pixel_values=pixels, **extra).logits


def soft_loss(model, inputs: dict):
    """Cross entropy against shares of classes, a tenth of each spread over all (label smoothing)."""
    import torch

    logits = logits_of(model, inputs["pixel_values"])
    return torch.nn.functional.cross_entropy(logits.float(), inputs["labels"], label_smoothing=0.1)


class Curve:
    """Accuracy and loss on the validation part as training goes on, kept in a file of JSON lines."""

    def __init__(self, path: Path, validation: Batches, training: Batches, every: int):
        self.path, self.validation, self.training, self.every = path, validation, training, every
        self.epoch = 0

    def __call__(self, model) -> str:
        """Measures after an epoch, if it is this epoch's turn, on pictures of the size that this epoch trains on."""
        import torch

        if self.epoch % self.every:
            return "not measured"
        line = {"epoch": self.epoch, "pictures": self.epoch * len(self.training), "halved": self.training.halved}
        rows = range(min(500, len(self.training)))
        for name, batches, chosen in (("validation", self.validation, None), ("training", self.training, rows)):
            logits = batches.logits(model, chosen, self.training.halved)
            labels = batches.labels[: len(logits)]
            line[f"{name}_accuracy"] = round(float((logits.argmax(1) == labels).float().mean()), 4)
            line[f"{name}_loss"] = round(float(torch.nn.functional.cross_entropy(logits, labels)), 4)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf8") as file:
            file.write(json.dumps(line) + "\n")
        return f"validation {line['validation_accuracy']:.3f}, training {line['training_accuracy']:.3f}"

    def lines(self) -> list[dict]:
        """What was measured, by epoch; of an epoch that was repeated after a stop, the last."""
        lines = [json.loads(line) for line in self.path.read_text(encoding="utf8").splitlines()]
        return sorted({line["epoch"]: line for line in lines}.values(), key=lambda line: line["epoch"])


def fit(
    model,
    batches: dict[str, Batches],
    plan: Plan,
    folder: Path,
    loss_of: Callable = soft_loss,
    stop_after: int | None = None,
    coarse: float = COARSE,
) -> dict:
    """Trains on batches["train"], following the validation part; returns what it cost and the curve.

    In the first `coarse` of the passes pictures are halved.
    """
    curve = Curve(folder / "curve.jsonl", batches["validation"], batches["train"], max(1, plan.epochs // 40))

    def rows(epoch: int) -> range:
        curve.epoch = epoch + 1
        batches["train"].halved = epoch < round(coarse * plan.epochs)
        return range(len(batches["train"]))

    costs = train(
        model,
        rows,
        plan,
        folder,
        curve,
        loss_of,
        stop_after,
        batch_of=batches["train"].training,
        size_of=lambda row: 1,
        unit="pictures",
        keep_epochs=False,
    )
    return {**costs, "curve": curve.lines()} if costs["finished"] else costs


def fit_twice(
    model, batches: dict[str, Batches], plan: Plan, folder: Path, patches: int | None, stop_after: int | None = None
) -> dict:
    """The training by `plan`, a ViT seeing so many `patches`; then the last passes, as the model will be used.

    The model is left as it was before or after the last passes, whichever reads the validation part better.
    """
    see_all = drop_patches(model, patches) if patches else lambda: None
    costs = fit(model, batches, plan, folder / "training", stop_after=stop_after)
    if not costs["finished"]:
        return costs
    see_all()
    before = {name: weight.detach().clone() for name, weight in model.state_dict().items()}
    accuracy = plain_accuracy(model, batches["validation"])
    last = replace(plan, epochs=min(LAST_PASSES, plan.epochs), learning_rate=0.3 * plan.learning_rate)
    pictures = batches["train"]
    how, pictures.how = pictures.how, replace(pictures.how, mixed=0.0)
    costs = both_costs(costs, fit(model, batches, last, folder / "last", coarse=0))
    pictures.how = how
    if accuracy > plain_accuracy(model, batches["validation"]):
        model.load_state_dict(before)
    return costs


def plain_accuracy(model, batches: Batches) -> float:
    """The share of pictures, as they are, that the model names rightly."""
    return float((batches.logits(model.eval()).argmax(1) == batches.labels).float().mean())


# ---------------------------------------------------------------- measuring


def predictions(folder: Path, images: Sequence) -> np.ndarray:
    """Probabilities (pictures, classes) from the stored checkpoint, loaded as a learner would load it."""
    import torch
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    processor = AutoImageProcessor.from_pretrained(str(folder), backend="pil")
    model = AutoModelForImageClassification.from_pretrained(str(folder)).eval()
    found = []
    with torch.inference_mode():
        for start in range(0, len(images), 100):
            inputs = processor(images[start : start + 100], return_tensors="pt")
            found.append(model(**inputs).logits.softmax(-1).numpy())
    return np.concatenate(found)


def measured(folder: Path, part: Pictures) -> dict:
    """Accuracy with its interval, confusions (rows: the class; columns: what came out), and the surest mistakes."""
    found = predictions(folder, part.images)
    best, labels = found.argmax(1), np.array(part.labels)
    confusions = np.zeros((len(part.names), len(part.names)), dtype=int)
    np.add.at(confusions, (labels, best), 1)
    wrong = sorted(np.flatnonzero(best != labels), key=lambda row: -found[row, best[row]])
    return {
        "accuracy": share((best == labels).tolist()),
        "names": part.names,
        "confusions": confusions.tolist(),
        "surest_mistakes": [
            {
                "file": part.files[row],
                "is": part.names[labels[row]],
                "taken_for": part.names[best[row]],
                "probability": round(float(found[row, best[row]]), 3),
            }
            for row in wrong[:24]
        ],
        "mean_probability": round(float(found.max(1).mean()), 4),
    }


# ---------------------------------------------------------------- Fashion-MNIST: two models, one budget


def fashion(
    name: str,
    description: str,
    model_of: Callable,
    processor,
    argv=None,
    stop_after: int | None = None,
    patches: int | None = None,
) -> dict:
    """Trains and measures a model on Fashion-MNIST: the same pictures, augmentation, passes and batches for each.

    `model_of(names)` gives the model; of a ViT only so many `patches` are seen, but in the last passes all. Returns the
    metrics, or what was done when stopped.
    """
    options, plan = settings(name, description, FASHION_PLAN, argv, quick_batch=16)
    if options.quick:
        parts = split(drawn(10, 28, "L"), {"test": 20, "validation": 20})
    else:
        parts = split(read_fashion(options.data), HELD_OUT)
    batches = {part: Batches(parts[part], processor, Augmentation()) for part in ("train", "validation")}
    model = model_of(parts["train"].names)
    costs = fit_twice(model, batches, plan, options.out, patches, stop_after)
    if not costs["finished"]:
        return costs
    save_model(model, options.out, processor)
    return report(described(costs, model, parts, options.out), options.out)


def described(costs: dict, model, parts: dict[str, Pictures], folder: Path) -> dict:
    """The metrics of a finished training: its costs and curve, the model's size, the quality of what was stored."""
    return {
        "training": costs,
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "sizes": {name: len(part.labels) for name, part in parts.items()},
        **{name: measured(folder, parts[name]) for name in ("validation", "test")},
    }
