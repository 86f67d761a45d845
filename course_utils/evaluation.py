"""How good the built-in checkpoints are, measured here and now on texts of the course's own.

Behind `course models --evaluate`. The texts are the test splits of `corpora/` and a few dozen lines in
`checkpoints/evaluation/`; no checkpoint was trained on them. They are small sets, so each figure comes with its 95 %
interval. The cards have the figures on larger sets that the course may not pass on.
"""

import json
import math
import random
import re
import string
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from course_utils import checkpoints, corpora

TEXTS = checkpoints.CATALOG.parent / "evaluation"
NEWS_TOPICS = ["world", "sports", "business", "science and technology"]
LONGEST_ANSWER = 30  # tokens

Progress = Callable[[int, int], None]  # (texts done, texts in all)


@dataclass(frozen=True)
class Score:
    """One figure: `value` between 0 and 1, with its 95 % interval, over so many `rows` of `texts`."""

    checkpoint: str
    measure: str
    texts: str
    value: float
    low: float
    high: float
    rows: int

    def __str__(self) -> str:
        """For example "0.847 (0.808 to 0.879)"."""
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def measurable() -> list[str]:
    """The checkpoints that there are evaluation texts for, in the catalogue's order."""
    return [name for name in checkpoints.names() if name in MEASURES]


def evaluate(name: str, progress: Progress = lambda done, of: None, rows: int | None = None) -> list[Score]:
    """Measure one checkpoint on the course's own texts. Introduced in day01_pipelines.

    `progress(done, of)` is called as it goes on; `rows` measures on the first so many texts of each set only.

    Raises:
        CheckpointError: unknown name, or one that there are no evaluation texts for.
    """
    checkpoints.describe(name)
    if name not in MEASURES:
        raise checkpoints.CheckpointError(
            f"There are no evaluation texts for {name!r}: they are there for {', '.join(measurable())}."
        )
    return [Score(name, *found) for found in MEASURES[name](_Counted(progress), rows)]


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of the share right/total (Wilson 1927, no continuity correction); it always holds the share."""
    if not 0 <= right <= total or total == 0:
        raise ValueError(f"{right} of {total} is no share.")
    z = 1.959964
    middle = (right + z * z / 2) / (total + z * z)
    half = z / (total + z * z) * math.sqrt(right * (total - right) / total + z * z / 4)
    share = right / total  # at 0 and 1 rounding would put it a hair outside
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def resampled(counts: Sequence[Sequence[float]], statistic: Callable, samples: int = 1000) -> tuple[float, float]:
    """The 95 % bootstrap interval of `statistic` over rows of counts (Efron 1979), with a fixed seed."""
    import numpy

    table, chance = numpy.array(counts), numpy.random.default_rng(0)
    drawn = [statistic(table[chance.integers(len(table), size=len(table))].sum(0)) for _ in range(samples)]
    low, high = numpy.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


class _Counted:
    """Hands texts on one by one, and says how far it is."""

    def __init__(self, progress: Progress):
        self.progress, self.done, self.total = progress, 0, 0

    def __call__(self, texts: Sequence) -> Iterator:
        self.total += len(texts)
        for text in texts:
            yield text
            self.done += 1
            self.progress(self.done, self.total)


def _share(measure: str, texts: str, right: Sequence[bool]) -> tuple:
    return measure, texts, sum(right) / len(right), *wilson(sum(right), len(right)), len(right)


def _own(name: str, rows: int | None) -> list[dict]:
    lines = (TEXTS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[:rows]]


def _corpus(name: str, split: str, rows: int | None) -> list[dict]:
    return list(corpora.corpus(name)[split])[:rows]


def _pipeline(task: str, name: str, **options):
    """A pipeline over a built-in checkpoint, without the library's progress bar."""
    from transformers import pipeline
    from transformers.utils import logging

    logging.disable_progress_bar()
    return pipeline(task, model=checkpoints.checkpoint(name), **options)


