"""Trains `question-answering`: a LoRA adapter over the built-in encoder that finds the answer to a question in a text.

Data: a part of SQuAD 1.1's training questions (Rajpurkar et al. 2016). Every question has an answer there; so that the
model can also say "not here", some training windows are cut so that the answer is outside, and the answer is then the
first token, [CLS]. The no-answer score of a question is the score of [CLS] minus that of the best span.

Short windows come first, because they are cheap; a second training then shows nearly whole paragraphs, as they are
read when answering, and more questions without an answer: some are put to another paragraph on a like matter, some are
of the training split of the course's own `questions`.

    python recipes/question_answering.py --data ../shared/data --out build/question-answering
"""

from __future__ import annotations

import json
import random
from dataclasses import replace
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

from course_utils.evaluation import LONGEST_ANSWER, answer_overlap, answer_words, best_span

RANK = 20
PLAN = Plan(epochs=3, learning_rate=8e-4, tokens_a_batch=1536)
WINDOWS = [96, 128, 224]  # the longest input in tokens, by epoch: short windows first, they are cheaper
LONG = replace(PLAN, epochs=1, learning_rate=5e-4)
LONG_WINDOW = 288
LONG_SHARE = 0.65  # of the questions are in the second training; all of them would take half as long again
HIDDEN = 0.05  # share of the pieces that are masked in the second training
BORROWED = 0.06  # share of questions put to another paragraph there
ABSENT = 0.1  # share of training windows without the answer
LONGEST, STRIDE = 320, 96  # when answering
EXAMPLES = [("What is the capital of France?", "Paris is the capital of France.", "Paris")]  # never trained on


def load(data: Path, is_quick: bool) -> dict[str, list[dict]]:
    """The rows by part, cut by paragraph; trained on are those whose answer occurs once, so that its place is sure."""
    rows = read_rows(data, "qa/squad_train_part")
    sizes = {"test": 2, "validation": 1} if is_quick else {"test": 700, "validation": 200}
    cut = grouped_split([row["context"] for row in rows], sizes, seed=0)
    parts = {part: [rows[row] for row in numbers] for part, numbers in cut.items()}
    few = slice(6 if is_quick else None)
    return parts | {
        "train": [row for row in parts["train"] if row["occurrences"] == 1],
        "own train": own_questions("train")[few],
        "own test": own_questions("validation")[few],
    }


def own_questions(split: str) -> list[dict]:
    """The rows of the course's own corpus `questions`; "answer" is the first of the answers, or "" if there is none."""
    lines = (ROOT / "corpora" / "questions" / f"{split}.jsonl").read_text(encoding="utf8").splitlines()
    return [
        {
            **row,
            "answer": next(iter(row["answers"]["text"]), ""),
            "answer_start": next(iter(row["answers"]["answer_start"]), 0),
        }
        for row in map(json.loads, lines)
    ]


