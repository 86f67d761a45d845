"""Pictures as a vision transformer sees them: patches, the attention between them, and attention rollout."""

import base64
from collections.abc import Sequence
from io import BytesIO

from .attentions import _array, _checked
from .colours import VIRIDIS
from .figures import blank, encode
from .packing import finest
from .view import View, counted, image

LARGEST = 224  # pixels of the picture in the view


def rollout(attentions: Sequence, residual: float = 0.5):
    """Attention rollout: how much of each input token reaches each token of the last layer (met first in day 4).

    `attentions` holds one array a layer, of shape (heads, tokens, tokens) or with a batch of one before it. In
    every layer the heads are averaged, `residual` of the identity is mixed in for the residual connection, and the
    layers are multiplied. Returns a numpy array of shape (tokens, tokens) whose rows sum to 1.

    Source: S. Abnar and W. Zuidema, Quantifying Attention Flow in Transformers, 2020, arXiv:2005.00928.
    """
    import numpy as np

    if not 0 <= residual < 1:
        raise ValueError(f"The share of the residual connection lies between 0 and 1, not at {residual}.")
    tokens = range(_array(attentions[0]).shape[-1]) if attentions is not None and len(attentions) else ()
    layers = _checked("Attention", attentions, tokens, tokens).mean(axis=1)
    flow = np.eye(len(tokens))
    for layer in layers:
        flow = (residual * np.eye(len(tokens)) + (1 - residual) * layer) @ flow
    return flow / flow.sum(-1, keepdims=True)


def patches(picture: object, grid: tuple[int, int], attentions: Sequence | None = None, prefix: int = 1) -> View:
    """A picture cut into patches and, with `attentions`, how patches attend to each other (met first in day 12).

    `picture` is a PIL image, or an array of shape (height, width) or (height, width, 3) with bytes or values from 0
    to 1. `grid` is the number of (rows, columns) of patches: the picture's size over the model's `patch_size`.
    `attentions` is what a model returns, one array of shape (heads, tokens, tokens) a layer; the first `prefix`
    tokens stand before the patches ([CLS], and registers or a distillation token where a model has them). Raises
    ValueError where these do not fit each other.
    """
    rows, columns = grid
    picture = _picture(picture)
    if attentions is None:
        alt = f"A picture cut into {rows} rows of {columns} patches, {rows * columns} in all."
        png = _draw(picture, grid, [])
        return View("figure", alt, image(png, alt), lambda: png)
    names = (["[CLS]"] if prefix else []) + [f"prefix {place}" for place in range(1, prefix)]
    count = prefix + rows * columns
    array = _checked("Attention", attentions, range(count), range(count))
    flow = rollout(attentions)
    stack = array.reshape(-1, count, count)
    steps, (heads, (flowing,)) = finest([stack, flow[None]], 400_000)
    giver = 0 if prefix else slice(None)
    last, rolled = array[-1].mean(0)[giver], flow[giver]
    panels = [("last layer, all heads", last), ("rollout", rolled)]
    shares = [(name, _patch_map(values, prefix, grid)) for name, values in panels]
    png = _draw(picture, grid, shares)
    data = {
        "grid": [rows, columns], "prefix": names, "layers": array.shape[0], "heads": array.shape[1], "packed": heads,
        "rollout": flowing, "steps": steps, "colours": VIRIDIS, "picture": _data_url(picture), "size": picture.size,
    }  # fmt: skip
    alt = _sentence(array, grid, names, shares[1][1])
    return View("patches", alt, f"<figure>{image(png, alt)}</figure>", lambda: png, data)


def _picture(picture: object):
    """Whatever holds a picture as a PIL image in RGB of a modest size."""
    import numpy as np
    from PIL import Image

    if not isinstance(picture, Image.Image):
        array = np.asarray(picture)
        if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3)):
            raise ValueError(f"A picture has the shape (height, width) or (height, width, 3), not {array.shape}.")
        if array.dtype.kind == "f":
            array = (array.clip(0, 1) * 255).round().astype(np.uint8)
        picture = Image.fromarray(array.astype(np.uint8).squeeze())
    picture = picture.convert("RGB")
    scale = LARGEST / max(picture.size)
    nearest = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    return picture.resize((round(picture.width * scale), round(picture.height * scale)), nearest)


def _data_url(picture) -> str:
    stream = BytesIO()
    picture.quantize(128).save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def _patch_map(values, prefix: int, grid: tuple[int, int]):
    """What one token, or the average token, gives to each patch: shape `grid`."""
    values = values.mean(0) if values.ndim == 2 else values
    return values[prefix:].reshape(grid)


def _sentence(array, grid: tuple[int, int], names: list[str], flow) -> str:
    import numpy as np

    row, column = np.unravel_index(int(flow.argmax()), grid)
    giver = names[0] if names else "the average patch"
    return (
        f"A picture in {grid[0]} rows of {grid[1]} patches and the attention of {counted(array.shape[0], 'layer')} "
        f"with {counted(array.shape[1], 'head')} each. By rollout {giver} draws most, {flow.max():.1%}, "
        f"from the patch in row {row + 1}, column {column + 1}."
    )


def _draw(picture, grid: tuple[int, int], shares: list) -> bytes:
    fig = blank(2.9 * (1 + len(shares)), 3.0)
    for place, (name, share) in enumerate([(f"{grid[0]} × {grid[1]} patches", None), *shares]):
        axes = fig.add_subplot(1, 1 + len(shares), place + 1)
        box = (0, grid[1], grid[0], 0)
        axes.imshow(picture if share is None else picture.convert("L"), cmap="gray", extent=box, aspect="auto")
        if share is None:
            for colour, wide in [("white", 1.6), ("black", 0.6)]:  # seen on bright and on dark patches
                axes.vlines(range(1, grid[1]), 0, grid[0], colors=colour, linewidths=wide)
                axes.hlines(range(1, grid[0]), 0, grid[1], colors=colour, linewidths=wide)
        else:
            shade = axes.imshow(share, extent=box, aspect="auto", cmap="viridis", vmin=0, alpha=0.65)
            bar = fig.colorbar(shade, cax=axes.inset_axes((1.03, 0.05, 0.04, 0.9)))
            bar.ax.tick_params(labelsize=7)
        axes.set(xticks=[], yticks=[])
        axes.set_box_aspect(picture.height / picture.width)
        axes.set_title(name, fontsize=10)
    fig.tight_layout()
    return encode(fig, colours=64)
