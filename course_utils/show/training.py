"""Curves of a training: one output that grows while the model learns, and that stays when all is over."""

import html
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from time import monotonic

from .colours import OKABE_ITO
from .figures import blank
from .view import View, image

MOST_ROWS = 12  # of the table
MOST_POINTS = 2000  # of a curve
UNPLOTTED = ("step", "epoch", "learning_rate", "grad_norm", "total_flos", "train_loss", "num_input_tokens_seen")


def curves(history: Sequence[Mapping]) -> View:
    """Loss, evaluation and a table of a training that is over (met first in day 6).

    `history` is the `state.log_history` of a Trainer, or a list of dictionaries with `step` and numbers by name,
    such as `loss`, `eval_loss`, `eval_accuracy`. Names with "loss" share the upper panel, all others the lower one.
    Raises ValueError where no number is to be drawn.
    """
    series = _series(history)
    if not series:
        raise ValueError('There is nothing to draw yet: a history holds rows such as {"step": 10, "loss": 0.7}.')
    alt = _sentence(series)
    png = _draw(series)
    return View("curves", alt, image(png, alt, width=620) + _table(series), lambda: png)


class Curves:
    """The curves of a loop of one's own, in one output that renews itself (met first in day 6).

        progress = show.Curves()
        for step, batch in enumerate(batches, 1):
            ...
            progress.log(step, loss=loss.item())
        progress.finish()

    `every` is the least time between two drawings, in seconds: drawing must not slow the training down.
    """

    def __init__(self, every: float = 1.0):
        self.history: list[dict] = []
        self._every = every
        self._drawn = float("-inf")
        self._handle = None

    def log(self, step: int, **values: float) -> None:
        """Take note of numbers at a step, and draw again if the last drawing is old enough."""
        self.history.append({"step": int(step), **{name: float(value) for name, value in values.items()}})
        if monotonic() - self._drawn >= self._every:
            self._show()

    def finish(self) -> View:
        """Draw the last state and return it as a view."""
        self._show()
        return self.view

    @property
    def view(self) -> View:
        """The curves as they are now."""
        return curves(self.history)

    @property
    def alt(self) -> str:
        """One sentence on the curves as they are now."""
        return self.view.alt

    def _repr_html_(self) -> str:
        return self.view._repr_html_()

    def save(self, path: str | Path) -> Path:
        """Write the curves as an HTML page; return its path."""
        return self.view.save(path)

    def png(self, path: str | Path) -> Path:
        """Write the curves as a PNG picture; return its path."""
        return self.view.png(path)

    def _show(self) -> None:
        from IPython import get_ipython
        from IPython.display import display

        if not _series(self.history) or get_ipython() is None:  # in a script there is nowhere to draw
            return
        if self._handle is None:
            self._handle = display(self.view, display_id=True)
        else:
            self._handle.update(self.view)
        self._drawn = monotonic()


def _series(history: Sequence[Mapping]) -> dict[str, list[tuple[int, float]]]:
    """For each name its (step, value) pairs; what a Trainer logs beside (times, speeds, the learning rate) is left
    out.
    """
    series: dict[str, list[tuple[int, float]]] = {}
    for place, row in enumerate(history, 1):
        for name, value in row.items():
            plotted = isinstance(value, int | float) and value == value and abs(value) != float("inf")
            if plotted and name not in UNPLOTTED and not name.endswith(("_runtime", "_per_second", "_steps", "_flos")):
                series.setdefault(name, []).append((int(row.get("step", place)), float(value)))
    return series


def _words(name: str) -> str:
    return {"loss": "training loss", "eval_loss": "evaluation loss"}.get(
        name, name.removeprefix("eval_").replace("_", " ")
    )


def _sentence(series: dict) -> str:
    parts = []
    for name, points in series.items():
        (first, start), (last, end) = points[0], points[-1]
        if len(points) == 1:
            parts.append(f"{_words(name)} is {end:.3g} at step {last}")
            continue
        best = (min if "loss" in name else max)(points, key=lambda point: point[1])
        note = (
            "" if best[0] == last else f", {'lowest' if 'loss' in name else 'highest'} {best[1]:.3g} at step {best[0]}"
        )
        parts.append(f"{_words(name)} goes from {start:.3g} at step {first} to {end:.3g} at step {last}{note}")
    text = "; ".join(parts) + "."
    return text[0].upper() + text[1:]


def _draw(series: dict) -> bytes:
    from matplotlib.ticker import MaxNLocator
    from PIL import Image

    panels = [names for names in (_named(series, True), _named(series, False)) if names]
    fig = blank(6.2, 2.3 * len(panels))
    styles = ["-", "--", "-.", ":"]
    rows = fig.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, names in zip(rows, panels):
        for order, name in enumerate(names):
            points = series[name][:: -(-len(series[name]) // MOST_POINTS)]
            steps, values = zip(*points)
            marker = "o" if len(points) <= 30 else ""
            style = {"color": OKABE_ITO[order % len(OKABE_ITO)], "linestyle": styles[order % len(styles)]}
            axes.plot(steps, values, label=_words(name), marker=marker, markersize=3.5, **style)
        axes.legend(fontsize=8, frameon=False)
        axes.grid(alpha=0.3)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    axes.set_xlabel("step", fontsize=9)
    fig.tight_layout()
    stream, small = BytesIO(), BytesIO()
    fig.savefig(stream, format="png", dpi=125)
    Image.open(stream).convert("RGB").quantize(32).save(small, "PNG", optimize=True)  # a third of the bytes
    return small.getvalue()


def _named(series: dict, loss: bool) -> list[str]:
    return [name for name in series if ("loss" in name) == loss]


def _table(series: dict) -> str:
    """A row for each evaluation, or, where there was none, for steps spread evenly; the latest is always among
    them.
    """
    evaluated = [name for name in series if name.startswith("eval_")]
    steps = sorted({step for name in evaluated or series for step, _ in series[name]})
    if len(steps) > MOST_ROWS:
        steps = sorted({steps[round(place * (len(steps) - 1) / (MOST_ROWS - 1))] for place in range(MOST_ROWS)})
    head = "".join(f'<th scope="col">{html.escape(_words(name))}</th>' for name in series)
    rows = "".join(
        f'<tr><th scope="row">{step}</th>{"".join(f"<td>{_latest(series[name], step)}</td>" for name in series)}</tr>'
        for step in steps
    )
    return f'<table><thead><tr><th scope="col">step</th>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _latest(points: list[tuple[int, float]], step: int) -> str:
    """The last value known at a step."""
    known = [value for at, value in points if at <= step]
    return f"{known[-1]:.4g}" if known else "–"
