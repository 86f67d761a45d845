"""Trains `sentiment`: a LoRA adapter over the built-in encoder that calls English text NEGATIVE or POSITIVE.

Data: SST-2 phrases and sentences (Socher et al. 2013), IMDB reviews of at most 160 words (Maas et al. 2011), and, for
everyday talk, GoEmotions comments whose emotion is plainly good or bad (Demszky et al. 2020).

    python recipes/sentiment.py --data ../shared/data --out build/sentiment
"""

from __future__ import annotations

import random
import re
from pathlib import Path

from training import (
    Plan,
    arguments,
    encoder_directory,
    grouped_split,
    length_buckets,
    load_adapter,
    quick,
    read_rows,
    run,
    save_adapter,
    summary,
    train,
    wilson,
    with_adapter,
    write_json,
)

LABELS = {0: "NEGATIVE", 1: "POSITIVE"}
RANK = 20
PLAN = Plan(epochs=3, learning_rate=8e-4, tokens_a_batch=1024)
LONGEST = 192  # tokens a training text; reviews are cut there
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


def load(data: Path, is_quick: bool, seed: int) -> dict[str, dict[str, list[dict]]]:
    """The rows by source ("treebank", "reviews", "comments") and part ("train", "validation", "test")."""
    validation, test = (4, 4) if is_quick else (300, 600)
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


def main(argv: list[str] | None = None, stop_after: int | None = None) -> dict:
    """Trains, saves and measures; returns the metrics."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    options = arguments("sentiment", __doc__.splitlines()[0], argv)
    if options.threads:
        torch.set_num_threads(options.threads)
    plan = Plan(**{**vars(quick(PLAN) if options.quick else PLAN), "seed": options.seed})
    data = load(options.data, options.quick, seed=0)  # the split stays the same for every training seed
    tokenizer = AutoTokenizer.from_pretrained(str(encoder_directory()))
    pad = tokenizer.pad_token_id

    def encode(rows: list[dict]) -> list[dict]:
        ids = tokenizer([row["text"] for row in rows], truncation=True, max_length=LONGEST)["input_ids"]
        return [{"input_ids": piece, "label": row["label"]} for piece, row in zip(ids, rows)]

    def collate(batch: list[dict]) -> dict:
        longest = max(len(example["input_ids"]) for example in batch)
        ids = torch.tensor([example["input_ids"] + [pad] * (longest - len(example["input_ids"])) for example in batch])
        labels = torch.tensor([example["label"] for example in batch])
        return {"input_ids": ids, "attention_mask": (ids != pad).long(), "labels": labels}

    def examples(epoch: int) -> list[dict]:
        """All treebank rows (seven of ten as people write), half the reviews and a fifth of the comments each epoch."""
        chance = random.Random(plan.seed * 1000 + epoch)
        spread = random.Random(plan.seed)
        reviews = data["reviews"]["train"][:]
        spread.shuffle(reviews)
        half = (len(reviews) + 1) // 2
        rows = [
            {"text": detokenise(row["text"]) if chance.random() < 0.7 else row["text"], "label": row["label"]}
            for row in data["treebank"]["train"]
        ]
        rows += reviews[:half] if epoch % 2 == 0 else reviews[half:]
        comments = data["comments"]["train"]
        rows += chance.sample(comments, len(comments) // 5)
        return encode(rows)

    def right(model, rows: list[dict]) -> list[bool]:
        encoded = encode(rows)
        out = [False] * len(rows)
        device = next(model.parameters()).device
        with torch.inference_mode():
            for batch in length_buckets([len(example["input_ids"]) for example in encoded], 4096, 0):
                inputs = {key: value.to(device) for key, value in collate([encoded[row] for row in batch]).items()}
                labels = inputs.pop("labels")
                for row, hit in zip(batch, (model(**inputs).logits.argmax(-1) == labels).tolist()):
                    out[row] = hit
        return out

    typed = [{"text": text, "label": label} for text, label in EXAMPLES]

    def as_written(rows: list[dict]) -> list[dict]:
        return [{**row, "text": detokenise(row["text"])} for row in rows]

    def validate(model) -> str:
        sets = {
            "sentences": as_written(data["treebank"]["validation"]),
            "reviews": data["reviews"]["validation"],
            "examples": typed,
        }
        return ", ".join(f"{name} {sum(right(model, rows)) / len(rows):.3f}" for name, rows in sets.items())

    def base_model():
        # Dropout costs a third of the time on a processor; three passes over this much text do without it.
        return AutoModelForSequenceClassification.from_pretrained(
            str(encoder_directory()),
            num_labels=2,
            id2label=LABELS,
            label2id={name: number for number, name in LABELS.items()},
            problem_type="single_label_classification",
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )

    torch.manual_seed(plan.seed)
    model = with_adapter(base_model(), RANK, ["classifier"])
    costs = train(model, examples, collate, plan, options.out / "training", validate, stop_after)
    if not costs["finished"]:
        return costs
    model.get_base_model().config.update({"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1})
    save_adapter(model, options.out)
    merged = load_adapter(base_model(), options.out)
    metrics = {"training": costs, "sizes": {}, "accuracy": {}}
    for source, parts in data.items():
        for part, rows in parts.items():
            metrics["sizes"][f"{source}/{part}"] = len(rows)
    tests = {
        "sentences, spaced out as in the treebank": data["treebank"]["test"],
        "sentences, as people write": as_written(data["treebank"]["test"]),
        "whole reviews": data["reviews"]["test"],
    }
    for name, rows in tests.items():
        hits = sum(right(merged, rows))
        low, high = wilson(hits, len(rows))
        metrics["accuracy"][name] = {"accuracy": hits / len(rows), "low": low, "high": high, "rows": len(rows)}
        print(f"{name}: {hits / len(rows):.3f} (95 % {low:.3f} to {high:.3f}, {len(rows)} texts)")
    metrics["examples"] = dict(zip((row["text"] for row in typed), right(merged, typed)))
    print("examples:", metrics["examples"])
    print(summary(costs))
    write_json(options.out / "metrics.json", metrics)
    return metrics


if __name__ == "__main__":
    run(main)
