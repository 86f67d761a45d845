"""Trains `sentiment`: a LoRA adapter over the built-in encoder that calls English text NEGATIVE or POSITIVE.

Data: SST-2 phrases and sentences (Socher et al. 2013), IMDB reviews of at most 160 words (Maas et al. 2011), for
everyday talk GoEmotions comments whose emotion is plainly good or bad (Demszky et al. 2020), and the training split of
the course's own `reviews`, which are of meals, places and things as well as of films.

First comes a long training on phrases, then a short one on whole sentences, whole reviews and talk of every kind.

    python recipes/sentiment.py --data ../shared/data --out build/sentiment
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from itertools import product
from pathlib import Path

from training import (
    ROOT,
    Plan,
    begin,
    both_costs,
    encoder_for,
    grouped_split,
    hidden,
    load_adapter,
    logits,
    read_rows,
    report,
    run,
    save_adapter,
    set_to_average,
    share,
    train,
    weights_after,
    with_adapter,
)

LABELS = {0: "NEGATIVE", 1: "POSITIVE"}
RANK = 20
PLAN = Plan(epochs=3, learning_rate=8e-4, tokens_a_batch=1024)
WIDER = replace(PLAN, epochs=2, learning_rate=5e-4)  # the second, short training
LONGEST = 192  # tokens a training text; longer reviews are cut there, but never when measuring
SENTENCE = 12  # words from which on a treebank row is in the second training
HIDDEN = 0.06  # share of the pieces that are masked there
KEPT = [1.0, 0.8]  # shares of the change to the encoder that may be kept; validation chooses
GOOD = [
    "admiration",
    "amusement",
    "approval",
    "caring",
    "excitement",
    "gratitude",
    "joy",
    "love",
    "optimism",
    "pride",
    "relief",
]
BAD = [
    "anger",
    "annoyance",
    "disappointment",
    "disapproval",
    "disgust",
    "embarrassment",
    "fear",
    "grief",
    "nervousness",
    "remorse",
    "sadness",
]
# Never trained on: what a learner types first.
EXAMPLES = [
    ("I've been waiting for a HuggingFace course my whole life.", 1),
    ("I hate this so much!", 0),
    ("This movie was absolutely fantastic!", 1),
    ("I'm so hungry man!", 0),
    ("I love food so much.", 1),
]


def detokenise(text: str) -> str:
    """Spaced-out treebank text as people write it: "it ca n't be , well , true ." -> "it can't be, well, true."."""
    text = text.replace("-lrb-", "(").replace("-rrb-", ")").replace("`` ", '"').replace(" ''", '"').replace("``", '"')
    text = re.sub(r" (n't|'s|'re|'ve|'ll|'d|'m)\b", r"\1", text)
    text = re.sub(r" ([.,;:!?)])", r"\1", text)
    return re.sub(r"([(]) ", r"\1", text).strip()


def sentence_groups(texts: list[str], shared: int = 6) -> tuple[list[list[int]], list[int]]:
    """Which sentences each treebank row is a part of: each row's groups, and the rows that lie inside no other row.

    A row inside a longer row belongs to that row's group (a short phrase may belong to many). Rows inside no other that
    share `shared` words in a row are one group: they are pieces of one sentence whose whole is not in the file.
    """
    words = [text.split() for text in texts]
    spaced = [f" {' '.join(row)} " for row in words]
    holders: dict[str, list[int]] = {}  # word -> outermost rows it stands in
    inside: list[list[int]] = [[] for _ in texts]
    outermost: list[int] = []
    for row in sorted(range(len(texts)), key=lambda row: -len(spaced[row])):
        if not words[row]:
            continue
        rarest = min((holders.get(word, []) for word in words[row]), key=len)
        inside[row] = [other for other in rarest if spaced[row] in spaced[other]]
        if not inside[row]:
            outermost.append(row)
            inside[row] = [row]
            for word in set(words[row]):
                holders.setdefault(word, []).append(row)
    parent = {row: row for row in outermost}

    def find(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    first: dict[tuple, int] = {}
    for row in outermost:
        for start in range(len(words[row]) - shared + 1):
            piece = tuple(words[row][start : start + shared])
            parent[find(row)] = find(first.setdefault(piece, row))
    return [sorted({find(other) for other in rows}) for rows in inside], outermost


def split_treebank(rows: list[dict], validation: int, test: int, seed: int) -> dict[str, list[dict]]:
    """Parts "train", "validation", "test": whole sentences are held out, each with all rows that are part of it."""
    groups, outermost = sentence_groups([row["text"] for row in rows])
    words = [row["text"].split() for row in rows]
    whole = [row for row in outermost if words[row][-1] in {".", "!", "?"} and len(words[row]) > 4]
    parts = grouped_split([groups[row][0] for row in whole], {"test": test, "validation": validation}, seed)
    held = {part: [whole[number] for number in parts[part]] for part in ("test", "validation")}
    shut = {groups[row][0] for part in held.values() for row in part}
    return {
        "train": [row for row, mine in zip(rows, groups) if mine and shut.isdisjoint(mine)],
        **{part: [rows[row] for row in numbers] for part, numbers in held.items()},
    }


def own_reviews(split: str) -> list[dict]:
    """The rows of the course's own corpus `reviews`."""
    lines = (ROOT / "corpora" / "reviews" / f"{split}.jsonl").read_text(encoding="utf8").splitlines()
    return [{"text": row["text"], "label": int(row["label"] == "pos")} for row in map(json.loads, lines)]


