"""Trains `entailment`: a LoRA adapter over the built-in encoder that says whether one text follows from another.

Its three labels drive transformers' zero-shot-classification pipeline. Data: SNLI (its dev part; three labels), RTE
(two labels: there "not_entailment" is learnt as "neutral or contradiction", by their joint probability), and, so that
topics can be told apart, the label names of CLINC150, BANKING77 and GoEmotions as hypotheses ("The topic is ...").
One label in five of CLINC150 and BANKING77 is never shown in training: zero-shot accuracy is measured on those.

    python recipes/entailment.py --data ../shared/data --out build/entailment
"""

from __future__ import annotations

import random
from pathlib import Path

from training import (
    Plan,
    begin,
    encoder_for,
    grouped_split,
    load_adapter,
    logits,
    read_rows,
    report,
    run,
    save_adapter,
    share,
    train,
    with_adapter,
)

LABELS = {0: "entailment", 1: "neutral", 2: "contradiction"}
NUMBERS = {name: number for number, name in LABELS.items()} | {"not_entailment": len(LABELS)}
RANK = 20
PLAN = Plan(epochs=4, learning_rate=8e-4, tokens_a_batch=1024)
LONGEST = 128
TEMPLATES = ["This example is {}.", "This text is about {}.", "This example is about {}.", "The topic is {}."]
TOPICS = {"clinc150_train": 2000, "banking77_train": 800, "goemotions_train": 1000}  # texts an epoch
HELD_OUT_LABELS = 5  # every fifth label of a set, in a drawn order, is not trained on
PIPELINE = "This example is {}."  # the zero-shot pipeline's own template
# Written for this recipe and never trained on.
HEADLINES = [
    ("The two presidents signed a ceasefire after a week of talks in Geneva.", "world"),
    ("Voters in the island state went to the polls under heavy guard.", "world"),
    ("Thousands fled across the border as fighting reached the capital.", "world"),
    ("The United Nations called for an end to the siege.", "world"),
    ("A bomb near the embassy killed four people on Tuesday.", "world"),
    ("The prime minister resigned after losing a vote in parliament.", "world"),
    ("The striker scored twice as the champions won 3-1 away from home.", "sports"),
    ("She broke the national record in the 400 metres hurdles.", "sports"),
    ("The coach will miss the final because of a ban.", "sports"),
    ("Rain stopped play on the second day of the test match.", "sports"),
    ("The veteran quarterback returned to the team before the playoffs.", "sports"),
    ("He saved three break points to reach the semi-final in Paris.", "sports"),
    ("Shares in the airline fell nine percent after a profit warning.", "business"),
    ("The central bank raised interest rates by a quarter point.", "business"),
    ("Oil prices climbed to a new high on supply fears.", "business"),
    ("The retailer agreed to buy its smaller rival for two billion dollars.", "business"),
    ("Unemployment fell last month as factories hired again.", "business"),
    ("The carmaker will cut four thousand jobs to save costs.", "business"),
    ("A probe sent back the first pictures of the moon's far side.", "science and technology"),
    ("The new phone has a faster chip and a better camera.", "science and technology"),
    ("A flaw in the browser lets attackers read passwords.", "science and technology"),
    ("Researchers found water frozen under the surface of Mars.", "science and technology"),
    ("The search company opened its software to outside developers.", "science and technology"),
    ("Scientists grew a nerve cell in the laboratory.", "science and technology"),
]


