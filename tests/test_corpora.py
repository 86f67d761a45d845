"""The course's own data sets: they load offline, and they are what their cards say."""

import importlib.util
import json
import statistics
import urllib.request

import pytest

from course_utils import corpora
from course_utils.corpora import CorpusError, corpus, describe
from course_utils.syllabus import ROOT

spec = importlib.util.spec_from_file_location("measure_corpora", ROOT / "recipes" / "measure_corpora.py")
measured = importlib.util.module_from_spec(spec)
spec.loader.exec_module(measured)

ROWS = {
    "reviews": {"train": 1200, "test": 400},
    "paraphrases": {"train": 700, "test": 300},
    "entities": {"train": 700, "test": 250},
    "pairs_en_fr": {"train": 200, "test": 100},
    "documents": {"train": 100, "test": 50},
}
every_corpus = pytest.mark.parametrize("name", corpora.names())


@pytest.fixture(scope="module", autouse=True)
def private_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def rows(private_cache):
    return {name: measured.rows_of(name) for name in corpora.names()}


@every_corpus
def test_it_loads_with_its_features_and_no_network(name, monkeypatch):
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_: pytest.fail("the network was asked"))
    data = corpus(name)
    assert list(data) == list(describe(name).splits)
    assert list(data["train"].features) == list(describe(name).fields)


@pytest.mark.parametrize(("name", "sizes"), ROWS.items(), ids=list(ROWS))
def test_it_has_the_rows_that_were_promised(rows, name, sizes):
    assert {split: len(part) for split, part in rows[name].items()} == sizes


def test_questions_have_their_paragraphs(rows):
    everything = [row for part in rows["questions"].values() for row in part]
    contexts = {row["context"] for row in everything}
    assert len(contexts) == 120
    counts = [sum(row["context"] == context for row in everything) for context in contexts]
    assert min(counts) >= 3 and max(counts) <= 5
    assert all(60 <= len(measured.words(context)) <= 150 for context in contexts)
    assert 0.15 <= statistics.mean(not row["answers"]["text"] for row in everything) <= 0.45
    assert len({row["id"] for row in everything}) == len(everything)


@every_corpus
def test_no_two_texts_are_nearly_the_same(rows, name):
    texts = measured.texts_of(name, [row for part in rows[name].values() for row in part])
    share, pair = measured.largest_overlap(texts)
    assert share <= 0.6, pair


@every_corpus
def test_no_text_is_in_two_splits(rows, name):
    assert measured.texts_in_both(name, rows[name]) == set()


@every_corpus
def test_spans_stand_where_they_are_said_to(rows, name):
    assert measured.broken_spans(name, rows[name]) == []


@every_corpus
def test_the_card_says_what_is_measured(name):
    card = describe(name).card.read_text(encoding="utf-8")
    for heading in ("## Why", "## How it was written", "## Measured", "## Known gaps", "## Licence"):
        assert heading in card
    assert "second reading" in card.lower()


@pytest.mark.parametrize("name", [n for n in corpora.names() if n != "reviews"])
def test_the_figures_in_the_card_are_todays(name):
    assert measured.as_table(measured.measure(name)) in describe(name).card.read_text(encoding="utf-8")


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", ["reviews", "paraphrases"])
def test_labels_are_balanced(rows, name, split):
    assert statistics.mean(row["label"] for row in rows[name][split]) == pytest.approx(0.5, abs=0.02)


def test_reviews_are_varied_and_a_third_are_not_plain(rows):
    everything = [row for part in rows["reviews"].values() for row in part]
    assert len({word for row in everything for word in measured.words(row["text"])}) >= 6000
    assert all(13 <= len(measured.words(row["text"])) <= 125 for row in everything)
    kinds = {kind: sum(row["kind"] == kind for row in everything) for kind in {row["kind"] for row in everything}}
    assert set(kinds) == {"plain", "mixed", "negated", "ironic", "understated"}
    assert 0.3 <= 1 - kinds["plain"] / len(everything) <= 0.4
    assert {row["topic"] for row in everything} == {"film", "meal", "place", "thing"}


def test_reviews_can_be_learned_but_not_by_counting_words(rows):
    assert 0.70 <= measured.bag_of_words_accuracy(rows["reviews"]) <= 0.88


def test_the_sentiment_checkpoint_does_well_on_reviews(rows):
    assert 0.80 <= measured.checkpoint_accuracy(rows["reviews"]["test"]) <= 0.97


def test_shared_words_do_not_give_a_paraphrase_away(rows):
    everything = [row for part in rows["paraphrases"].values() for row in part]
    overlap = [statistics.mean(measured.word_overlap(r) for r in everything if r["label"] == label) for label in (0, 1)]
    assert overlap[0] >= overlap[1] - 0.05


def test_every_kind_of_entity_is_there_in_both_splits(rows):
    for part in rows["entities"].values():
        tags = {tag for row in part for tag in row["ner_tags"]}
        assert tags == set(range(9))


def test_unknown_name_gives_the_nearest():
    with pytest.raises(CorpusError, match="did you mean 'reviews'"):
        corpus("review")


def test_hub_mode_without_network_says_what_to_do(monkeypatch):
    monkeypatch.setenv("COURSE_DATA", "hub")
    with pytest.raises(CorpusError, match="unset COURSE_DATA"):
        corpus("reviews")
    with pytest.raises(CorpusError, match="no twin"):
        corpus("entities")
    monkeypatch.setenv("COURSE_DATA", "hubb")
    with pytest.raises(CorpusError, match="'builtin' or 'hub'"):
        corpus("reviews")


def test_a_cache_that_cannot_be_written_is_no_obstacle(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way of the folder")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert corpus("documents")["test"].num_rows == 50


def test_a_damaged_row_and_a_missing_file_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(corpora, "CORPORA", tmp_path)
    with pytest.raises(CorpusError, match=r"train\.jsonl is missing"):
        corpus("reviews")
    (tmp_path / "reviews").mkdir()
    row = {"text": "a", "label": "maybe", "kind": "plain", "topic": "film"}
    for split in ("train", "test"):
        (tmp_path / "reviews" / f"{split}.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(CorpusError, match="'reviews' has a row that does not fit"):
        corpus("reviews")