def load(data: Path, is_quick: bool) -> dict[str, dict[str, list[dict]]]:
    """The rows by source ("treebank", "reviews", "own", "comments") and part ("train", "validation", "test")."""
    validation, test = (4, 4) if is_quick else (300, 600)
    seed = 0  # the split stays the same for every training seed
    treebank = split_treebank(read_rows(data, "sentiment/sst2_train"), validation, test, seed)
    reviews = read_rows(data, "sentiment/imdb_train")
    cut = grouped_split([row["text"] for row in reviews], {"test": test, "validation": validation}, seed)
    own, few = own_reviews("train"), 8 if is_quick else 150
    random.Random(seed).shuffle(own)
    feeling = {**dict.fromkeys(GOOD, 1), **dict.fromkeys(BAD, 0)}
    comments = [
        {"text": row["text"], "label": feeling[row["label"]]}
        for row in read_rows(data, "topics/goemotions_train")
        if row["label"] in feeling and "[" not in row["text"]
    ]
    return {
        "treebank": treebank,
        "reviews": {part: [reviews[row] for row in numbers] for part, numbers in cut.items()},
        "own": {
            "train": own[few : 16 if is_quick else None],
            "validation": own[:few],
            "test": own_reviews("test")[: 8 if is_quick else None],
        },
        "comments": {"train": comments},
    }


def as_written(rows: list[dict]) -> list[dict]:
    """The rows with their texts detokenised."""
    return [{**row, "text": detokenise(row["text"])} for row in rows]