def load(data: Path, is_quick: bool) -> dict[str, dict[str, list[dict]]]:
    """SNLI and RTE by part, cut by premise; the topic sets by labels that are trained on and labels that are not."""
    sizes = {"test": 3, "validation": 3} if is_quick else {"test": 900, "validation": 300}
    found: dict = {}
    for name in ("snli_dev", "rte_train"):
        rows = read_rows(data, f"nli/{name}")
        here = sizes if name == "snli_dev" else {part: size // 3 for part, size in sizes.items()}
        cut = grouped_split([row["premise"] for row in rows], here, seed=0)
        found[name] = {part: [rows[row] for row in numbers] for part, numbers in cut.items()}
    for name in TOPICS:
        rows = [row for row in read_rows(data, f"topics/{name}") if row["label"] not in ("out of scope", "neutral")]
        rows = [row for row in rows if "[" not in row["text"]]
        labels = sorted({row["label"] for row in rows})
        random.Random(0).shuffle(labels)
        unseen = set(labels[::HELD_OUT_LABELS]) if name != "goemotions_train" else set()
        found[name] = {
            "train": [row for row in rows if row["label"] not in unseen],
            "unseen labels": [row for row in rows if row["label"] in unseen],
        }
    return found


def topic_pairs(rows: list[dict], texts: int, chance: random.Random) -> list[dict]:
    """Each of `texts` drawn rows twice: with its own label as the hypothesis, and with another label of its set."""
    labels = sorted({row["label"] for row in rows})
    pairs = []
    for row in chance.sample(rows, min(texts, len(rows))):
        other = chance.choice([label for label in labels if label != row["label"]])
        template = chance.choice(TEMPLATES)
        for label, follows in ((row["label"], "entailment"), (other, "not_entailment")):
            pairs.append({"premise": row["text"], "hypothesis": template.format(label), "label": follows})
    return pairs


def epoch_rows(data: dict, epoch: int, seed: int) -> list[dict]:
    """All of SNLI's part, half of RTE's by turns, and freshly drawn topic pairs."""
    chance = random.Random(seed * 1000 + epoch)
    rows = data["snli_dev"]["train"] + data["rte_train"]["train"][epoch % 2 :: 2]
    for name, texts in TOPICS.items():
        rows = rows + topic_pairs(data[name]["train"], texts, chance)
    return rows


def loss_of(model, inputs: dict):
    """Cross entropy, where "not_entailment" stands for the joint probability of neutral and contradiction."""
    import torch

    inputs = dict(inputs)
    labels = inputs.pop("labels")
    logarithms = model(**inputs).logits.float().log_softmax(-1)
    either = logarithms[:, 1:].logsumexp(-1, keepdim=True)
    return torch.nn.functional.nll_loss(torch.cat([logarithms, either], -1), labels)


def hypothesis_only(data: dict) -> list[bool]:
    """What a linear model that never sees a premise gets right on SNLI's test part: labels leak through wording."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    parts = data["snli_dev"]
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1000))
    model.fit([row["hypothesis"] for row in parts["train"]], [row["label"] for row in parts["train"]])
    found = model.predict([row["hypothesis"] for row in parts["test"]])
    return [guess == row["label"] for guess, row in zip(found, parts["test"])]


def zero_shot(model, encode, texts: list[str], choices: list[list[str]]) -> list[str]:
    """For each text the choice whose hypothesis it entails most, as the zero-shot pipeline decides it."""
    rows = [
        {"premise": text, "hypothesis": PIPELINE.format(label), "label": "entailment"}
        for text, labels in zip(texts, choices)
        for label in labels
    ]
    scores = iter(float(found[NUMBERS["entailment"]]) for found in logits(model, encode(rows)))
    return [max((next(scores), label) for label in labels)[1] for labels in choices]


def main(argv: list[str] | None = None, stop_after: int | None = None) -> dict:
    """Trains, saves and measures; returns the metrics, or what was done when stopped."""
    from transformers import AutoModelForSequenceClassification

    options, plan, tokenizer = begin("entailment", __doc__.splitlines()[0], PLAN, argv)
    data = load(options.data, options.quick)

    def encode(rows: list[dict]) -> list[dict]:
        pairs = [row["premise"] for row in rows], [row["hypothesis"] for row in rows]
        encoded = tokenizer(*pairs, truncation="only_first", max_length=LONGEST)
        return [
            {"input_ids": ids, "token_type_ids": segments, "labels": NUMBERS[row["label"]]}
            for ids, segments, row in zip(encoded["input_ids"], encoded["token_type_ids"], rows)
        ]

    def right(model, rows: list[dict]) -> list[bool]:
        found = [LABELS[int(one.argmax())] for one in logits(model, encode(rows))]
        return [
            guess == row["label"] or (row["label"] == "not_entailment" and guess != "entailment")
            for guess, row in zip(found, rows)
        ]

    def unseen_labels(model, name: str, texts: int = 400, of: int = 4) -> list[bool]:
        rows, chance = data[name]["unseen labels"], random.Random(0)
        labels = sorted({row["label"] for row in rows})
        rows = chance.sample(rows, min(texts, len(rows)))
        others = [[label for label in labels if label != row["label"]] for row in rows]
        choices = [[row["label"], *chance.sample(left, min(of - 1, len(left)))] for row, left in zip(rows, others)]
        found = zero_shot(model, encode, [row["text"] for row in rows], choices)
        return [guess == row["label"] for guess, row in zip(found, rows)]

    def headlines(model) -> list[bool]:
        topics = sorted({topic for _, topic in HEADLINES})
        found = zero_shot(model, encode, [text for text, _ in HEADLINES], [topics] * len(HEADLINES))
        return [guess == topic for guess, (_, topic) in zip(found, HEADLINES)]

    def history(model) -> str:
        labels = ["education", "politics", "business"]
        return zero_shot(model, encode, ["History isn't really a fun class"], [labels])[0]

    def validate(model) -> str:
        snli, rte = (right(model, data[name]["validation"]) for name in ("snli_dev", "rte_train"))
        lines = headlines(model)
        return (
            f"SNLI {sum(snli) / len(snli):.3f}, RTE {sum(rte) / len(rte):.3f}, "
            f"headlines {sum(lines) / len(lines):.3f}, history class: {history(model)}"
        )

    def base():
        return encoder_for(AutoModelForSequenceClassification, LABELS)

    model = with_adapter(base(), RANK, ["classifier"])
    costs = train(
        model,
        lambda epoch: encode(epoch_rows(data, epoch, plan.seed)),
        plan,
        options.out / "training",
        validate,
        loss_of,
        stop_after,
    )
    if not costs["finished"]:
        return costs
    save_adapter(model, options.out)
    merged = load_adapter(base(), options.out)
    metrics = {
        "training": costs,
        "sizes": {f"{name}/{part}": len(rows) for name, parts in data.items() for part, rows in parts.items()},
        "accuracy": {
            "SNLI, three labels": share(right(merged, data["snli_dev"]["test"])),
            "SNLI, hypothesis only (linear baseline)": share(hypothesis_only(data)),
            "RTE, two labels": share(right(merged, data["rte_train"]["test"])),
            "zero-shot, CLINC150 labels not trained on, 1 of 4": share(unseen_labels(merged, "clinc150_train")),
            "zero-shot, BANKING77 labels not trained on, 1 of 4": share(unseen_labels(merged, "banking77_train")),
            "zero-shot, our 24 headlines, 1 of 4": share(headlines(merged)),
        },
        "examples": {"History isn't really a fun class": history(merged)},
    }
    return report(metrics, options.out)


if __name__ == "__main__":
    run(main)
