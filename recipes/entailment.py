"""Trains `entailment`: a LoRA adapter over the built-in encoder that says whether one text follows from another.

Its three labels drive transformers' zero-shot-classification pipeline. Data: SNLI (its dev part; three labels), RTE
(two labels: there "not_entailment" is learnt as "neutral or contradiction", by their joint probability), and, so that
topics can be told apart, the label names of CLINC150, BANKING77 and GoEmotions as hypotheses ("The topic is ...").
One label in five of CLINC150 and BANKING77 is never shown in training: zero-shot accuracy is measured on those.

A short second training teaches it what texts are about at large. There the encoder itself is the teacher: it was made
to put texts of like meaning side by side, and of a list of topics the one nearest to a text is taken as its topic, a
far one as not (self-training; nobody labelled these texts). The topics of the news that the checkpoint is measured on
(world, sports, business, science and technology) are not in the list.

    python recipes/entailment.py --data ../shared/data --out build/entailment
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from pathlib import Path

from training import (
    ROOT,
    Plan,
    begin,
    both_costs,
    encoder_directory,
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
AT_LARGE = replace(PLAN, epochs=1, learning_rate=5e-4)
TEXTS = 2800  # texts of the second training
SURE = 0.12  # by how much the nearest topic must be nearer than the middle one
ABOUT = "This text is about {}."  # how the encoder is asked for a topic
TOPIC_NAMES = """
war, peace talks, elections, the government, foreign affairs, diplomacy, the army, terrorism, crime, the police,
courts and trials, natural disasters, storms and floods, earthquakes, accidents, refugees, human rights, religion,
protest, royalty, politics, parliament, nuclear weapons, hunger, football, basketball, baseball, tennis, cricket, golf,
the Olympic Games, boxing, cycling, swimming, athletics, horse racing, ice hockey, motor racing, chess, coaches and
players, the economy, companies, banks, stock markets, oil and energy, trade, jobs and wages, taxes, factories, shops,
house prices, insurance, airlines, advertising, money, fraud, space, astronomy, physics, chemistry, biology, medicine,
genetics, dinosaurs and fossils, the climate, computers, software, the internet, mobile phones, computer security,
robots, artificial intelligence, video games, engineering, mathematics, education, universities, music, film,
television, literature, painting, architecture, theatre, fashion, food and cooking, restaurants, travel, hotels, cars,
trains, ships, gardening, farming, animals, dogs and cats, birds, the sea, mountains, weather, health, hospitals, sleep,
family, children, love, friendship, weddings, office work, holidays, history, ancient Rome, kings and queens,
philosophy, languages, the law, newspapers, radio, photography, toys, fairy tales, death, old age
"""
NEWS = ROOT / "checkpoints" / "evaluation" / "news.jsonl"  # written for the course, only for choosing and measuring
NEWS_NAMES = [
    ["world", "sports", "business", "science and technology"],
    ["World", "Sports", "Business", "Sci/Tech"],
    ["world news", "sports", "business", "technology"],
]
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


def unlabelled(data: Path, held: list[dict], count: int, seed: int) -> list[str]:
    """Short texts on anything: the news of RTE's training part, the openings of SQuAD's paragraphs, Wikipedia."""
    texts = {row["premise"] for row in held if len(row["premise"]) < 400}
    for row in read_rows(data, "qa/squad_train_part"):
        texts.add(" ".join(re.split(r"(?<=[.!?]) ", row["context"])[:2])[:400])
    texts |= {" ".join(row["tokens"]) for row in read_rows(data, "ner/wikigold") if len(row["tokens"]) > 8}
    return random.Random(seed).sample(sorted(texts), min(count, len(texts)))


def embeddings(tokenizer, texts: list[str]):
    """The encoder's own sentence embeddings: mean over the pieces, length 1 (Reimers and Gurevych 2019)."""
    import numpy
    from transformers import AutoModel

    model = AutoModel.from_pretrained(str(encoder_directory()), add_pooling_layer=False).eval()
    ids = tokenizer(texts, truncation=True, max_length=LONGEST)["input_ids"]
    means = [states.mean(0) for states in logits(model, [{"input_ids": row} for row in ids])]
    return numpy.stack([mean / numpy.linalg.norm(mean) for mean in means])