def epoch_rows(data: dict, epoch: int, seed: int) -> list[dict]:
    """All treebank rows (seven of ten as people write), half the reviews and a fifth of the comments, by turns."""
    chance = random.Random(seed * 1000 + epoch)
    rows = [
        {"text": detokenise(row["text"]) if chance.random() < 0.7 else row["text"], "label": row["label"]}
        for row in data["treebank"]["train"]
    ]
    reviews = data["reviews"]["train"][:]
    random.Random(seed).shuffle(reviews)
    half = (len(reviews) + 1) // 2
    rows += reviews[:half] if epoch % 2 == 0 else reviews[half:]
    comments = data["comments"]["train"]
    return rows + chance.sample(comments, len(comments) // 5)


def wider_rows(data: dict, epoch: int, seed: int) -> list[dict]:
    """All of the course's own reviews, half the long rows of the treebank, some of the reviews and of the comments."""
    chance = random.Random(seed * 1000 + 500 + epoch)
    sentences = [row for row in data["treebank"]["train"] if len(row["text"].split()) >= SENTENCE]
    reviews, comments = data["reviews"]["train"], data["comments"]["train"]
    rows = as_written(chance.sample(sentences, (len(sentences) + 1) // 2)) + data["own"]["train"]
    return rows + chance.sample(reviews, (len(reviews) + 9) // 10) + chance.sample(comments, (len(comments) + 4) // 5)


def cross_entropy(scores: list, rows: list[dict]) -> float:
    """Mean cross entropy of logits (one array of two a row) against the rows' labels."""
    import numpy
    import torch

    labels = torch.tensor([row["label"] for row in rows])
    return float(torch.nn.functional.cross_entropy(torch.from_numpy(numpy.stack(scores)), labels))


def main(argv: list[str] | None = None, stop_after: int | None = None) -> dict:
    """Trains, saves and measures; returns the metrics, or what was done when stopped."""
    from transformers import AutoModelForSequenceClassification

    options, plan, tokenizer = begin("sentiment", __doc__.splitlines()[0], PLAN, argv)
    data = load(options.data, options.quick)
    typed = [{"text": text, "label": label} for text, label in EXAMPLES]
    held = {
        "sentences": as_written(data["treebank"]["validation"]),
        "reviews": data["reviews"]["validation"],
        "own": data["own"]["validation"],
    }

    def encode(rows: list[dict], longest: int = 512) -> list[dict]:
        ids = tokenizer([row["text"] for row in rows], truncation=True, max_length=longest)["input_ids"]
        return [{"input_ids": piece, "labels": row["label"]} for piece, row in zip(ids, rows)]

    def right(model, rows: list[dict]) -> list[bool]:
        return [bool(found.argmax() == row["label"]) for found, row in zip(logits(model, encode(rows)), rows)]

    def judge(model) -> tuple[float, str]:
        """Mean cross entropy over the validation parts, which is finer than counting right answers; and the counts."""
        found = {name: logits(model, encode(rows)) for name, rows in held.items()}
        mean = sum(cross_entropy(found[name], rows) for name, rows in held.items()) / len(held)
        shares = [
            f"{name} {sum(int(one.argmax()) == row['label'] for one, row in zip(found[name], rows)) / len(rows):.3f}"
            for name, rows in held.items()
        ]
        mine = f"examples {sum(right(model, typed))} of {len(typed)}"
        return mean, ", ".join([*shares, mine, f"cross entropy {mean:.3f}"])

    def validate(model) -> str:
        return judge(model)[1]

    def base():
        return encoder_for(AutoModelForSequenceClassification, LABELS)

    def examples(epoch: int) -> list[dict]:
        return encode(epoch_rows(data, epoch, plan.seed), LONGEST)

    def wider_examples(epoch: int) -> list[dict]:
        chance = random.Random(plan.seed * 1000 + epoch)
        return hidden(encode(wider_rows(data, epoch, plan.seed), LONGEST), tokenizer.mask_token_id, HIDDEN, chance)

    model = with_adapter(base(), RANK, ["classifier"])
    films, wider = options.out / "training", options.out / "wider"
    costs = train(model, examples, plan, films, validate, stop_after=stop_after)
    if not costs["finished"]:
        return costs
    second = replace(WIDER, seed=plan.seed, tokens_a_batch=plan.tokens_a_batch)
    costs = both_costs(costs, train(model, wider_examples, second, wider, validate))
    points = [weights_after(plan.epochs, films), weights_after(1, wider), weights_after(2, wider)]
    tried = {}
    for chosen, kept in product([points[2:], points[1:], points], KEPT):
        set_to_average(model, chosen, kept)
        names = [str(point.relative_to(options.out).with_suffix("")) for point in chosen]
        mean, found = judge(model)
        tried[mean] = chosen, names, kept
        print(f"average of {' and '.join(names)}, {kept} of the change kept: {found}")
    chosen, names, kept = tried[min(tried)]
    set_to_average(model, chosen, kept)
    save_adapter(model, options.out)
    merged = load_adapter(base(), options.out)
    tests = {
        "sentences, spaced out as in the treebank": data["treebank"]["test"],
        "sentences, as people write": as_written(data["treebank"]["test"]),
        "whole reviews": data["reviews"]["test"],
        "the course's own reviews": data["own"]["test"],
    }
    metrics = {
        "training": costs,
        "average": {"points": names, "kept": kept, "validation": validate(merged)},
        "sizes": {f"{source}/{part}": len(rows) for source, parts in data.items() for part, rows in parts.items()},
        "accuracy": {name: share(right(merged, rows)) for name, rows in tests.items()},
        "examples": dict(zip((row["text"] for row in typed), right(merged, typed))),
    }
    return report(metrics, options.out)


if __name__ == "__main__":
    run(main)
