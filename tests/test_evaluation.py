"""Measuring the checkpoints again on the course's own texts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from course_utils import checkpoints, cli, evaluation
from course_utils.checkpoints import CheckpointError

# What the first texts of each set must give at least: far below what the checkpoints reach, far above chance.
FLOORS = {
    ("sentiment", "accuracy"): 0.65,
    ("ner", "entity F1"): 0.45,
    ("question-answering", "word F1"): 0.4,
    ("question-answering", "exact match"): 0.25,
    ("entailment", "accuracy, 3 labels"): 0.55,
    ("entailment", "zero-shot accuracy, 1 of 4 topics"): 0.5,
    ("fill-mask", "top 5"): 0.3,
    ("embedding", "nearest is the paraphrase"): 0.9,
}


@pytest.mark.parametrize("name", evaluation.measurable())
def test_every_checkpoint_is_far_better_than_chance(name):
    seen = []
    scores = evaluation.evaluate(name, lambda done, of: seen.append((done, of)), rows=40)
    assert scores and seen and seen[-1][0] == seen[-1][1] == len(seen)
    for score in scores:
        assert score.checkpoint == name and score.rows > 0 and score.low <= score.value <= score.high
        assert score.value >= FLOORS.get((name, score.measure), 0), f"{name}, {score.texts}: {score}"
    assert {score.measure for score in scores} >= {measure for own, measure in FLOORS if own == name}


def test_an_unknown_name_and_one_without_texts_are_one_sentence():
    with pytest.raises(CheckpointError, match="did you mean 'sentiment'"):
        evaluation.evaluate("sentimnt")
    with pytest.raises(CheckpointError, match="no evaluation texts for 'encoder'"):
        evaluation.evaluate("encoder")


def test_the_command_prints_one_table(monkeypatch):
    score = evaluation.Score("sentiment", "accuracy", "some texts", 0.8471, 0.8083, 0.8792, 400)
    monkeypatch.setattr(evaluation, "evaluate", lambda name, progress: [score])
    result = CliRunner().invoke(cli.app, ["models", "sentiment", "--evaluate"])
    assert result.exit_code == 0 and "0.847 (0.808 to 0.879)" in " ".join(result.output.split())
    result = CliRunner().invoke(cli.app, ["models", "sentimnt", "--evaluate"])
    assert result.exit_code == 1 and "did you mean 'sentiment'" in result.output


@given(right=st.integers(0, 50), wrong=st.integers(0, 50))
def test_the_interval_holds_the_share(right, wrong):
    if right + wrong:
        low, high = evaluation.wilson(right, right + wrong)
        assert 0 <= low <= right / (right + wrong) <= high <= 1


def test_the_interval_is_wilsons():
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3: 81/263 and 0/20.
    assert evaluation.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert evaluation.wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    with pytest.raises(ValueError, match="no share"):
        evaluation.wilson(3, 2)


def test_resampling_is_repeatable_and_holds_the_value():
    counts = [(1, 2, 1), (0, 1, 0), (3, 3, 4), (0, 0, 0)] * 10
    value = evaluation.entity_f1([sum(column) for column in zip(*counts)])
    low, high = evaluation.resampled(counts, evaluation.entity_f1)
    assert low < value < high and (low, high) == evaluation.resampled(counts, evaluation.entity_f1)


def test_answers_are_compared_as_squad_does():
    assert evaluation.answer_words("The Eiffel-Tower, a tower!") == ["eiffeltower", "tower"]
    assert evaluation.answer_overlap("in the sandy soil", "sandy soil") == pytest.approx(0.8)
    assert evaluation.answer_overlap("clay", "sandy soil") == 0


def test_the_texts_are_well_formed():
    pairs = evaluation._own("entailment", None)
    assert {row["label"] for row in pairs} == {"entailment", "neutral", "contradiction"} and len(pairs) >= 60
    news = evaluation._own("news", None)
    assert {row["topic"] for row in news} == set(evaluation.NEWS_TOPICS) and len(news) >= 60
    for row in evaluation._own("newswire", None):
        assert len(row["tokens"]) == len(row["tags"])
        for before, tag in zip(["O", *row["tags"]], row["tags"]):
            assert not tag.startswith("I-") or before[2:] == tag[2:]
    lines = [line for file in evaluation.TEXTS.glob("*.jsonl") for line in file.read_text().splitlines()]
    assert len(lines) == len(set(lines)) and all(json.loads(line) for line in lines)


def test_no_evaluation_text_is_an_example_that_was_trained_on():
    trained = {row["text"] for row in evaluation._corpus("reviews", "train", None)}
    assert not trained & {row["text"] for row in evaluation._corpus("reviews", "test", None)}
    trained = {" ".join(row["tokens"]) for row in evaluation._corpus("entities", "train", None)}
    assert not trained & {" ".join(row["tokens"]) for row in evaluation._own("newswire", None)}


def test_measurable_follows_the_catalogue():
    assert set(evaluation.measurable()) <= set(checkpoints.names()) and "sentiment" in evaluation.measurable()
