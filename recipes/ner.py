"""Trains `ner`: a LoRA adapter over the built-in encoder that finds people, organisations, places and other names.

Data: wikigold (Wikipedia), Broad Twitter Corpus, Universal NER EWT (web), WNUT-17 (social media), CrossNER (Wikipedia
by field; its literature part is kept for measuring text from elsewhere), and the training split of the course's own
`entities`.

The encoder's vocabulary knows no capitals, and capitals tell much about names. So this checkpoint brings a tokenizer of
its own, which writes a mark behind a word with a capital (##↑) and another behind a word in block capitals (##■); both
are pieces of the vocabulary that text hardly ever has, and all other pieces stay as they were.

Some sets do not mark MISC, or mark far more as MISC than the others. There the label is not "O" but "O or MISC": the
loss asks only that the two together are likely, so that one set does not unlearn what another teaches.

    python recipes/ner.py --data ../shared/data --out build/ner
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

from training import (
    ROOT,
    Plan,
    begin,
    encoder_directory,
    encoder_for,
    grouped_split,
    hidden,
    load_adapter,
    logits,
    read_rows,
    report,
    run,
    save_adapter,
    train,
    with_adapter,
)

from course_utils.evaluation import entity_counts, entity_f1, resampled, word_tags

KINDS = ["PER", "ORG", "LOC", "MISC"]
LABELS = dict(enumerate(["O", *(f"{part}-{kind}" for kind in KINDS for part in "BI")]))
NUMBERS = {name: number for number, name in LABELS.items()}
NOT_NAMED = len(LABELS)  # a label of the training only: O, or MISC that this set does not mark
RANK = 20
PLAN = Plan(epochs=4, learning_rate=1e-3, tokens_a_batch=1024)
LONGEST = 128
SETS = {  # file -> how often an epoch has it, and whether its MISC is the newswire one or at least part of it
    "wikigold": (2, True),
    "btc_train": (1, False),
    "uner_ewt_dev": (1, False),
    "wnut17_train": (1, True),
    "crossner_train": (2, False),
    "entities": (2, True),
}
OWN = "entities"  # the course's corpus; its test split is the checkpoint's as well
WIRE = ROOT / "checkpoints" / "evaluation" / "newswire.jsonl"  # written for the course, only for measuring
ELSEWHERE = "literature"  # CrossNER's field that is not trained on
CAPITAL, BLOCK = "↑", "■"  # what stands behind a word with a capital, and behind one in block capitals
LOWERED, RAISED, TITLED = (
    0.08,
    0.06,
    0.03,
)  # shares of an epoch's rows in lower case, block capitals, Every Word Capital
HIDDEN = 0.06  # share of the pieces that are masked in training, so that the words around a name count
EXAMPLES = [  # never trained on: what a learner types first
    (
        "Apple Inc. was founded by Steve Jobs in Cupertino , California .",
        {("ORG", "Apple Inc."), ("PER", "Steve Jobs"), ("LOC", "Cupertino"), ("LOC", "California")},
    ),
    ("John works at Google in New York .", {("PER", "John"), ("ORG", "Google"), ("LOC", "New York")}),
]


def casing_tokenizer():
    """The encoder's tokenizer with a mark behind words that have a capital ("John" -> john ##↑, "NASA" -> nasa ##■).

    The normalizer writes the mark before it lower-cases, so a mark's place in the text is its word's last letter and
    `word_ids()` counts it to its word; the decoder leaves the marks out again.
    """
    from tokenizers import Regex, Tokenizer, decoders, normalizers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer.from_file(str(encoder_directory() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    letter = r"\p{L}\p{M}\p{N}"
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.BertNormalizer(strip_accents=False, lowercase=False),  # parts what will be parted later anyway
            normalizers.Replace(Regex(rf"(?<=\p{{Lu}}[\p{{Lu}}\p{{N}}]{{1,40}})(?![{letter}])"), BLOCK),
            normalizers.Replace(Regex(rf"(?<=\p{{Lu}}[{letter}]{{0,40}})(?![{letter}{BLOCK}])"), CAPITAL),
            tokenizer.normalizer,
        ]
    )
    unmarked = [decoders.Replace(mark, "") for mark in (CAPITAL, BLOCK)]
    tokenizer.decoder = decoders.Sequence([tokenizer.decoder, *unmarked])
    names = {f"{name.lower()}_token": f"[{name}]" for name in ("UNK", "SEP", "PAD", "CLS", "MASK")}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512, **names)


def alike(tokens: list[str]) -> str:
    """What rows share that differ only in links, handles, numbers and case: they stay on one side of a split."""
    words = [token.lower() for token in tokens if not re.match(r"@|#|http|\W*\d", token)]
    return " ".join(word for word in words if word.isalpha())[:80]


def own_rows(split: str) -> list[dict]:
    """The rows of the course's own corpus `entities`, with the names of the tags."""
    lines = (ROOT / "corpora" / OWN / f"{split}.jsonl").read_text(encoding="utf8").splitlines()
    return [{"tokens": row["tokens"], "tags": row["ner_tags"]} for row in map(json.loads, lines)]


