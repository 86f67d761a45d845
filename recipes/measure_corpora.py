"""Measure the course's own corpora: size, balance, variety, leaks, spans, and how hard they are.

Run `python recipes/measure_corpora.py` for the table, with `--write` to put it into the data cards. The tests hold the
same measurements against their bounds.
"""

import argparse
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from course_utils import corpora

MARKS = "<!-- measured -->", "<!-- end of measured -->"

Rows = dict[str, list[dict]]


def rows_of(name: str) -> Rows:
    """The rows of a corpus, split -> rows, as `datasets` loads them."""
    return {split: list(rows) for split, rows in corpora.corpus(name).items()}


def texts_of(name: str, rows: list[dict]) -> list[str]:
    """The texts that must differ from each other, one a row (one a paragraph for `questions`)."""
    if name == "questions":
        return list(dict.fromkeys(row["context"] for row in rows))
    readers = {
        "reviews": lambda row: row["text"],
        "paraphrases": lambda row: f"{row['sentence1']} {row['sentence2']}",
        "entities": lambda row: " ".join(row["tokens"]),
        "pairs_en_fr": lambda row: row["translation"]["en"],
        "documents": lambda row: row["document"],
    }
    return [readers[name](row) for row in rows]


def words(text: str) -> list[str]:
    """Lower-case words, apostrophes kept."""
    return re.findall(r"\w+(?:['’]\w+)*", text.lower())


def trigrams(text: str) -> frozenset[tuple[str, ...]]:
    """The set of word trigrams."""
    found = words(text)
    return frozenset(zip(found, found[1:], found[2:]))


def largest_overlap(texts: list[str]) -> tuple[float, tuple[str, str]]:
    """The largest share of trigrams that two texts have in common (of the shorter one's), and the two texts."""
    sets = [trigrams(text) for text in texts]
    owners = defaultdict(list)
    for index, grams in enumerate(sets):
        for gram in grams:
            owners[gram].append(index)
    shared = Counter(pair for found in owners.values() for pair in combinations(found, 2))
    if not shared:
        return 0.0, ("", "")
    share = {(a, b): count / min(len(sets[a]), len(sets[b])) for (a, b), count in shared.items()}
    (a, b), largest = max(share.items(), key=lambda item: item[1])
    return largest, (texts[a], texts[b])


def texts_in_both(name: str, rows: Rows) -> set[str]:
    """Texts of one split that are in another as well, letter case and punctuation aside."""
    found = [{" ".join(words(text)) for text in texts_of(name, part)} for part in rows.values()]
    return set.union(set(), *(a & b for a, b in combinations(found, 2)))


def bag_of_words_accuracy(rows: Rows) -> float:
    """Test accuracy of logistic regression over tf-idf of words, trained on the training split of `reviews`."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=10, max_iter=1000))
    train, test = rows["train"], rows["test"]
    model.fit([row["text"] for row in train], [row["label"] for row in train])
    return float(model.score([row["text"] for row in test], [row["label"] for row in test]))


def checkpoint_accuracy(rows: list[dict]) -> float:
    """Accuracy of the built-in sentiment checkpoint, which saw none of these texts."""
    from transformers import pipeline

    from course_utils.checkpoints import checkpoint

    classifier = pipeline("text-classification", model=checkpoint("sentiment"))
    texts = sorted(rows, key=lambda row: len(row["text"]))
    answers = classifier([row["text"] for row in texts], batch_size=32, truncation=True)
    return statistics.mean((answer["label"] == "POSITIVE") == row["label"] for answer, row in zip(answers, texts))


def broken_spans(name: str, rows: Rows) -> list[str]:
    """Entity tags that are no IOB2, and answers that do not stand where they are said to; the row's id and what."""
    check = {"entities": _broken_tags, "questions": _broken_answers}.get(name, lambda row: [])
    return [f"{row['id']}: {problem}" for part in rows.values() for row in part for problem in check(row)]


