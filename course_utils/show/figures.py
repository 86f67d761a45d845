"""Pictures made with matplotlib, with the alternative text that a plain plot lacks."""

from io import BytesIO

from .view import View, image

PIXELS_PER_INCH = 96  # CSS pixels; the picture holds 1.5 times as many, so that it stays sharp on a dense screen


def encode(fig, colours: int | None = None) -> bytes:
    """The PNG bytes of a matplotlib figure, without the date and version that would change at every run.

    With `colours` they are that few: a photograph is then a third as large, and looks the same.
    """
    stream = BytesIO()
    fig.savefig(stream, format="png", dpi=1.5 * PIXELS_PER_INCH, bbox_inches="tight", metadata={"Software": None})
    return stream.getvalue() if colours is None else _with_few(stream, colours)


def _with_few(png: BytesIO, colours: int) -> bytes:
    from PIL import Image

    stream = BytesIO()
    Image.open(png).convert("RGB").quantize(colours).save(stream, format="png", optimize=True)
    return stream.getvalue()


def blank(width: float, height: float):
    """A matplotlib figure of `width` by `height` inches that no notebook shows by itself; the caller adds the
    axes.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    fig = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(fig)
    return fig


def figure(fig, alt: str) -> View:
    """Turn a matplotlib figure into an output whose picture has alternative text (met first in day 1).

    `fig` is a `matplotlib.figure.Figure`; or an Axes, or a seaborn grid, which have one. `alt` says in a sentence
    what there is to see: the finding, not "a bar chart". A figure of pyplot is closed, so that the notebook does
    not show it again. Raises ValueError where `alt` is empty and TypeError where `fig` holds no figure.
    """
    fig = getattr(fig, "figure", fig) or fig
    if not hasattr(fig, "savefig"):
        raise TypeError(
            f"show.figure needs a matplotlib figure, not {type(fig).__name__}: write fig, ax = plt.subplots()."
        )
    if not alt or not alt.strip():
        raise ValueError("show.figure needs alt text: say in one sentence what the picture shows.")
    import matplotlib.pyplot as plt
    from PIL import Image

    png = encode(fig)
    plt.close(fig)
    width = round(Image.open(BytesIO(png)).width / 1.5)
    return View("figure", alt.strip(), image(png, alt.strip(), width), lambda: png)
