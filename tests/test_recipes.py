"""The recipes: their data cuts, their batches, and a training that can be stopped, resumed and repeated."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils import evaluation
from course_utils.syllabus import ROOT


@pytest.fixture(scope="module")
def encoder_tokenizer(training):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(training.encoder_directory()))


@pytest.fixture(scope="module")
def sentiment(training):
    import sentiment

    return sentiment


@pytest.fixture(scope="module")
def quick_run(sentiment, tmp_path_factory):
    """One whole quick training of `sentiment`: its folder and its metrics."""
    out = tmp_path_factory.mktemp("sentiment")
    return out, sentiment.main(["--quick", "--out", str(out), "--threads", "1"])


def weights(folder: Path) -> dict:
    from safetensors.torch import load_file

    return load_file(folder / "adapter_model.safetensors")


# ---------------------------------------------------------------- data


def test_missing_data_is_one_sentence(tmp_path):
    command = [
        sys.executable,
        str(ROOT / "recipes" / "sentiment.py"),
        "--data",
        str(tmp_path),
        "--out",
        str(tmp_path / "out"),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "There is no training data sentiment/sst2_train.jsonl.gz" in done.stderr
    assert "--data FOLDER" in done.stderr and "--quick" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out" / "adapter_model.safetensors").exists()


def test_damaged_data_is_one_sentence(training, tmp_path):
    (tmp_path / "rows.jsonl.gz").write_bytes(b"\x1f\x8bnot gzip at all")
    with pytest.raises(training.RecipeError, match=r"rows\.jsonl\.gz cannot be read"):
        training.read_rows(tmp_path, "rows")


@given(groups=st.lists(st.integers(0, 12), min_size=1, max_size=60), seed=st.integers(0, 5), size=st.integers(0, 20))
def test_no_group_is_on_two_sides(training, groups, seed, size):
    parts = training.grouped_split(groups, {"test": size, "validation": size}, seed)
    assert sorted(row for rows in parts.values() for row in rows) == list(range(len(groups)))
    sides = [{groups[row] for row in rows} for rows in parts.values()]
    assert sum(map(len, sides)) == len(set(groups))
    assert len(parts["test"]) >= min(size, len(groups))


def test_a_phrase_stays_with_its_sentence(sentiment):
    texts = [
        "the plot was lovely , said nobody at all .",
        "the plot was lovely",
        "lovely",
        "a lovely evening for everyone .",
        "one two three four five six seven",
        "two three four five six seven eight",
        "six seven",
    ]
    groups, outermost = sentiment.sentence_groups(texts)
    assert sorted(outermost) == [0, 3, 4, 5]
    assert groups[1] == groups[0] and len(groups[0]) == 1
    assert groups[2] == sorted(groups[0] + groups[3])  # a phrase of two sentences belongs to both
    assert groups[4] == groups[5] == groups[6]  # six words in common: pieces of one sentence


def test_the_treebank_split_of_the_quick_data_does_not_leak(sentiment, training):
    rows = training.read_rows(training.QUICK_DATA, "sentiment/sst2_train")
    parts = sentiment.split_treebank(rows, validation=4, test=4, seed=0)
    assert len(parts["test"]) == len(parts["validation"]) == 4 and len(parts["train"]) > 20
    held = [f" {row['text']} " for part in ("test", "validation") for row in parts[part]]
    assert not [row for row in parts["train"] for text in held if f" {row['text']} " in text]
    # The pieces of the held-out sentences are in the file, so the test above had something to catch.
    assert [row for row in rows for text in held if f" {row['text']} " in text and f" {row['text']} " != text]


def test_premises_and_labels_do_not_leak(training):
    import entailment

    data = entailment.load(training.QUICK_DATA, is_quick=True)
    for name in ("snli_dev", "rte_train"):
        sides = [{row["premise"] for row in rows} for rows in data[name].values()]
        assert all(sides) and len(set.union(*sides)) == sum(map(len, sides))
    for name in ("clinc150_train", "banking77_train"):
        seen, unseen = ({row["label"] for row in data[name][part]} for part in ("train", "unseen labels"))
        assert seen and unseen and not seen & unseen


def test_tweets_that_differ_in_a_link_are_one_group():
    import ner

    one, other = (
        ["See", "you", "in", "Leeds", "http://a.b/1", "@mia"],
        ["see", "you", "in", "leeds", "http://c.d/2", "@tom"],
    )
    assert ner.alike(one) == ner.alike(other) != ner.alike(["See", "you", "in", "York"])


# ---------------------------------------------------------------- text and labels


@pytest.mark.parametrize(
    ("spaced", "written"),
    [
        ("it ca n't be , well , true .", "it can't be, well, true."),
        ("he 's good -lrb- and knows it -rrb- !", "he's good (and knows it)!"),
        ("`` wow '' is right", '"wow" is right'),
        ("already written as usual.", "already written as usual."),
    ],
)
def test_detokenise(sentiment, spaced, written):
    assert sentiment.detokenise(spaced) == written


def test_a_set_without_misc_neither_teaches_nor_unlearns_it():
    import ner
    import torch

    class Fixed:
        """Gives fixed logits, so that the loss can be worked out by hand."""

        def __init__(self, logits):
            self.logits = logits

        def __call__(self, **inputs):
            return self

    logits = torch.zeros(1, 1, len(ner.LABELS))
    logits[0, 0, ner.NUMBERS["B-MISC"]] = 4.0
    either = ner.loss_of(Fixed(logits), {"labels": torch.tensor([[ner.NOT_NAMED]])})
    outside = ner.loss_of(Fixed(logits), {"labels": torch.tensor([[ner.NUMBERS["O"]]])})
    expected = -(logits.softmax(-1)[0, 0, [ner.NUMBERS[name] for name in ("O", "B-MISC", "I-MISC")]].sum().log())
    assert either == pytest.approx(float(expected), abs=1e-5)
    assert outside > either + 3


def test_further_pieces_of_a_word_continue_its_entity(training):
    import ner
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(training.encoder_directory()))
    example = ner.encode(tokenizer, [{"tokens": ["Cupertino", "rains"], "tags": ["B-LOC", "O"]}])[0]
    pieces = tokenizer.convert_ids_to_tokens(example["input_ids"])
    names = [ner.LABELS.get(label, "-") for label in example["labels"]]
    assert pieces[0] == "[CLS]" and names[0] == names[-1] == "-"
    assert names[1] == "B-LOC" and "##" in pieces[2] and names[2] == "I-LOC"


def test_tags_are_read_at_the_first_piece(training, monkeypatch):
    import ner
    import numpy
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(training.encoder_directory()))

    def first_piece_is_a_place(model, examples):
        found = []
        for example in examples:
            pieces = tokenizer.convert_ids_to_tokens(example["input_ids"])
            inner = [ner.NUMBERS["I-PER"] if piece.startswith("##") else ner.NUMBERS["B-LOC"] for piece in pieces]
            found.append(numpy.eye(len(ner.LABELS))[inner])
        return found

    monkeypatch.setattr(ner, "logits", first_piece_is_a_place)
    assert ner.tags(None, tokenizer, [{"tokens": ["Cupertino", "Graz"]}]) == [["B-LOC", "B-LOC"]]


def test_answer_windows_hold_the_answer_or_say_that_they_do_not(training):
    import random

    import question_answering
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(training.encoder_directory()))
    rows = training.read_rows(training.QUICK_DATA, "qa/squad_train_part")
    absent = 0
    for seed in range(30):
        examples = question_answering.windows(tokenizer, rows, 34, random.Random(seed))
        assert len(examples) == len(rows)
        for row, example in zip(rows, examples):
            first, last = example["start_positions"], example["end_positions"]
            assert len(example["input_ids"]) == len(example["token_type_ids"]) <= 34
            answer = tokenizer.decode(example["input_ids"][first : last + 1])
            text = tokenizer.decode(example["input_ids"])
            absent += first == 0
            assert answer == ("[CLS]" if first == last == 0 else row["answer"].lower())
            assert first or row["answer"].lower() not in text.split("[SEP]")[1]
    assert 0 < absent < 30 * len(rows) / 4


def test_a_borrowed_paragraph_does_not_hold_the_answer(training):
    import random

    import question_answering
    from transformers import AutoTokenizer

    rows = training.read_rows(training.QUICK_DATA, "qa/squad_train_part")
    found = question_answering.elsewhere(rows, len(rows), seed=0)
    contexts = {row["question"]: row["context"] for row in rows}
    answers = {row["question"]: row["answer"] for row in rows}
    assert len(found) == len(rows)
    for row in found:
        assert row["context"] != contexts[row["question"]] and answers[row["question"]] not in row["context"]
    tokenizer = AutoTokenizer.from_pretrained(str(training.encoder_directory()))
    examples = question_answering.windows(tokenizer, found, 200, random.Random(0))
    assert len(examples) == len(found) and {example["start_positions"] for example in examples} == {0}


@given(starts=st.lists(st.integers(-9, 9), min_size=2, max_size=9), seed=st.integers(0, 99), longest=st.integers(1, 4))
def test_best_span_is_the_best_of_all_spans(starts, seed, longest):
    import random

    import numpy

    chance = random.Random(seed)
    ends = [chance.randint(-9, 9) for _ in starts]
    allowed = [False, *(chance.random() < 0.8 for _ in starts[2:]), True]
    spans = [
        starts[first] + ends[last]
        for first in range(len(starts))
        for last in range(first, min(len(starts), first + longest))
        if allowed[first] and allowed[last]
    ]
    score, first, last = evaluation.best_span(
        numpy.array(starts, dtype=float), numpy.array(ends, dtype=float), allowed, longest
    )
    assert score == max(spans) == starts[first] + ends[last]
    assert allowed[first] and allowed[last] and 0 <= last - first < longest


@pytest.fixture(scope="module")
def casing_tokenizer(training):
    import ner

    return ner.casing_tokenizer()


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("John works at NASA.", ["john", "##↑", "works", "at", "nasa", "##■", "."]),
        ("in cupertino, I was 3", ["in", "cup", "##ert", "##ino", ",", "i", "##↑", "was", "3"]),
        ("McKay's iPhone", ["mckay", "##↑", "'", "s", "iphone", "##↑"]),
        ("Élan élan", ["el", "##an", "##↑", "el", "##an"]),
    ],
)
def test_capitals_are_marked(casing_tokenizer, text, pieces):
    encoded = casing_tokenizer(text, return_offsets_mapping=True)
    assert encoded.tokens()[1:-1] == pieces
    assert all(0 <= start < end <= len(text) for start, end in encoded["offset_mapping"][1:-1])
    assert not {"↑", "■"} & set(casing_tokenizer.decode(encoded["input_ids"]))


@given(st.text(st.characters(codec="utf-8", exclude_characters="↑■↓", exclude_categories=["Cs", "Cn", "Co"])))
def test_beside_the_marks_the_pieces_are_the_encoders(casing_tokenizer, encoder_tokenizer, text):
    marks = casing_tokenizer.convert_tokens_to_ids(["##↑", "##■"])
    ids = casing_tokenizer(text)["input_ids"]
    assert [piece for piece in ids if piece not in marks] == encoder_tokenizer(text)["input_ids"]


def test_the_checkpoint_holds_the_tokenizer_of_its_recipe(casing_tokenizer):
    stored = ROOT / "checkpoints" / "ner" / "tokenizer.json"
    assert json.loads(stored.read_text(encoding="utf8")) == json.loads(casing_tokenizer.backend_tokenizer.to_str())


def test_a_mark_belongs_to_its_word(casing_tokenizer):
    words = casing_tokenizer(["Apple", "Inc.", "of", "USA"], is_split_into_words=True).word_ids()
    assert words == [None, 0, 0, 1, 1, 1, 2, 3, 3, None]


def test_other_casings_keep_tags_and_links():
    import random

    import ner

    row = {"tokens": ["See", "Leeds", "http://t.co/AbC"], "tags": ["O", "B-LOC", "O"]}
    found = [ner.other_casing(row, random.Random(seed)) for seed in range(300)]
    assert {" ".join(one["tokens"][:2]) for one in found} == {"See Leeds", "see leeds", "SEE LEEDS"}
    assert all(one["tags"] == row["tags"] and one["tokens"][2] == row["tokens"][2] for one in found)
    assert sum(one["tokens"] == row["tokens"] for one in found) > 200


def test_one_piece_in_five_is_masked_and_remembered():
    import random

    import fill_mask

    lists = [[101, *range(1000, 1050), 102], [101, 7, 8, 9, 102]]
    for ids, example in zip(lists, fill_mask.masked(lists, 103, random.Random(0))):
        places = [place for place, label in enumerate(example["labels"]) if label != -100]
        assert len(places) == (10 if len(ids) > 10 else 1)
        assert all(example["input_ids"][place] == 103 and example["labels"][place] == ids[place] for place in places)
        assert [piece for place, piece in enumerate(example["input_ids"]) if place not in places] == [
            piece for place, piece in enumerate(ids) if place not in places
        ]
        assert example["labels"][0] == example["labels"][-1] == -100


# ---------------------------------------------------------------- figures and batches


@given(lengths=st.lists(st.integers(1, 80), max_size=60), tokens=st.integers(1, 200), seed=st.integers(0, 3))
def test_every_row_is_in_one_batch_and_batches_are_small_enough(training, lengths, tokens, seed):
    batches = training.length_buckets(lengths, tokens, seed)
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= tokens
    assert batches == training.length_buckets(lengths, tokens, seed)


def test_averaging_steps_back_in_the_encoder_only(training, tmp_path):
    import torch
    from safetensors.torch import save_file

    class Tiny(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lora_A, self.lora_B, self.head = (torch.nn.Parameter(torch.zeros(1)) for _ in range(3))
            self.frozen = torch.nn.Parameter(torch.ones(1), requires_grad=False)

    model = Tiny()
    assert set(training.trained_weights(model)) == {"lora_A", "lora_B", "head"}
    files = [tmp_path / "epoch_1.safetensors", tmp_path / "epoch_2.safetensors"]
    for file, values in zip(files, ((2.0, 4.0, 6.0), (4.0, 6.0, 8.0))):
        save_file({name: torch.tensor([value]) for name, value in zip(("lora_A", "lora_B", "head"), values)}, file)
    training.set_to_average(model, files, kept=0.5)
    assert [weight.item() for weight in (model.lora_A, model.lora_B, model.head, model.frozen)] == [3.0, 2.5, 7.0, 1.0]
    training.set_to_average(model, files[1:])
    assert [weight.item() for weight in (model.lora_A, model.lora_B, model.head)] == [4.0, 6.0, 8.0]


def test_hidden_masks_a_share_of_the_words_and_nothing_special(training):
    import random

    examples = [{"input_ids": [101, *range(2000, 2100), 102], "labels": 1}] * 20
    found = training.hidden(examples, 103, 0.25, random.Random(0))
    assert all(example["input_ids"][0] == 101 and example["input_ids"][-1] == 102 for example in found)
    masked = [sum(piece == 103 for piece in example["input_ids"]) for example in found]
    assert 400 < sum(masked) < 600 and len(set(masked)) > 3
    kept = {piece for example in found for piece in example["input_ids"]}
    assert kept <= {101, 102, 103, *range(2000, 2100)} and {example["labels"] for example in found} == {1}


def test_collate_pads_and_masks(training):
    batch = training.collate([{"input_ids": [5, 6, 7], "labels": [1, 2, 3]}, {"input_ids": [0], "labels": [4]}])
    assert batch["input_ids"].tolist() == [[5, 6, 7], [0, 0, 0]]
    assert batch["labels"].tolist() == [[1, 2, 3], [4, -100, -100]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]


# ---------------------------------------------------------------- whole trainings


def test_quick_run_gives_an_adapter_that_the_course_can_load(quick_run, training):
    folder, metrics = quick_run
    adapter = json.loads((folder / "adapter_config.json").read_text())
    config = json.loads((folder / "config.json").read_text())
    assert adapter["base_model_name_or_path"] == training.ENCODER_NAME
    assert config["id2label"] == {"0": "NEGATIVE", "1": "POSITIVE"}
    assert config["architectures"] == ["BertForSequenceClassification"]
    assert str(Path.home()) not in (folder / "adapter_config.json").read_text() + (folder / "config.json").read_text()
    assert (folder / "adapter_model.safetensors").stat().st_size <= 2_000_000
    assert {tensor.dtype.itemsize for tensor in weights(folder).values()} == {2}
    assert metrics["training"]["seconds"] > 0 and metrics["training"]["peak_memory_bytes"] > 1e8
    assert set(metrics["accuracy"]) == {
        "sentences, spaced out as in the treebank",
        "sentences, as people write",
        "whole reviews",
        "the course's own reviews",
    }
    assert json.loads((folder / "metrics.json").read_text()) == metrics


def test_quick_run_learns_something(quick_run):
    import torch

    moved = [tensor for name, tensor in weights(quick_run[0]).items() if "lora_B" in name]  # these start at zero
    assert len(moved) == 37 and all(torch.isfinite(tensor).all() and tensor.abs().max() > 0 for tensor in moved)


def test_stopped_training_resumes_to_the_same_result(quick_run, sentiment, tmp_path):
    import torch

    arguments = ["--quick", "--out", str(tmp_path), "--threads", "1"]
    stopped = sentiment.main(arguments, stop_after=3)
    assert stopped == {"steps": 3, "finished": False}
    assert not (tmp_path / "adapter_model.safetensors").exists()
    resumed = sentiment.main(arguments)
    assert resumed["training"]["steps"] == quick_run[1]["training"]["steps"] > 3
    assert (resumed["training"]["resumed_at_step"], quick_run[1]["training"]["resumed_at_step"]) == (3, 0)
    whole, pieced = weights(quick_run[0]), weights(tmp_path)
    assert whole.keys() == pieced.keys()
    assert all(torch.equal(whole[name], pieced[name]) for name in whole)


def test_a_training_goes_on_in_the_precision_it_began_with(training, tmp_path, monkeypatch):
    answers = iter(["bf16", "no"])
    monkeypatch.setattr(training, "faster_precision", lambda: next(answers))
    assert training.kept_precision(tmp_path / "a" / "precision.txt") == "bf16"
    assert training.kept_precision(tmp_path / "a" / "precision.txt") == "bf16"
    assert training.kept_precision(tmp_path / "b" / "precision.txt") == "no"


def test_a_state_of_another_training_is_refused(quick_run, sentiment, training):
    with pytest.raises(training.RecipeError, match=r"state\.pt belongs to other settings or data: delete it"):
        sentiment.main(["--quick", "--out", str(quick_run[0]), "--seed", "7"])


def test_a_damaged_state_is_one_sentence(sentiment, training, tmp_path):
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "state.pt").write_bytes(b"half a file")
    with pytest.raises(training.RecipeError, match=r"state\.pt is damaged: delete it"):
        sentiment.main(["--quick", "--out", str(tmp_path)])


@pytest.mark.parametrize("name", ["ner", "entailment", "question_answering", "fill_mask"])
def test_the_other_recipes_run_from_end_to_end(name, tmp_path):
    recipe = __import__(name)
    metrics = recipe.main(["--quick", "--out", str(tmp_path), "--threads", "1"])
    config = json.loads((tmp_path / "config.json").read_text())
    if hasattr(recipe, "LABELS"):
        assert {int(number): label for number, label in config["id2label"].items()} == recipe.LABELS
    assert metrics["training"]["finished"] and (tmp_path / "adapter_model.safetensors").stat().st_size <= 2_000_000
    assert all(rows > 0 for part, rows in metrics["sizes"].items() if part.endswith(("train", "test")))
