"""Models that learners hand over: whatever a folder holds, it is read as two files, checked, and loaded elsewhere."""

import json
import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.grading import models, sandbox
from course_utils.grading.models import ModelError, inspect, parcel

SMALL = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 20}
SMALL |= {"max_position_embeddings": 16}
NAME = "BertForSequenceClassification"


def config(**entries):
    return json.dumps({"architectures": [NAME], "model_type": "bert", **SMALL, **entries}).encode()


def weights(tensors=None, data=b"\0" * 16, header=None):
    if header is None:
        header = tensors or {"a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A small model's folder, as save_pretrained writes it."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("model")
    made = transformers.BertForSequenceClassification(transformers.BertConfig(**SMALL))
    made.config.id2label = {0: "bad", 1: "good"}
    made.save_pretrained(folder)
    return folder, made.eval()


def test_a_saved_model_answers_as_it_did(saved):
    import torch

    folder, made = saved
    architecture, kept, parameters = inspect(*parcel(folder))
    assert (architecture, parameters) == (NAME, made.num_parameters())
    ask = models.build(architecture, kept, parcel(folder)[1])
    ids = torch.tensor([[1, 2, 3], [4, 5, 0]])
    assert torch.allclose(ask({"input_ids": ids})["logits"], made(ids).logits, atol=1e-6)
    handed = models.HandedModel(architecture, kept, parameters, ask)
    assert handed.labels == ["bad", "good"]
    assert torch.equal(handed(input_ids=ids.tolist())["logits"], ask({"input_ids": ids})["logits"])
    assert parcel(made) == parcel(folder)


# --- what leaves the learner's process ----------------------------------------------------------------------------


def folder_of(tmp_path, **files):
    for name, data in ({"config.json": config(), "model.safetensors": weights()} | files).items():
        if data is not None:
            (tmp_path / name).write_bytes(data)
    return tmp_path


def test_weights_that_are_a_link_to_the_reference_are_refused(tmp_path):
    reference = tmp_path / "reference.safetensors"
    reference.write_bytes(weights())
    folder = tmp_path / "mine"
    folder.mkdir()
    folder_of(folder, **{"model.safetensors": None})
    (folder / "model.safetensors").symlink_to(reference)
    with pytest.raises(ModelError, match="links are not followed"):
        parcel(folder)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    folder_of(tmp_path, **{"model.safetensors": None})
    os.mkfifo(tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match="no regular file"):
        parcel(tmp_path)


def test_a_shard_index_that_leads_elsewhere_is_never_read(tmp_path):
    index = {"metadata": {}, "weight_map": {"a": "../reference/model.safetensors"}}
    folder_of(tmp_path, **{"model.safetensors": None, "model.safetensors.index.json": json.dumps(index).encode()})
    with pytest.raises(ModelError, match="does not hold config.json and model.safetensors"):
        parcel(tmp_path)


def test_an_adapter_that_names_the_reference_is_refused(tmp_path):
    base = {"base_model_name_or_path": "/reference", "peft_type": "LORA"}
    with pytest.raises(ModelError, match="merge_and_unload"):
        parcel(folder_of(tmp_path, **{"adapter_config.json": json.dumps(base).encode()}))


def test_code_templates_tokenizers_and_pickles_stay_behind(tmp_path):
    extra = {"modeling_mine.py": b"raise SystemExit", "chat_template.jinja": b"{% for a in range(10**9) %}{% endfor %}"}
    extra |= {"tokenizer.json": b"{}", "pytorch_model.bin": b"\x80", "generation_config.json": b"{}"}
    assert parcel(folder_of(tmp_path, **extra)) == (config(), weights())


def test_a_folder_that_is_too_large_is_refused(tmp_path):
    folder_of(tmp_path)
    with open(tmp_path / "model.safetensors", "wb") as file:
        file.truncate(models.WEIGHTS_BYTES + 1)
    with pytest.raises(ModelError, match="more than"):
        parcel(tmp_path)


@pytest.mark.parametrize("value", [None, 3, "nowhere", {"config.json": b""}])
def test_what_is_no_model_is_said_in_a_sentence(value):
    with pytest.raises(ModelError):
        parcel(value)


# --- what is checked before anything is loaded --------------------------------------------------------------------


@pytest.mark.parametrize(
    "entries",
    [
        {"num_hidden_layers": 20_000},
        {"num_hidden_layers": 0},
        {"num_hidden_layers": True},
        {"num_hidden_layers": 2.0},
        {"hidden_size": -8},
        {"hidden_size": "8"},
        {"hidden_size": 10**300},
        {"hidden_size": 2048, "num_hidden_layers": 24, "intermediate_size": 8192},
        {"vocab_size": 200_000, "hidden_size": 2048},
        {"hidden_dropout_prob": float("nan")},
        {"layer_norm_eps": float("inf")},
        {"hidden_act": "mine.Code"},
        {"hidden_act": ["gelu"]},
        {"tie_word_embeddings": "yes"},
        {"id2label": {str(number): "x" for number in range(2000)}},
        {"id2label": {"0": {"a": 1}}},
        {"id2label": {"../0": "a"}},
        {"id2label": {"0": "x" * 1000}},
        {"problem_type": "mine"},
        {"architectures": ["MineForClassification"]},
        {"architectures": [NAME, NAME]},
        {"architectures": NAME},
        {"architectures": None},
    ],
    ids=str,
)
def test_a_configuration_beyond_the_schema_is_refused(entries):
    with pytest.raises(ModelError):
        inspect(config(**entries), weights())


def test_only_entries_of_the_schema_are_kept():
    extra = {"auto_map": {"AutoModel": "mine--code.Model"}, "attn_implementation": "mine/kernel", "_name_or_path": "/x"}
    extra |= {"_attn_implementation": "mine/kernel", "quantization_config": {"quant_method": "x"}, "torch_dtype": "?"}
    extra |= {"use_kernels": True, "pruned_heads": {"0": [0]}, "is_decoder": True, "chunk_size_feed_forward": 10**9}
    _, kept, parameters = inspect(config(**extra), weights())
    assert kept == SMALL and parameters == 4


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 7,
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 3) + b"{}",
        weights(header=b"[" * 100_000),
        weights(header=b"[]"),
        weights(header=b'{"a": ' + b"9" * 5000 + b"}"),
        weights({"a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 12]}}),
        weights({"a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}, b"\0" * 20),
        weights({"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}}),
        weights({name: {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]} for name in "ab"}),
        weights({"a": {"dtype": "F32", "shape": [-2, -2], "data_offsets": [0, 16]}}),
        weights({"a": {"dtype": "F32", "shape": [4.0], "data_offsets": [0, 16]}}),
        weights({"a": {"dtype": "F32", "shape": [2**40, 0], "data_offsets": [0, 0]}}, b""),
        weights({"a": {"dtype": ["F32"], "shape": [4], "data_offsets": [0, 16]}}),
        weights({"a": {"dtype": "OBJECT", "shape": [4], "data_offsets": [0, 16]}}),
        weights({"../a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}),
        weights({f"a{n}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in range(3000)}, b""),
    ],
    ids=lambda data: repr(data[:60]),
)
def test_a_file_of_weights_that_lies_is_refused(data):
    with pytest.raises(ModelError):
        inspect(config(), data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ENTRIES = st.dictionaries(st.sampled_from(sorted({**models._CAPS, **models._CHOICES, "id2label": 0})) | st.text(), JSON)
SPANS = st.fixed_dictionaries({"dtype": st.sampled_from(["F32", "F16"]) | JSON, "shape": JSON, "data_offsets": JSON})


@given(ENTRIES, st.dictionaries(st.text(max_size=5), SPANS | JSON, max_size=4), st.binary(max_size=40))
def test_whatever_comes_is_refused_or_within_the_caps(entries, header, data):
    for given_config in (config(**entries), json.dumps(entries).encode(), data):
        try:
            _, kept, parameters = inspect(given_config, weights(header=header, data=data))
        except ModelError:
            continue
        assert parameters * 2 <= len(data) and kept.get("num_hidden_layers", 1) <= 24


# --- what is found when it is loaded ------------------------------------------------------------------------------


def test_weights_that_are_not_all_of_the_models_own_are_refused(saved, tmp_path):
    from safetensors.torch import load_file, save

    folder, _ = saved
    own = load_file(folder / "model.safetensors")
    architecture, kept, _ = inspect(*parcel(folder))
    missing = {name: tensor for name, tensor in own.items() if name != "classifier.weight"}
    for tensors in (
        missing,
        own | {"more": own["classifier.bias"]},
        {},
        own | {"classifier.weight": own["classifier.bias"]},
    ):
        raw = save({name: tensor.clone() for name, tensor in tensors.items()}, {"format": "pt"})
        with pytest.raises(ModelError):
            models.build(architecture, kept, raw)


# --- from a submission --------------------------------------------------------------------------------------------

TESTS = '''
import pytest

@pytest.mark.task("fine_tune")
{points}
def test_it_learned(submission):
    """the model tells the two classes apart"""
    model = submission.model("fine_tune", [[1, 2], [3, 4]], [0, 1])
    assert model.labels == ["bad", "good"], "Name the classes."
    assert model.parameters > 100
    answer = model(input_ids=[[1, 2], [3, 4]])["logits"].argmax(-1).tolist()
    assert answer == [0, 1], "Train until both examples are right."
    assert submission.model("fine_tune", [[1, 2], [3, 4]], [0, 1]) is model or {local}
'''
STUB = "def fine_tune(inputs, labels):\n    raise NotImplementedError"
TRAIN = f"""
import torch, transformers

def fine_tune(inputs, labels):
    torch.manual_seed(0)
    names = {{0: "bad", 1: "good"}}
    made = transformers.BertForSequenceClassification(transformers.BertConfig(**{SMALL}, id2label=names))
    step = torch.optim.AdamW(made.parameters(), lr=0.05)
    for _ in range(40):
        made(input_ids=torch.tensor(inputs), labels=torch.tensor(labels)).loss.backward()
        step.step()
        step.zero_grad()
    return made
"""
SAVE = "\n\ndef fine_tune(inputs, labels, train=fine_tune):\n    made = train(inputs, labels)\n"
SAVE += "    made.save_pretrained('/tmp/learner/mine')\n    {}\n    return '/tmp/learner/mine'\n"
EDIT = "import json; path = '/tmp/learner/mine/config.json'; settings = json.load(open(path)); settings.update({}); "
EDIT += "json.dump(settings, open(path, 'w'))"
ATTACKS = {
    "the model itself": (TRAIN, 4, ""),
    "a folder": (TRAIN + SAVE.format("pass"), 4, ""),
    "20,000 layers": (TRAIN + SAVE.format(EDIT.format("num_hidden_layers=20000")), 0, "num_hidden_layers"),
    "no layer's weights": (TRAIN + SAVE.format(EDIT.format("num_hidden_layers=3")), 0, "missing"),
    "a link": (
        TRAIN
        + SAVE.format(
            "import os; os.rename('/tmp/learner/mine/model.safetensors', '/tmp/learner/w'); "
            "os.symlink('/tmp/learner/w', '/tmp/learner/mine/model.safetensors')"
        ),
        0,
        "links are not followed",
    ),
    "no data": ("def fine_tune(inputs, labels):\n    return [0, 1]", 0, "return the model"),
    "a forged parcel": (
        "from course_utils.grading import models\nmodels.parcel = lambda value: (b'{}', b'x' * 2**20)\n"
        "def fine_tune(inputs, labels):\n    return 1",
        0,
        "architecture",
    ),
    "a kernel that sends other things": (
        "from course_utils.grading import kernel\nkernel.piece = lambda *_: kernel.Reply(b'\\0')\n" + TRAIN,
        0,
        "could not be read",
    ),
    "a size that never comes": (
        "from course_utils.grading import kernel, wire\n"
        "kernel.hand_over = lambda *_: kernel.Reply(wire.encode({'value': {'config': b'{}', 'size': 2**26}}))\n"
        "kernel.piece = lambda *_: kernel.Reply(wire.encode({'value': b''}))\ndef fine_tune(*_): pass",
        0,
        "did not come as a folder",
    ),
    "nothing": (STUB, 0, "not written yet"),
}


@pytest.fixture(scope="module")
def models_day(tmp_path_factory):
    """A day with one task, whose function hands over a model."""
    import nbformat

    from course_utils.syllabus import Day

    root = tmp_path_factory.mktemp("day")
    day = Day(0, "day00_models", "Models", "", 1, (), (), 4, (), True, root=root)
    mark = {
        "schema_version": 3,
        "grade_id": "fine_tune",
        "solution": True,
        "grade": False,
        "locked": False,
        "task": False,
    }
    cell = nbformat.v4.new_code_cell(STUB, id="fine_tune", metadata={"nbgrader": mark})
    for path in (day.exercise, day.public_tests, day.hidden_tests):
        path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), day.exercise)
    day.public_tests.write_text(TESTS.format(points="", local="True"))
    day.hidden_tests.write_text(TESTS.format(points="@pytest.mark.points(4)", local="False"))
    return day


@pytest.mark.skipif(not sandbox.available(), reason="grading needs a sandbox, and none works here")
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_submission_gets_what_its_model_deserves(models_day, attack):
    from course_utils.grading.session import grade_notebook

    source, deserved, words = ATTACKS[attack]
    book = json.loads(models_day.exercise.read_text())
    book["cells"][0]["source"] = source
    result = grade_notebook(json.dumps(book).encode(), models_day)
    said = " ".join(test.hint for test in result.public)
    assert (result.points, [cell.message for cell in result.cells]) == (deserved, [""]), said
    assert words in said


def test_the_learners_own_process_checks_in_the_same_way(models_day):
    from course_utils.grading.testing import LocalSubmission, run_tests

    for source, passed in ((TRAIN, "passed"), (ATTACKS["no data"][0], "failed")):
        namespace = {}
        exec(source, namespace)
        assert [test.outcome for test in run_tests(models_day.public_tests, LocalSubmission(namespace))] == [passed]