def _broken_tags(row: dict) -> Iterator[str]:
    labels = corpora.describe("entities").labels
    tags = [labels[number] for number in row["ner_tags"]]
    if len(tags) != len(row["tokens"]):
        yield f"{len(row['tokens'])} tokens, {len(tags)} tags"
    for before, tag in zip(["O", *tags], tags):
        if tag.startswith("I-") and before[2:] != tag[2:]:
            yield f"{tag} after {before}"
    if any(not token or token != token.strip() or " " in token for token in row["tokens"]):
        yield "an empty token, or one with a space"


def _broken_answers(row: dict) -> Iterator[str]:
    for text, start in zip(row["answers"]["text"], row["answers"]["answer_start"]):
        if row["context"][start : start + len(text)] != text:
            yield f"no {text!r} at {start}"


def word_overlap(row: dict) -> float:
    """The share of distinct words that the two sentences of a pair have in common (Jaccard)."""
    first, second = set(words(row["sentence1"])), set(words(row["sentence2"]))
    return len(first & second) / len(first | second)


def measure(name: str) -> dict[str, str | float]:
    """What the data card states of one corpus, measured now."""
    rows = rows_of(name)
    everything = [row for part in rows.values() for row in part]
    texts = texts_of(name, everything)
    lengths = [len(words(text)) for text in texts]
    found: dict[str, str | float] = {f"rows, {split}": len(part) for split, part in rows.items()}
    found["words a text (median, least, most)"] = f"{statistics.median(lengths):.0f}, {min(lengths)}, {max(lengths)}"
    found["distinct words"] = len({word for text in texts for word in words(text)})
    found["largest share of trigrams two texts have in common"] = round(largest_overlap(texts)[0], 3)
    found["texts in more than one split"] = len(texts_in_both(name, rows))
    found.update(_particulars(name, rows, everything))
    return found


def _particulars(name: str, rows: Rows, everything: list[dict]) -> dict[str, str | float]:
    if name == "reviews":
        kinds = Counter(row["kind"] for row in everything)
        return {
            "positive": f"{statistics.mean(row['label'] for row in everything):.1%}",
            "kinds": ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()),
            "bag of words, test accuracy": round(bag_of_words_accuracy(rows), 3),
            "checkpoint `sentiment`, test accuracy": round(checkpoint_accuracy(rows["test"]), 3),
        }
    if name == "paraphrases":
        by_label = {n: [word_overlap(row) for row in everything if row["label"] == n] for n in (1, 0)}
        shares = ", ".join(f"{statistics.mean(by_label[n]):.2f}" for n in (1, 0))
        return {
            "equivalent": f"{len(by_label[1]) / len(everything):.1%}",
            "share of words in common (equivalent, not equivalent)": shares,
        }
    if name == "entities":
        labels = corpora.describe(name).labels
        tags = Counter(labels[tag] for row in everything for tag in row["ner_tags"])
        return {f"entities, {kind}": tags[f"B-{kind}"] for kind in ("PER", "ORG", "LOC", "MISC")}
    if name == "questions":
        return {
            "questions without an answer": f"{statistics.mean(not row['answers']['text'] for row in everything):.1%}"
        }
    if name == "pairs_en_fr":
        return {"pairs with two references": sum(len(row["references"]) > 1 for row in everything)}
    return {"words a summary (median)": statistics.median(len(words(row["summary"])) for row in everything)}


def as_table(found: dict[str, str | float]) -> str:
    """Markdown."""
    return "\n".join(["| what | measured |", "|---|---|", *(f"| {what} | {value} |" for what, value in found.items())])


def write_into(card: Path, table: str) -> None:
    """Replace the measured part of a data card."""
    before, rest = card.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    card.write_text(f"{before}{MARKS[0]}\n{table}\n{MARKS[1]}{after}", encoding="utf-8")


def main() -> None:
    """Print the tables, and write them into the cards if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=corpora.names(), help="corpora; all if none")
    parser.add_argument("--write", action="store_true", help="also write the tables into the data cards")
    options = parser.parse_args()
    for name in options.names:
        table = as_table(measure(name))
        print(f"\n{name}\n{table}")
        if options.write:
            write_into(corpora.describe(name).card, table)


if __name__ == "__main__":
    main()