def _sentiment(counted: _Counted, rows: int | None) -> Iterator[tuple]:
    classify = _pipeline("text-classification", "sentiment", truncation=True)
    reviews = _corpus("reviews", "test", rows)
    found = [classify(row["text"])[0]["label"] == ("NEGATIVE", "POSITIVE")[row["label"]] for row in counted(reviews)]
    yield _share("accuracy", "corpora/reviews, test", found)
    plain = [right for right, row in zip(found, reviews) if row["kind"] == "plain"]
    if plain:
        yield _share("accuracy", "… of them the plain ones", plain)


def _entities(counted: _Counted, rows: int | None) -> Iterator[tuple]:
    labels = corpora.describe("entities").labels
    tagged = [
        {"tokens": row["tokens"], "tags": [labels[tag] for tag in row["ner_tags"]]}
        for row in _corpus("entities", "test", rows)
    ]
    for texts, part in (("corpora/entities, test", tagged), ("newswire, written for this", _own("newswire", rows))):
        counts = _entity_counts(part, counted)
        totals = [sum(column) for column in zip(*counts)]
        yield "entity F1", texts, entity_f1(totals), *resampled(counts, entity_f1), len(part)


def _entity_counts(rows: list[dict], counted: _Counted) -> list[tuple[int, int, int]]:
    """The entity counts of each row, tagged by the built-in checkpoint."""
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    folder = checkpoints.checkpoint("ner")
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForTokenClassification.from_pretrained(folder)
    counts = []
    for row in counted(rows):
        encoded = tokenizer(row["tokens"], is_split_into_words=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            best = model(**encoded).logits[0].argmax(-1).tolist()
        counts.append(
            entity_counts(row["tags"], word_tags(row["tokens"], encoded.word_ids(), best, model.config.id2label))
        )
    return counts


def word_tags(words: Sequence[str], word_ids: Sequence[int | None], best: Sequence[int], labels: dict) -> list[str]:
    """The tag of each word, which is that of its first piece; words that were cut off are O."""
    tags = ["O"] * len(words)
    for word, number in reversed(list(zip(word_ids, best))):
        if word is not None:
            tags[word] = labels[int(number)]
    return tags


def entity_counts(expected: Sequence[str], found: Sequence[str]) -> tuple[int, int, int]:
    """How many entities of exact span and kind are right, expected and found in one text's IOB2 tags (seqeval)."""
    from seqeval.metrics.sequence_labeling import get_entities

    gold, guess = set(get_entities(list(expected))), set(get_entities(list(found)))
    return len(gold & guess), len(gold), len(guess)


def entity_f1(counts: Sequence[float]) -> float:
    """F1 from how many entities are right, expected and found."""
    right, expected, found = counts
    return float(2 * right / (expected + found)) if expected + found else 0.0


def _answers(counted: _Counted, rows: int | None) -> Iterator[tuple]:
    """Overlap and exact match where there is an answer; and how often it is told rightly whether there is one."""
    questions = _corpus("questions", "validation", rows)
    overlaps, exact, told = [], [], []
    answer = _answerer()
    for row in counted(questions):
        text, nothing = answer(row["question"], row["context"])
        references = row["answers"]["text"]
        told.append((nothing > 0) == (not references))
        if references:
            overlaps.append((max(answer_overlap(text, reference) for reference in references), 1))
            exact.append(any(answer_words(text) == answer_words(reference) for reference in references))

    def mean(sums: Sequence[float]) -> float:
        return float(sums[0] / sums[1])

    texts = "corpora/questions, validation, answerable"
    yield "word F1", texts, mean([sum(c) for c in zip(*overlaps)]), *resampled(overlaps, mean), len(overlaps)
    yield _share("exact match", texts, exact)
    yield _share("tells whether there is an answer", "corpora/questions, validation", told)


def _answerer() -> Callable[[str, str], tuple[str, float]]:
    """A function that gives the best span of a context, and by how much "no answer" beats it."""
    import torch
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    folder = checkpoints.checkpoint("question-answering")
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForQuestionAnswering.from_pretrained(folder)

    def answer(question: str, context: str) -> tuple[str, float]:
        encoded = tokenizer(
            question, context, truncation="only_second", return_tensors="pt", return_offsets_mapping=True
        )
        places = encoded.pop("offset_mapping")[0].tolist()
        with torch.inference_mode():
            output = model(**encoded)
        starts, ends = output.start_logits[0].numpy(), output.end_logits[0].numpy()
        score, first, last = best_span(starts, ends, [part == 1 for part in encoded.sequence_ids(0)])
        return context[places[first][0] : places[last][1]], float(starts[0] + ends[0]) - score

    return answer


def best_span(starts, ends, allowed: Sequence[bool], longest: int = LONGEST_ANSWER) -> tuple[float, int, int]:
    """The highest start plus end logit of a span of allowed tokens, at most `longest` long; its first and last."""
    import numpy

    allowed = numpy.array(allowed)
    pairs = numpy.where(allowed, starts, -numpy.inf)[:, None] + numpy.where(allowed, ends, -numpy.inf)[None, :]
    near = numpy.triu(numpy.tril(numpy.ones_like(pairs, dtype=bool), longest - 1))
    pairs = numpy.where(near, pairs, -numpy.inf)
    first, last = numpy.unravel_index(pairs.argmax(), pairs.shape)
    return float(pairs[first, last]), int(first), int(last)


def answer_words(text: str) -> list[str]:
    """The words of an answer as SQuAD compares them (Rajpurkar et al. 2016): lower case, no punctuation or articles."""
    text = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def answer_overlap(found: str, expected: str) -> float:
    """Word F1 of two answers (Rajpurkar et al. 2016)."""
    one, other = answer_words(found), answer_words(expected)
    common = sum((Counter(one) & Counter(other)).values())
    return 2 * common / (len(one) + len(other)) if common else float(one == other)


def _entailment(counted: _Counted, rows: int | None) -> Iterator[tuple]:
    classify = _pipeline("text-classification", "entailment")
    pairs = _own("entailment", rows)
    right = [
        classify({"text": row["premise"], "text_pair": row["hypothesis"]})["label"] == row["label"]
        for row in counted(pairs)
    ]
    yield _share("accuracy, 3 labels", "pairs, written for this", right)
    classify = _pipeline("zero-shot-classification", "entailment")
    news = _own("news", rows)
    right = [classify(row["text"], NEWS_TOPICS)["labels"][0] == row["topic"] for row in counted(news)]
    yield _share("zero-shot accuracy, 1 of 4 topics", "short news, written for this", right)


def _blanks(counted: _Counted, rows: int | None) -> Iterator[tuple]:
    """One word in each sentence of the reports is masked, drawn at random among those that are one word piece."""
    fill = _pipeline("fill-mask", "fill-mask", top_k=5)
    chance = random.Random(0)
    right = []
    sentences = [
        sentence for row in _corpus("documents", "test", rows) for sentence in re.split(r"(?<=[.!?]) ", row["document"])
    ]
    for sentence in counted(sentences):
        words = [word for word in re.finditer(r"\b[a-z]+\b", sentence) if len(fill.tokenizer.tokenize(word[0])) == 1]
        if words:
            word = chance.choice(words)
            blanked = f"{sentence[: word.start()]}{fill.tokenizer.mask_token}{sentence[word.end() :]}"
            right.append(word[0] in [guess["token_str"] for guess in fill(blanked)])
    yield _share("top 5", "corpora/documents, test, one word in each sentence", right)


def _similarity(counted: _Counted, rows: int | None) -> Iterator[tuple]:
    """For each first sentence of a pair that says the same, is the second the nearest of all second sentences?"""
    import torch

    embed = _pipeline("feature-extraction", "embedding", return_tensors=True)
    pairs = [row for row in _corpus("paraphrases", "test", rows) if row["label"] == 1]
    sides = [
        torch.stack([embed(row[side])[0].mean(0) for row in counted(pairs)]) for side in ("sentence1", "sentence2")
    ]
    one, other = (torch.nn.functional.normalize(side, dim=-1) for side in sides)
    nearest = (one @ other.T).argmax(-1)
    yield _share(
        "nearest is the paraphrase", "corpora/paraphrases, test", (nearest == torch.arange(len(pairs))).tolist()
    )


MEASURES: dict[str, Callable] = {
    "sentiment": _sentiment,
    "ner": _entities,
    "question-answering": _answers,
    "entailment": _entailment,
    "fill-mask": _blanks,
    "embedding": _similarity,
}
