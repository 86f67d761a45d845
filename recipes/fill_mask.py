"""Trains `fill-mask`: a LoRA adapter over the built-in encoder that says which word stands behind [MASK].

The head is BERT's: a transformation, then the dot product with every word piece's own embedding (which are the
encoder's and stay as they are, so the adapter does not hold them), plus a bias for each piece. A fifth of the pieces of
a text is masked, and the model learns to name them (Devlin et al. 2019).

Data: public-domain tales, TinyStories, film reviews (IMDB, SST-2), comments (GoEmotions), paragraphs (SQuAD).

    python recipes/fill_mask.py --data ../shared/data --out build/fill-mask
"""

from __future__ import annotations

import random
from pathlib import Path

import sentiment
from training import (
    Plan,
    begin,
    collate,
    encoder_for,
    grouped_split,
    load_adapter,
    read_rows,
    report,
    run,
    save_adapter,
    share,
    to_device,
    train,
    with_adapter,
)

RANK = 18
PLAN = Plan(epochs=4, learning_rate=1e-3, tokens_a_batch=1024)
PIECES = 96  # pieces of running text in a training example
MASKED = 0.2  # of them
SHARES = {  # of each source that is read, each text once; all of it would take three times as long
    "tales": 0.25,
    "tinystories": 0.8,
    "reviews": 0.3,
    "sentences": 1.0,
    "comments": 0.15,
    "paragraphs": 0.25,
}
CONTEXT = 64  # pieces around the one mask, when measuring
BIAS = "cls.predictions.bias"
EXAMPLES = [  # never trained on: what a learner types first
    ("Paris is the [MASK] of France.", "capital"),
    ("She opened the door and walked into the [MASK].", "room"),
    ("This movie was absolutely [MASK]!", "hilarious"),
]


def load(data: Path, is_quick: bool) -> dict[str, dict[str, list[str]]]:
    """The texts by source and part; tales are cut by title, reviews and sentences as for `sentiment`."""
    few = {"test": 2, "validation": 1}
    found: dict[str, dict[str, list[str]]] = {}
    for source, name, group, sizes in (
        ("tales", "stories/gutenberg_tales_train", "title", {"test": 30, "validation": 10}),
        ("tinystories", "stories/tinystories_train", "text", {"test": 120, "validation": 40}),
        ("paragraphs", "qa/squad_train_part", "text", {"test": 120, "validation": 40}),
    ):
        rows = read_rows(data, name)
        if source == "paragraphs":
            rows = [{"text": text} for text in dict.fromkeys(row["context"] for row in rows)]
        parts = grouped_split([row[group] for row in rows], few if is_quick else sizes, seed=0)
        found[source] = {part: [rows[row]["text"] for row in numbers] for part, numbers in parts.items()}
    opinions = sentiment.load(data, is_quick)
    found["reviews"] = {part: [row["text"] for row in rows] for part, rows in opinions["reviews"].items()}
    found["sentences"] = {
        part: [row["text"] for row in sentiment.as_written(rows) if row["text"][-1] in ".!?"]
        for part, rows in opinions["treebank"].items()
    }
    found["comments"] = {"train": [row["text"] for row in opinions["comments"]["train"]]}
    return found


def pieces(tokenizer, texts: list[str], longest: int) -> list[list[int]]:
    """The texts one after another as lists of at most `longest` word pieces, between [CLS] and [SEP]."""
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    found = []
    for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]:
        cuts = range(0, len(ids), longest)
        found += [[cls, *ids[start : start + longest], sep] for start in cuts if len(ids) - start > 3]
    return found


def masked(lists: list[list[int]], mask: int, chance: random.Random) -> list[dict]:
    """Each list with a fifth of its pieces masked; "labels" holds what stood there, and -100 everywhere else."""
    examples = []
    for ids in lists:
        count = max(1, round(MASKED * (len(ids) - 2)))
        places = set(chance.sample(range(1, len(ids) - 1), count))
        examples.append(
            {
                "input_ids": [mask if place in places else piece for place, piece in enumerate(ids)],
                "labels": [piece if place in places else -100 for place, piece in enumerate(ids)],
            }
        )
    return examples


def predictions(model, inputs: dict, places):
    """The model's logits at `places` only: 30,522 numbers at every piece would cost more than the encoder."""
    hidden = model.bert(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).last_hidden_state
    return model.cls(hidden[places])


def loss_of(model, inputs: dict):
    """Cross entropy over the vocabulary at the masked pieces."""
    import torch

    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    places = inputs["labels"] != -100
    return torch.nn.functional.cross_entropy(predictions(inner, inputs, places).float(), inputs["labels"][places])