def load(data: Path, is_quick: bool) -> dict[str, dict[str, list[dict]]]:
    """The rows by set and part: "train", "validation", "test" (crossner_train: "train" and "elsewhere")."""
    found = {}
    for name in SETS:
        if name == OWN:
            few = slice(6 if is_quick else None)
            found[name] = {"train": own_rows("train")[few], "elsewhere": own_rows("test")[few]}
            continue
        rows = read_rows(data, f"ner/{name}")
        if name == "crossner_train":
            found[name] = {
                "train": [row for row in rows if row["domain"] != ELSEWHERE],
                "elsewhere": [row for row in rows if row["domain"] == ELSEWHERE],
            }
            continue
        sizes = {"test": 2, "validation": 1} if is_quick else {"test": len(rows) // 12, "validation": len(rows) // 25}
        cut = grouped_split([alike(row["tokens"]) for row in rows], sizes, seed=0)
        found[name] = {part: [rows[row] for row in numbers] for part, numbers in cut.items()}
    found["newswire"] = {"elsewhere": [json.loads(line) for line in WIRE.read_text(encoding="utf8").splitlines()]}
    return found


def with_capital(word: str) -> str:
    """The word with its first letter as a capital."""
    return word[:1].upper() + word[1:]


def other_casing(row: dict, chance: random.Random) -> dict:
    """The row as it is, or now and then as a careless message, a shouted one or a headline would write it."""
    drawn = chance.random()
    for share, change in ((LOWERED, str.lower), (RAISED, str.upper), (TITLED, with_capital)):
        if drawn < share:
            return {**row, "tokens": [token if "/" in token else change(token) for token in row["tokens"]]}
        drawn -= share
    return row


def encode(tokenizer, rows: list[dict], marks_misc: bool = True) -> list[dict]:
    """The rows as word pieces with a label each; the further pieces of a word continue its entity."""
    encoded = tokenizer([row["tokens"] for row in rows], is_split_into_words=True, truncation=True, max_length=LONGEST)
    examples = []
    for number, row in enumerate(rows):
        words = encoded.word_ids(number)
        labels = []
        for place, word in enumerate(words):
            if word is None:
                labels.append(-100)
                continue
            tag = row["tags"][word]
            if not marks_misc and (tag == "O" or tag.endswith("MISC")):
                labels.append(NOT_NAMED)
            elif place and words[place - 1] == word:
                labels.append(NUMBERS[tag.replace("B-", "I-")])
            else:
                labels.append(NUMBERS[tag])
        examples.append({"input_ids": encoded["input_ids"][number], "labels": labels})
    return examples


def loss_of(model, inputs: dict):
    """Cross entropy over the pieces, where NOT_NAMED stands for "O or MISC": the log of their joint probability."""
    import torch

    inputs = dict(inputs)
    labels = inputs.pop("labels")
    logarithms = model(**inputs).logits.float().log_softmax(-1)
    either = logarithms[..., [NUMBERS["O"], NUMBERS["B-MISC"], NUMBERS["I-MISC"]]].logsumexp(-1, keepdim=True)
    return torch.nn.functional.nll_loss(torch.cat([logarithms, either], -1).flatten(0, 1), labels.flatten())


def tags(model, tokenizer, rows: list[dict]) -> list[list[str]]:
    """The model's tag for each token of each row, read at the token's first piece; tokens beyond the limit are O."""
    encoded = tokenizer([row["tokens"] for row in rows], is_split_into_words=True, truncation=True, max_length=LONGEST)
    found = logits(model, [{"input_ids": ids} for ids in encoded["input_ids"]])
    return [
        word_tags(row["tokens"], encoded.word_ids(number), found[number].argmax(-1), LABELS)
        for number, row in enumerate(rows)
    ]


def without_misc(sequences: list[list[str]]) -> list[list[str]]:
    """The tags with MISC read as O, for sets that do not mark it."""
    return [["O" if tag.endswith("MISC") else tag for tag in sequence] for sequence in sequences]


def f1(model, tokenizer, rows: list[dict], marks_misc: bool) -> dict:
    """Entity F1 of exact spans and kinds (seqeval, IOB2), with a 95 % interval from 1,000 bootstrap samples."""
    expected, found = [row["tags"] for row in rows], tags(model, tokenizer, rows)
    if not marks_misc:
        expected, found = without_misc(expected), without_misc(found)
    counts = [entity_counts(one, other) for one, other in zip(expected, found)]
    return {**f1_of(counts), "rows": len(rows), "counts": counts}


def together(found: dict[str, dict]) -> dict:
    """F1 and its interval over the sentences of several sets as if they were one."""
    counts = [count for scores in found.values() for count in scores["counts"]]
    return {**f1_of(counts), "rows": len(counts)}


def plain(found: dict[str, dict]) -> dict[str, dict]:
    """The scores without the counts that they come from."""
    return {name: {key: value for key, value in scores.items() if key != "counts"} for name, scores in found.items()}


def f1_of(counts: list[tuple[int, int, int]]) -> dict:
    """F1 and its bootstrap interval from one (right, gold, guessed) count a sentence."""
    totals = [sum(column) for column in zip(*counts)]
    low, high = resampled(counts, entity_f1)
    return {"value": entity_f1(totals), "low": low, "high": high, "entities": totals[1]}


def shown(model, tokenizer, text: str) -> set[tuple[str, str]]:
    """The entities that the model finds in a text with spaces between its tokens, as (kind, words)."""
    from seqeval.metrics.sequence_labeling import get_entities

    tokens = text.split()
    found = get_entities(tags(model, tokenizer, [{"tokens": tokens}])[0])
    return {(kind, " ".join(tokens[start : end + 1])) for kind, start, end in found}


def main(argv: list[str] | None = None, stop_after: int | None = None) -> dict:
    """Trains, saves and measures; returns the metrics, or what was done when stopped."""
    from transformers import AutoModelForTokenClassification

    options, plan, _ = begin("ner", __doc__.splitlines()[0], PLAN, argv)
    tokenizer = casing_tokenizer()
    data = load(options.data, options.quick)

    def measure(model, part: str) -> dict:
        return {
            name: f1(model, tokenizer, parts[part], SETS.get(name, (0, True))[1])
            for name, parts in data.items()
            if parts.get(part)
        }

    def validate(model) -> str:
        found = measure(model, "validation")
        each = ", ".join(f"{name} {scores['value']:.3f}" for name, scores in found.items())
        return f"together {together(found)['value']:.3f}, {each}"

    def examples(epoch: int) -> list[dict]:
        chance = random.Random(plan.seed * 1000 + epoch)
        found = []
        for name, (times, marks_misc) in SETS.items():
            rows = [other_casing(row, chance) for row in data[name]["train"] * times]
            found += encode(tokenizer, rows, marks_misc)
        return hidden(found, tokenizer.mask_token_id, HIDDEN, chance)

    def base():
        return encoder_for(AutoModelForTokenClassification, LABELS)

    model = with_adapter(base(), RANK, ["classifier"])
    costs = train(model, examples, plan, options.out / "training", validate, loss_of, stop_after)
    if not costs["finished"]:
        return costs
    save_adapter(model, options.out)
    casing_tokenizer().save_pretrained(options.out)  # a fresh one: the other remembers how it was cut last
    merged = load_adapter(base(), options.out)
    test = measure(merged, "test")
    metrics = {
        "training": costs,
        "validation": validate(merged),
        "sizes": {f"{name}/{part}": len(rows) for name, parts in data.items() for part, rows in parts.items()},
        "entity F1, test": plain(test | {"all together": together(test)}),
        "entity F1, from elsewhere": plain(measure(merged, "elsewhere")),
        "examples": {text: sorted(map(list, shown(merged, tokenizer, text))) for text, _ in EXAMPLES},
        "examples right": {text: shown(merged, tokenizer, text) == entities for text, entities in EXAMPLES},
    }
    return report(metrics, options.out)


if __name__ == "__main__":
    run(main)
