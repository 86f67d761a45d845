"""A model that a learner hands over: a hostile folder goes in, numbers come out.

In a test, `submission.model("fine_tune", texts, labels)` calls the learner's function, which returns a model or the
folder that it saved one to, and gives back a `HandedModel`: its parameter count, its labels, and what it answers.

    model = submission.model("fine_tune", texts, labels)
    assert model(input_ids=ids, attention_mask=mask)["logits"].argmax(-1).tolist() == ...

Only two files of such a folder are looked at, `config.json` and `model.safetensors`. They leave the learner's process
as bytes (`parcel`), are checked without being loaded (`inspect`), and are loaded (`build`) in a clean process behind
the wall that has neither a learner's code nor an expected value in it. So no link, no path, no adapter's base, no
custom code, no template and no kernel by name is ever followed: nothing of the kind is read. From the configuration
only the entries of a schema are kept, each with a cap, and the weights must be all that the architecture has and
nothing else.
"""

import json
import math
import os
import re
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.grading.wire import WireError

CONFIG_BYTES, WEIGHTS_BYTES, HEADER_BYTES = 2**18, 2**27, 2**20
PIECE = 2**24  # bytes that cross at a time
PARAMETERS = 60_000_000
TENSORS, LABELS = 2_000, 1_000
ARCHITECTURES = {
    f"{prefix}{head}": kind
    for prefix, kind in (("Bert", "bert"), ("DistilBert", "distilbert"))
    for head in ("Model", "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "ForMaskedLM")
}
ARCHITECTURES |= {"GPT2LMHeadModel": "gpt2", "ViTForImageClassification": "vit"}

_WIDTH, _INNER = ("hidden_size", "dim", "n_embd"), ("intermediate_size", "hidden_dim", "n_inner")
_LAYERS, _POSITIONS = ("num_hidden_layers", "n_layers", "n_layer"), ("max_position_embeddings", "n_positions")
_HEADS = ("num_attention_heads", "n_heads", "n_head")
_CAPS = {
    **dict.fromkeys(_WIDTH, 2048),
    **dict.fromkeys(_INNER, 8192),
    **dict.fromkeys(_LAYERS, 24),
    **dict.fromkeys(_HEADS, 64),
    **dict.fromkeys(_POSITIONS, 4096),
    **dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id"), 200_000),
    "vocab_size": 200_000,
    "type_vocab_size": 16,
    "image_size": 512,
    "patch_size": 64,
    "num_channels": 4,
}
_MAY_BE_ZERO = ("pad_token_id", "bos_token_id", "eos_token_id")
_FRACTIONS = {"attention_probs_dropout_prob", "hidden_dropout_prob", "classifier_dropout", "layer_norm_eps"}
_FRACTIONS |= {"initializer_range", "dropout", "attention_dropout", "qa_dropout", "seq_classif_dropout"}
_FRACTIONS |= {"attn_pdrop", "embd_pdrop", "resid_pdrop", "layer_norm_epsilon"}
_FLAGS = {"tie_word_embeddings", "qkv_bias", "scale_attn_weights", "sinusoidal_pos_embds"}
_ACTIVATIONS = ("gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "relu", "silu", "tanh")
_CHOICES = {
    **dict.fromkeys(("hidden_act", "activation", "activation_function"), _ACTIVATIONS),
    "problem_type": ("single_label_classification", "multi_label_classification", "regression"),
    "position_embedding_type": ("absolute",),
}
_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8}
_TENSOR = re.compile(r"[A-Za-z0-9_.]{1,200}")


class ModelError(WireError):
    """What a learner handed over is no model that can be graded; one sentence for the learner."""

    type_name = "model"


@dataclass(frozen=True)
class HandedModel:
    """A checked model, and the way to ask it: called with a model's inputs, it returns the tensors of its output."""

    architecture: str
    config: dict  # the entries that were kept
    parameters: int
    _ask: Callable = field(repr=False)

    @property
    def labels(self) -> list[str]:
        """The names of its classes, in order."""
        names = self.config.get("id2label", {})
        return [names[key] for key in sorted(names, key=int)]

    def __call__(self, **inputs) -> dict:
        """The output for these tensors or nested lists of numbers, such as {"logits": tensor}."""
        return self._ask(inputs)


# --- on the learner's side ----------------------------------------------------------------------------------------


def parcel(value) -> tuple[bytes, bytes]:
    """The bytes of the configuration and of the weights of a model, or of the folder that one was saved to.

    Raises ModelError where that is not what `value` is, or it is too large.
    """
    if hasattr(value, "save_pretrained") and not hasattr(value, "peft_config"):
        with tempfile.TemporaryDirectory() as folder:
            value.save_pretrained(folder)
            return parcel(folder)
    if hasattr(value, "peft_config"):
        raise ModelError("an adapter is no whole model: return model.merge_and_unload()")
    if not isinstance(value, (str, os.PathLike)):
        raise ModelError("return the model, or the folder to which save_pretrained wrote it")
    folder = Path(value)
    names = set(os.listdir(folder)) if folder.is_dir() else set()
    if "adapter_config.json" in names:
        raise ModelError("the folder holds an adapter and no whole model: save model.merge_and_unload()")
    if not {"config.json", "model.safetensors"} <= names:
        raise ModelError("the folder does not hold config.json and model.safetensors, as save_pretrained writes them")
    return _read(folder / "config.json", CONFIG_BYTES), _read(folder / "model.safetensors", WEIGHTS_BYTES)


def _read(path, limit):
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if path.is_symlink() or not stat.S_ISREG(status.st_mode):
            raise ModelError(f"{path.name} is no regular file: links are not followed")
        if status.st_size > limit:
            raise ModelError(f"{path.name} has more than {limit / 2**20:g} MiB")
        return file.read(limit)


# --- on the trusted side: nothing is loaded -----------------------------------------------------------------------


def inspect(config: bytes, weights: bytes) -> tuple[str, dict, int]:
    """The architecture, the kept entries of the configuration, and the number of parameters; or a ModelError."""
    if len(config) > CONFIG_BYTES or len(weights) > WEIGHTS_BYTES:
        raise ModelError(f"a model of more than {WEIGHTS_BYTES // 2**20} MiB is not graded")
    raw = _json(config, "config.json")
    names = raw.get("architectures")
    architecture = names[0] if type(names) is list and len(names) == 1 and type(names[0]) is str else ""
    if architecture not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise ModelError(f"the model's architecture is not one of those that are graded ({known})")
    kept = {name: _entry(name, value) for name, value in raw.items() if _in_schema(name)}
    kept = {name: value for name, value in kept.items() if value is not None}
    if _size(kept) > PARAMETERS:
        raise ModelError(f"the configuration describes a model of more than {PARAMETERS:,} parameters")
    return architecture, kept, _count(weights)


def _json(data, what):
    try:
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise ModelError(f"{what} cannot be read") from None
    if type(value) is not dict:
        raise ModelError(f"{what} cannot be read")
    return value


def _in_schema(name):
    return name in _CAPS or name in _FRACTIONS or name in _FLAGS or name in _CHOICES or name in ("id2label", "label2id")


def _entry(name, value):
    """The value of one entry, if it is what the schema allows."""
    good = value is None
    if name in _CAPS:
        good |= type(value) is int and (name not in _MAY_BE_ZERO) <= value <= _CAPS[name]
    elif name in _FRACTIONS:
        good |= type(value) in (int, float) and math.isfinite(value) and 0 <= value <= 1
    elif name in _FLAGS:
        good |= type(value) is bool
    elif name in _CHOICES:
        good |= value in _CHOICES[name] if type(value) is str else False
    else:
        good |= type(value) is dict and len(value) <= LABELS and all(_label(name, *pair) for pair in value.items())
    if not good:
        raise ModelError(f"the configuration's entry {name} is not one that is graded")
    return value


def _label(name, key, value):
    number, text = (key, value) if name == "id2label" else (value, key)
    return re.fullmatch(r"\d{1,4}", str(number)) is not None and type(text) is str and len(text) <= 100


def _size(config):
    """Parameters of the described model, roughly; what is left out of the configuration has its usual, small size."""

    def of(names, usual):
        return next((config[name] for name in names if name in config), usual)

    width, layers = of(_WIDTH, 768), of(_LAYERS, 12)
    inner = of(_INNER, 4 * width)
    rows = config.get("vocab_size", 0) + of(_POSITIONS, 512) + len(config.get("id2label", ()))
    return layers * width * (4 * width + 2 * inner) + rows * width


def _count(weights):
    """Parameters in a safetensors file whose header says the truth about its length; see the format's specification."""
    length = int.from_bytes(weights[:8], "little")
    if len(weights) < 8 or length > min(HEADER_BYTES, len(weights) - 8):
        raise ModelError("model.safetensors is cut off")
    header = _json(weights[8 : 8 + length], "the header of model.safetensors")
    header.pop("__metadata__", None)
    if len(header) > TENSORS or not all(_TENSOR.fullmatch(name) for name in header):
        raise ModelError("model.safetensors holds something else than a model's weights")
    spans = sorted(_span(entry) for entry in header.values())
    ends = [0, *(end for _, end, _ in spans)]
    if any(start != before for (start, _, _), before in zip(spans, ends)) or ends[-1] != len(weights) - 8 - length:
        raise ModelError("model.safetensors has gaps or overlaps")
    return sum(count for _, _, count in spans)


def _span(entry):
    """(start, end, number of elements) of one tensor."""
    if type(entry) is not dict or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ModelError("the header of model.safetensors cannot be read")
    shape, offsets, dtype = entry["shape"], entry["data_offsets"], entry["dtype"]
    whole = all(type(numbers) is list and len(numbers) <= 8 for numbers in (shape, offsets)) and len(offsets) == 2
    if not whole or not all(type(number) is int and 0 <= number <= WEIGHTS_BYTES for number in shape + offsets):
        raise ModelError("the header of model.safetensors cannot be read")
    if type(dtype) is not str or dtype not in _BYTES:
        raise ModelError("model.safetensors holds numbers of a kind that is not graded")
    count = math.prod(shape)
    if count * _BYTES[dtype] != offsets[1] - offsets[0]:
        raise ModelError("a tensor of model.safetensors has not the size that its shape says")
    return offsets[0], offsets[1], count


# --- in the clean process -----------------------------------------------------------------------------------------


def build(architecture: str, config: dict, weights: bytes) -> Callable:
    """Load the model and return what asks it; raises ModelError if the weights are not all of its own.

    The arguments have passed `inspect`.
    """
    import torch
    import transformers

    with tempfile.TemporaryDirectory() as folder:
        settings = {**config, "architectures": [architecture], "model_type": ARCHITECTURES[architecture]}
        Path(folder, "config.json").write_text(json.dumps(settings), encoding="utf-8")
        Path(folder, "model.safetensors").write_bytes(weights)
        options = {"local_files_only": True, "use_safetensors": True, "trust_remote_code": False}
        options |= {"attn_implementation": "eager", "dtype": torch.float32, "output_loading_info": True}
        try:
            model, report = getattr(transformers, architecture).from_pretrained(folder, **options)
        except Exception as error:  # whatever a library says of weights that do not fit
            raise ModelError(f"the model cannot be loaded ({type(error).__name__})") from None
    wrong = {kind: sorted(report[f"{kind}_keys"]) for kind in ("missing", "unexpected", "mismatched")}
    for kind, keys in wrong.items():
        if keys:
            raise ModelError(f"the saved weights do not fit the architecture: {len(keys)} are {kind}")
    model.eval()

    def ask(inputs):
        with torch.no_grad():
            output = model(**{name: torch.as_tensor(value) for name, value in inputs.items()})
        return {name: value for name, value in output.items() if isinstance(value, torch.Tensor)}

    return ask


_received: list[bytes] = []
_asked: list[Callable] = []


def receive(piece: bytes) -> int:
    """Keep the next piece of the weights; returns how many bytes there are now."""
    _received.append(piece)
    return sum(map(len, _received))


def load(architecture: str, config: dict) -> str:
    """Build the model from the pieces that have been received; returns what is wrong with it, or nothing."""
    weights = b"".join(_received)
    _received.clear()
    try:
        _asked[:] = [build(architecture, config, weights)]
    except ModelError as error:
        return str(error)
    return ""


def ask(inputs: dict) -> dict:
    """What the loaded model answers."""
    return _asked[0](inputs)