def one_mask_each(tokenizer, texts: list[str], of: int, seed: int = 0) -> list[tuple[list[int], int]]:
    """At most `of` stretches of the texts with the place of one piece, drawn at random, to be masked."""
    chance = random.Random(seed)
    stretches = [ids for ids in pieces(tokenizer, texts, CONTEXT) if len(ids) > 10]
    chance.shuffle(stretches)
    return [(ids, chance.randrange(1, len(ids) - 1)) for ids in stretches[:of]]


def ranks(model, tokenizer, stretches: list[tuple[list[int], int]]) -> list[int]:
    """How many pieces the model finds likelier than the right one, when that alone is masked; 0 is best."""
    import torch

    model = model.get_base_model() if hasattr(model, "get_base_model") else model
    device = next(model.parameters()).device
    found = []
    with torch.inference_mode():
        for start in range(0, len(stretches), 32):
            part = stretches[start : start + 32]
            right = torch.tensor([ids[place] for ids, place in part], device=device)
            examples = [
                {"input_ids": [*ids[:place], tokenizer.mask_token_id, *ids[place + 1 :]]} for ids, place in part
            ]
            inputs = to_device(collate(examples), device)
            scores = predictions(model, inputs, inputs["input_ids"] == tokenizer.mask_token_id).float()
            found += (scores > scores.gather(1, right[:, None])).sum(1).tolist()
    return found


def measure(model, tokenizer, texts: list[str], of: int) -> dict:
    """Top-1 and top-5 accuracy with one piece masked; top-5 also where that piece is a word and no punctuation mark."""
    stretches = one_mask_each(tokenizer, texts, of)
    found = ranks(model, tokenizer, stretches)
    is_word = [tokenizer.convert_ids_to_tokens(ids[place]).strip("#").isalpha() for ids, place in stretches]
    return {
        "top-1": share([rank < 1 for rank in found]),
        "top-5": share([rank < 5 for rank in found]),
        "top-5, words": share([rank < 5 for rank, word in zip(found, is_word) if word]),
    }


def completed(model, tokenizer, text: str) -> list[str]:
    """The five likeliest pieces for the one [MASK] of a text."""
    import torch

    inputs = tokenizer(text, return_tensors="pt")
    with torch.inference_mode():
        scores = predictions(model, inputs, inputs["input_ids"] == tokenizer.mask_token_id)[0]
    return tokenizer.convert_ids_to_tokens(scores.topk(5).indices.tolist())


def main(argv: list[str] | None = None, stop_after: int | None = None) -> dict:
    """Trains, saves and measures; returns the metrics, or what was done when stopped."""
    from transformers import AutoModelForMaskedLM

    options, plan, tokenizer = begin("fill_mask", __doc__.splitlines()[0], PLAN, argv)
    data = load(options.data, options.quick)
    lists = {source: pieces(tokenizer, parts["train"], PIECES) for source, parts in data.items()}
    chance = random.Random(plan.seed)
    chosen = [
        ids for source, found in lists.items() for ids in chance.sample(found, round(SHARES[source] * len(found)))
    ]
    chance.shuffle(chosen)

    def examples(epoch: int) -> list[dict]:
        """Every text is seen once: an epoch here is a part of the texts."""
        return masked(chosen[epoch :: plan.epochs], tokenizer.mask_token_id, random.Random(plan.seed * 1000 + epoch))

    def measured(model, part: str, of: int) -> dict:
        return {source: measure(model, tokenizer, parts[part], of) for source, parts in data.items() if part in parts}

    def validate(model) -> str:
        found = measured(model, "validation", 300)
        return ", ".join(f"{source} {scores['top-5']['value']:.3f}" for source, scores in found.items())

    def base():
        return encoder_for(AutoModelForMaskedLM)

    model = with_adapter(base(), RANK, ["transform"], layers=r".*\.encoder\..*\.(query|key|value|dense)")
    model.get_parameter(f"base_model.model.{BIAS}").requires_grad_(True)
    costs = train(model, examples, plan, options.out / "training", validate, loss_of, stop_after)
    if not costs["finished"]:
        return costs
    save_adapter(model, options.out, whole=[BIAS])
    merged = load_adapter(base(), options.out)
    metrics = {
        "training": costs,
        "sizes": {f"{source}/{part}": len(texts) for source, parts in data.items() for part, texts in parts.items()},
        "test": measured(merged, "test", 1000),
        "examples": {text: completed(merged, tokenizer, text) for text, _ in EXAMPLES},
    }
    return report(metrics, options.out)


if __name__ == "__main__":
    run(main)
