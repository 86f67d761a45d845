"""Trains `sentiment`: a LoRA adapter over the built-in encoder that calls English text NEGATIVE or POSITIVE.

Data: SST-2 phrases and sentences (Socher et al. 2013), IMDB reviews of at most 160 words (Maas et al. 2011), and, for
everyday talk, GoEmotions comments whose emotion is plainly good or bad (Demszky et al. 2020).

    python recipes/sentiment.py --data ../shared/data --out build/sentiment
"""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path

from training import (
    Plan,
    adapter_weights,
    begin,
    both_costs,
    encoder_for,
    grouped_split,
    load_adapter,
    logits,
    read_rows,
    report,
    run,
    save_adapter,
    share,
    soften,
    train,
    with_adapter,
)

LABELS = {0: "NEGATIVE", 1: "POSITIVE"}
RANK = 20
PLAN = Plan(epochs=3, learning_rate=8e-4, tokens_a_batch=1024)
EVERYDAY = replace(PLAN, epochs=1, learning_rate=3e-4)  # a last, short pass for talk that is not about films
KEPT = 0.7  # of the change to the encoder; of 0.4 to 1, the lowest cross entropy on the validation sentences
LONGEST = 192  # tokens a training text; longer reviews are cut there, but never when measuring
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


def load(data: Path, is_quick: bool) -> dict[str, dict[str, list[dict]]]:
    """The rows by source ("treebank", "reviews", "comments") and part ("train", "validation", "test")."""
    validation, test = (4, 4) if is_quick else (300, 600)
    seed = 0  # the split stays the same for every training seed
    treebank = split_treebank(read_rows(data, "sentiment/sst2_train"), validation, test, seed)
    reviews = read_rows(data, "sentiment/imdb_train")
    cut = grouped_split([row["text"] for row in reviews], {"test": test, "validation": validation}, seed)
    feeling = {**dict.fromkeys(GOOD, 1), **dict.fromkeys(BAD, 0)}
    comments = [
        {"text": row["text"], "label": feeling[row["label"]]}
        for row in read_rows(data, "topics/goemotions_train")
        if row["label"] in feeling and "[" not in row["text"]
    ]
    return {
        "treebank": treebank,
        "reviews": {part: [reviews[row] for row in numbers] for part, numbers in cut.items()},
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


def everyday_rows(data: dict, seed: int) -> list[dict]:
    """All comments, and of the treebank and the reviews just enough that they are not unlearnt."""
    chance = random.Random(seed)
    rows = as_written(chance.sample(data["treebank"]["train"], min(8000, len(data["treebank"]["train"]))))
    rows += chance.sample(data["reviews"]["train"], min(300, len(data["reviews"]["train"])))
    return rows + data["comments"]["train"]


def main(argv: list[str] | None = None, stop_after: int | None = None) -> dict:
    """Trains, saves and measures; returns the metrics, or what was done when stopped."""
    from transformers import AutoModelForSequenceClassification

    options, plan, tokenizer = begin("sentiment", __doc__.splitlines()[0], PLAN, argv)
    data = load(options.data, options.quick)
    typed = [{"text": text, "label": label} for text, label in EXAMPLES]

    def encode(rows: list[dict], longest: int = 512) -> list[dict]:
        ids = tokenizer([row["text"] for row in rows], truncation=True, max_length=longest)["input_ids"]
        return [{"input_ids": piece, "labels": row["label"]} for piece, row in zip(ids, rows)]

    def right(model, rows: list[dict]) -> list[bool]:
        return [bool(found.argmax() == row["label"]) for found, row in zip(logits(model, encode(rows)), rows)]

    def validate(model) -> str:
        sets = {
            "sentences": as_written(data["treebank"]["validation"]),
            "reviews": data["reviews"]["validation"],
            "examples": typed,
        }
        return ", ".join(f"{name} {sum(right(model, rows)) / len(rows):.3f}" for name, rows in sets.items())

    def base():
        return encoder_for(AutoModelForSequenceClassification, LABELS)

    model = with_adapter(base(), RANK, ["classifier"])
    costs = train(
        model,
        lambda epoch: encode(epoch_rows(data, epoch, plan.seed), LONGEST),
        plan,
        options.out / "training",
        validate,
        stop_after=stop_after,
    )
    if not costs["finished"]:
        return costs
    films = adapter_weights(model)
    everyday = replace(EVERYDAY, seed=plan.seed, tokens_a_batch=plan.tokens_a_batch)
    last = train(
        model,
        lambda epoch: encode(everyday_rows(data, plan.seed), LONGEST),
        everyday,
        options.out / "everyday",
        validate,
    )
    costs = both_costs(costs, last)
    soften(model, films, KEPT)
    print(f"averaged and softened: {validate(model)}")
    save_adapter(model, options.out)
    merged = load_adapter(base(), options.out)
    tests = {
        "sentences, spaced out as in the treebank": data["treebank"]["test"],
        "sentences, as people write": as_written(data["treebank"]["test"]),
        "whole reviews": data["reviews"]["test"],
    }
    metrics = {
        "training": costs,
        "sizes": {f"{source}/{part}": len(rows) for source, parts in data.items() for part, rows in parts.items()},
        "accuracy": {name: share(right(merged, rows)) for name, rows in tests.items()},
        "examples": dict(zip((row["text"] for row in typed), right(merged, typed))),
    }
    return report(metrics, options.out)


if __name__ == "__main__":
    run(main)