def elsewhere(rows: list[dict], count: int, seed: int) -> list[dict]:
    """Some questions, each with the other paragraph that has most words in common with it and not its answer."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    contexts = list(dict.fromkeys(row["context"] for row in rows))
    drawn = random.Random(seed).sample(rows, max(1, min(count, len(rows))))
    words = TfidfVectorizer(stop_words="english", sublinear_tf=True)
    table = words.fit_transform(contexts)
    found = []
    for row, near in zip(drawn, (words.transform([row["question"] for row in drawn]) @ table.T).toarray()):
        others = (contexts[place] for place in near.argsort()[::-1])
        other = next((text for text in others if row["answer"].lower() not in text.lower()), None)
        if other:
            found.append({"question": row["question"], "context": other, "answer": "", "answer_start": 0})
    return found


def windows(tokenizer, rows: list[dict], longest: int, chance: random.Random) -> list[dict]:
    """One training window a row: as much of the text around the answer as fits, cut at a random place."""
    cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
    questions = tokenizer([row["question"] for row in rows], add_special_tokens=False, truncation=True, max_length=40)
    contexts = tokenizer([row["context"] for row in rows], add_special_tokens=False, return_offsets_mapping=True)
    examples = []
    for row, question, ids, places in zip(
        rows, questions["input_ids"], contexts["input_ids"], contexts["offset_mapping"]
    ):
        low, high = row["answer_start"], row["answer_start"] + len(row["answer"])
        inside = [token for token, (start, end) in enumerate(places) if end > low and start < high] or [len(ids)]
        room = longest - len(question) - 3
        first, last = inside[0], inside[-1]
        if last - first >= min(room, LONGEST_ANSWER):
            continue
        if not row["answer"]:
            begin_at = chance.randint(0, max(0, len(ids) - room))
            end_at = min(len(ids), begin_at + room)
        elif chance.random() < ABSENT and max(first, len(ids) - last - 1) > 20:
            part = (0, first) if first > len(ids) - last - 1 else (last + 1, len(ids))
            begin_at = chance.randint(part[0], max(part[0], part[1] - room))
            end_at = min(part[1], begin_at + room)
        else:
            begin_at = chance.randint(max(0, last + 1 - room), max(0, min(first, len(ids) - room)))
            end_at = begin_at + room
        prefix = len(question) + 2
        has_answer = begin_at <= first and last < end_at
        body = ids[begin_at:end_at]
        examples.append(
            {
                "input_ids": [cls, *question, sep, *body, sep],
                "token_type_ids": [0] * prefix + [1] * (len(body) + 1),
                "start_positions": prefix + first - begin_at if has_answer else 0,
                "end_positions": prefix + last - begin_at if has_answer else 0,
            }
        )
    return examples


def answers(model, tokenizer, rows: list[dict]) -> list[tuple[str, float]]:
    """For each row the best span of its context, and the no-answer score (above 0: [CLS] beats every span)."""
    encoded = tokenizer(
        [row["question"] for row in rows],
        [row["context"] for row in rows],
        truncation="only_second",
        max_length=LONGEST,
        stride=STRIDE,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    examples = [
        {"input_ids": ids, "token_type_ids": kinds}
        for ids, kinds in zip(encoded["input_ids"], encoded["token_type_ids"])
    ]
    best = [("", float("-inf"), float("inf")) for _ in rows]
    for number, (starts, ends) in enumerate(logits(model, examples)):
        row = encoded["overflow_to_sample_mapping"][number]
        context, places = encoded.sequence_ids(number), encoded["offset_mapping"][number]
        score, first, last = best_span(starts, ends, [part == 1 for part in context])
        nothing = min(best[row][2], float(starts[0] + ends[0]))
        text, before = best[row][0], best[row][1]
        if score > before:
            text, before = rows[row]["context"][places[first][0] : places[last][1]], score
        best[row] = (text, before, nothing)
    return [(text, nothing - score) for text, score, nothing in best]


def measure(model, tokenizer, rows: list[dict]) -> dict:
    """Exact match with its interval, and mean word F1 with the interval of the mean (1.96 standard errors)."""
    import numpy

    found = [text for text, _ in answers(model, tokenizer, rows)]
    exact = [answer_words(text) == answer_words(row["answer"]) for text, row in zip(found, rows)]
    scores = numpy.array([answer_overlap(text, row["answer"]) for text, row in zip(found, rows)])
    half = 1.96 * scores.std() / len(scores) ** 0.5
    mean = float(scores.mean())
    return {"exact match": share(exact), "F1": {"value": mean, "low": mean - half, "high": mean + half}}


def measure_own(model, tokenizer, rows: list[dict]) -> dict:
    """As `measure`, on what has an answer; and how well the no-answer score tells what has none (area under ROC)."""
    from sklearn.metrics import roc_auc_score

    scores = [score for _, score in answers(model, tokenizer, rows)]
    absent = [not row["answer"] for row in rows]
    return {
        **measure(model, tokenizer, [row for row in rows if row["answer"]]),
        "no-answer score, area under ROC": float(roc_auc_score(absent, scores))
        if 0 < sum(absent) < len(rows)
        else None,
        "tells whether there is an answer": share([(score > 0) == none for score, none in zip(scores, absent)]),
    }


def main(argv: list[str] | None = None, stop_after: int | None = None) -> dict:
    """Trains, saves and measures; returns the metrics, or what was done when stopped."""
    from transformers import AutoModelForQuestionAnswering

    options, plan, tokenizer = begin("question_answering", __doc__.splitlines()[0], PLAN, argv)
    data = load(options.data, options.quick)

    def validate(model) -> str:
        found = measure(model, tokenizer, data["validation"])
        return f"F1 {found['F1']['value']:.3f}, exact match {found['exact match']['value']:.3f}"

    def base():
        return encoder_for(AutoModelForQuestionAnswering)

    model = with_adapter(base(), RANK, ["qa_outputs"])
    costs = train(
        model,
        lambda epoch: windows(tokenizer, data["train"], WINDOWS[epoch], random.Random(plan.seed * 1000 + epoch)),
        plan,
        options.out / "training",
        validate,
        stop_after=stop_after,
    )
    if not costs["finished"]:
        return costs

    def long_windows(epoch: int) -> list[dict]:
        chance = random.Random(plan.seed * 1000 + 500 + epoch)
        borrowed = elsewhere(data["train"], round(BORROWED * len(data["train"])), plan.seed * 1000 + epoch)
        part = chance.sample(data["train"], round(LONG_SHARE * len(data["train"])))
        found = windows(tokenizer, part + borrowed + data["own train"] * 2, LONG_WINDOW, chance)
        return hidden(found, tokenizer.mask_token_id, HIDDEN, chance)

    longer = replace(LONG, seed=plan.seed, epochs=min(LONG.epochs, plan.epochs), tokens_a_batch=plan.tokens_a_batch)
    costs = both_costs(costs, train(model, long_windows, longer, options.out / "long", validate))
    ends = [
        weights_after(plan.epochs, options.out / "training"),
        weights_after(longer.epochs, options.out / "long"),
    ]
    tried = {}
    for points in (ends[1:], ends):
        set_to_average(model, points)
        tried[measure(model, tokenizer, data["validation"])["F1"]["value"]] = points
        print(f"average of {len(points)}: {validate(model)}")
    set_to_average(model, tried[max(tried)])
    save_adapter(model, options.out)
    merged = load_adapter(base(), options.out)
    typed = [{"question": question, "context": context} for question, context, _ in EXAMPLES]
    metrics = {
        "training": costs,
        "average": {"points": len(tried[max(tried)]), "validation": validate(merged)},
        "sizes": {part: len(rows) for part, rows in data.items()},
        "test": measure(merged, tokenizer, data["test"]),
        "the course's own questions": measure_own(merged, tokenizer, data["own test"]),
        "examples": {row["question"]: text for row, (text, _) in zip(typed, answers(merged, tokenizer, typed))},
    }
    return report(metrics, options.out)


if __name__ == "__main__":
    run(main)
