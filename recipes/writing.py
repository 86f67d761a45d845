"""What the recipes of the models that write share: a byte-level tokenizer that is made once, and the learning curve."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

COLOURS = ("#0072b2", "#d55e00")  # Okabe and Ito's; the lines differ in their marks as well


def byte_level_bpe(texts: Iterable[str], pieces: int, special: list[str], prefix_space: bool):
    """A `tokenizers.Tokenizer` of byte-level BPE, as GPT-2's: every text can be written and read back."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=pieces,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def kept_tokenizer(folder: Path, make: Callable[[], object]):
    """The fast tokenizer stored in `folder`; where there is none, a new one is made and stored.

    So a resumed training goes on with the very same pieces.
    """
    from transformers import PreTrainedTokenizerFast

    if not folder.is_dir():
        make().save_pretrained(str(folder))
    return PreTrainedTokenizerFast.from_pretrained(str(folder))


def draw_curve(lines: Sequence[dict], path: Path) -> None:
    """Loss while training, and below it what was measured on the validation part, both against steps."""
    from matplotlib.figure import Figure

    measures = [name for name in dict.fromkeys(name for line in lines for name in line) if name.startswith("valid")]
    figure = Figure(figsize=(6, 4.4), layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    above.plot(*_points(lines, "training_loss"), color=COLOURS[0])
    above.set(ylabel="training loss")
    for name, colour, mark in zip(measures, COLOURS, "os"):
        below.plot(*_points(lines, name), f"{mark}-", color=colour, label=name)
    below.set(xlabel="steps", ylabel="validation part")
    below.legend(loc="best")
    for axes in (above, below):
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=80)


def _points(lines: Sequence[dict], name: str) -> tuple[list, list]:
    found = [(line["step"], line[name]) for line in lines if name in line]
    return [step for step, _ in found], [value for _, value in found]