def self_taught(tokenizer, texts: list[str], seed: int) -> list[dict]:
    """Each text whose nearest topic stands out, with that topic as what it entails and two far ones as what not."""
    import numpy

    topics = [topic.strip() for topic in TOPIC_NAMES.replace("\n", " ").split(",")]
    nearness = embeddings(tokenizer, texts) @ embeddings(tokenizer, [ABOUT.format(topic) for topic in topics]).T
    chance = random.Random(seed)
    rows = []
    for text, near in zip(texts, nearness):
        order = numpy.argsort(-near)
        if near[order[0]] - numpy.median(near) < SURE:
            continue
        far = order[len(order) // 6 :]
        template = chance.choice(TEMPLATES)
        rows.append({"premise": text, "hypothesis": template.format(topics[order[0]]), "label": "entailment"})
        for other in chance.sample(list(far), 2):
            rows.append({"premise": text, "hypothesis": template.format(topics[other]), "label": "not_entailment"})
    return rows


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


def at_large_rows(data: dict, taught: list[dict], seed: int) -> list[dict]:
    """The self-taught pairs, and as much of the first training that it is not unlearnt."""
    chance = random.Random(seed)
    rows = taught + chance.sample(data["snli_dev"]["train"], len(data["snli_dev"]["train"]) // 2)
    rows = rows + data["rte_train"]["train"][::3]
    for name, texts in TOPICS.items():
        rows = rows + topic_pairs(data[name]["train"], texts // 3, chance)
    return rows


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

    def news(model, names: list[str]) -> list[bool]:
        """The zero-shot answers on short news, with the four topics called by these names."""
        kinds = ["world", "sports", "business", "science and technology"]
        rows = [json.loads(line) for line in NEWS.read_text(encoding="utf8").splitlines()]
        found = zero_shot(model, encode, [row["text"] for row in rows], [names] * len(rows))
        return [kinds[names.index(guess)] == row["topic"] for guess, row in zip(found, rows)]

    def history(model) -> str:
        labels = ["education", "politics", "business"]
        return zero_shot(model, encode, ["History isn't really a fun class"], [labels])[0]

    def validate(model) -> str:
        snli, rte = (right(model, data[name]["validation"]) for name in ("snli_dev", "rte_train"))
        lines = headlines(model)
        brief = [sum(found) / len(found) for found in (news(model, names) for names in NEWS_NAMES)]
        return (
            f"SNLI {sum(snli) / len(snli):.3f}, RTE {sum(rte) / len(rte):.3f}, "
            f"headlines {sum(lines) / len(lines):.3f}, "
            f"news {', '.join(f'{one:.3f}' for one in brief)}, history class: {history(model)}"
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
    premises = data["rte_train"]["train"]
    taught = self_taught(tokenizer, unlabelled(options.data, premises, TEXTS, plan.seed), plan.seed)
    print(f"{len(taught)} self-taught pairs, for example: {taught[0]}")
    last = train(
        model,
        lambda epoch: encode(at_large_rows(data, taught, plan.seed)),
        replace(AT_LARGE, seed=plan.seed, tokens_a_batch=plan.tokens_a_batch),
        options.out / "at_large",
        validate,
        loss_of,
    )
    costs = both_costs(costs, last)
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
        }
        | {f"zero-shot, our news, {', '.join(names)}": share(news(merged, names)) for names in NEWS_NAMES},
        "examples": {"History isn't really a fun class": history(merged)},
    }
    return report(metrics, options.out)


if __name__ == "__main__":
    run(main)
