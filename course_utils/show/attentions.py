"""Attention: every layer and head in one view, and one head as a picture."""

from collections.abc import Sequence
from io import BytesIO

from .colours import VIRIDIS, ramp
from .figures import blank, encode
from .packing import finest
from .view import View, counted, image, size_of

MOST_TOKENS = 512
SPECIAL = ("[CLS]", "[SEP]", "[PAD]", "[MASK]", "[BOS]", "[EOS]", "<s>", "</s>", "<pad>", "<mask>", "<|endoftext|>")
REMEDY = (
    'There are no attention weights: load the model with from_pretrained(..., attn_implementation="eager"), '
    'or call model.set_attn_implementation("eager"), and run it again with output_attentions=True.'
)
# Bytes that the whole view of 6 layers with 12 heads may take, by the number of tokens.
TOKENS, BYTES = (0, 64, 256, 512), (80_000, 197_000, 1_190_000, 2_980_000)


def attention(
    weights: object,
    tokens: Sequence[str],
    *,
    decoder: object = None,
    cross: object = None,
    target_tokens: Sequence[str] | None = None,
    special: Sequence[str] = SPECIAL,
) -> View:
    """All layers and heads over one text (met first in day 4).

    `weights` is what a model returns as `attentions`: one array a layer, of shape (heads, tokens, tokens) or with a
    batch of one before it; row by row, how much of a token's attention goes to each token, so that every row sums
    to 1. An encoder-decoder gives its `encoder_attentions` here, with the source's `tokens`, and `decoder`, `cross`
    and `target_tokens` beside it. `special` are the tokens that the view can leave out; the rest of each row then
    sums to 1 again.

    Weights are stored in whole steps, as fine as the size allows; the view says how fine. Raises ValueError where
    there are no weights, where shapes do not fit the tokens, where rows do not sum to 1, or for more than 512 tokens.
    """
    groups = [("Encoder" if cross is not None else "Attention", weights, tokens, tokens)]
    if decoder is not None:
        groups.append(("Decoder", decoder, target_tokens, target_tokens))
    if cross is not None:
        groups.append(("Cross-attention", cross, target_tokens, tokens))
    checked = [
        (name, _checked(name, one, rows, columns), list(rows or ()), list(columns or ()))
        for name, one, rows, columns in groups
    ]
    arrays = [array.reshape(-1, *array.shape[2:]) for _, array, _, _ in checked]
    picture, corners = _overview(checked)
    alt = " ".join(_sentence(*one) for one in checked)
    body = (
        f"<figure>{image(picture, alt)}<figcaption>Each square is a head, each row of squares a layer. "
        "In a square, rows give attention and columns get it; the brighter, the more.</figcaption></figure>"
    )
    texts = sum(len(token) + 4 for _, _, rows, columns in checked for token in (*rows, *columns))
    rest = len(body.encode()) + texts + size_of("attention")
    room = sum(map(_limit, arrays)) - int(rest * min(1, sum(map(len, arrays)) / 72))
    steps, packed = finest(arrays, max(20_000, room))
    parts = [
        {
            "name": name,
            "layers": array.shape[0],
            "heads": array.shape[1],
            "rows": rows,
            "columns": None if columns == rows else columns,
            "packed": heads,
            "corner": corner,
        }
        for (name, array, rows, columns), heads, corner in zip(checked, packed, corners)
    ]  # fmt: skip
    data = {"groups": parts, "steps": steps, "special": list(special), "colours": VIRIDIS, "square": SQUARE + GAP}
    return View("attention", alt, body, lambda: picture, data)


def heatmap(weights: object, tokens: Sequence[str], columns: Sequence[str] | None = None, title: str = "") -> View:
    """One head as a picture with seaborn, readable up to 64 tokens (met first in day 4).

    `weights` has shape (tokens, tokens), or (tokens, columns) with other `columns`, as in cross-attention; rows sum
    to 1.
    """
    import seaborn

    columns = tokens if columns is None else columns
    array = _checked("Attention", [_array(weights)[None]] if len(weights) else (), tokens, columns)[0, 0]
    if max(array.shape) > 64:
        raise ValueError(
            f"show.heatmap draws up to 64 tokens, not {max(array.shape)}; show.attention draws up to {MOST_TOKENS}."
        )
    few = max(array.shape) <= 16  # then there is room for the numbers
    side = [max(2.5, (0.36 if few else 0.19) * count) for count in array.shape]
    fig = blank(side[1] + 1.8, side[0] + 1.2)
    axes = fig.add_subplot()
    seaborn.heatmap(
        array, ax=axes, cmap="viridis", vmin=0, square=True, annot=few, fmt=".2f", annot_kws={"size": 7},
        xticklabels=list(columns), yticklabels=list(tokens), cbar_kws={"shrink": 0.6, "label": "attention weight"},
    )  # fmt: skip
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set(fontsize=9, parse_math=False)
    axes.tick_params(axis="x", rotation=90)
    axes.tick_params(axis="y", rotation=0)
    axes.set(xlabel="to", ylabel="from", title=title)
    png = encode(fig)
    row, column = divmod(int(array.argmax()), array.shape[1])
    alt = (
        f"{title or 'One head'}: attention from {counted(array.shape[0], 'token')} to "
        f"{counted(array.shape[1], 'token')}. The strongest weight, {array[row, column]:.2f}, "
        f"goes from “{tokens[row]}” to “{columns[column]}”."
    )
    return View("figure", alt, image(png, alt, width=round(96 * (side[1] + 1.8))), lambda: png)


def _array(values: object):
    """Any array or tensor as float32 or float64, without importing the library that made it."""
    import numpy as np

    if hasattr(values, "detach"):  # a torch tensor; float() because numpy knows no bfloat16
        values = values.detach().cpu().float().numpy()
    array = np.asarray(values)
    return array if array.dtype == np.float64 else array.astype(np.float32, copy=False)


def _checked(name: str, weights: object, rows: Sequence[str] | None, columns: Sequence[str] | None):
    """The weights as one array of shape (layers, heads, rows, columns) whose rows sum to exactly 1."""
    import numpy as np

    if weights is None or len(weights) == 0 or any(layer is None for layer in weights):
        raise ValueError(REMEDY)
    if rows is None or columns is None:
        raise ValueError("Attention of a decoder needs target_tokens=, the tokens that the decoder has read.")
    if isinstance(weights[0], tuple | list) and hasattr(weights[0][0], "shape"):
        raise ValueError(
            "These weights are nested by step, as generate() returns them: run the model once on the whole text."
        )
    layers = [_array(layer) for layer in weights]
    if any(layer.ndim == 4 and layer.shape[0] != 1 for layer in layers):
        raise ValueError(
            f"The weights hold a batch of {layers[0].shape[0]} texts: "
            "pick one, as in [layer[0] for layer in attentions]."
        )
    layers = [layer[0] if layer.ndim == 4 else layer for layer in layers]
    expected = (len(rows), len(columns))
    for layer in layers:
        if layer.ndim != 3 or layer.shape[1:] != expected or layer.shape != layers[0].shape:
            raise ValueError(
                f"{name}: each layer needs the shape (heads, {expected[0]}, {expected[1]}), "
                f"the last two as many as there are tokens, but one has {layer.shape}."
            )
    if max(expected) > MOST_TOKENS:
        raise ValueError(f"The view holds up to {MOST_TOKENS} tokens, not {max(expected)}: cut the text.")
    array = np.stack(layers)
    sums = array.sum(-1, dtype=np.float64)
    if not np.isfinite(sums).all() or (array < 0).any() or abs(sums - 1).max() > 0.02:
        layer, head, row = np.argwhere(~(abs(sums - 1) <= 0.02) | (array < 0).any(-1))[0]
        raise ValueError(
            f"{name}: row {row} of layer {layer}, head {head} sums to {sums[layer, head, row]:.3f}, not 1: "
            "give weights after the softmax, from a model in model.eval(), where no dropout changes them."
        )
    return array / sums[..., None].astype(array.dtype)


def _limit(array) -> int:
    """Bytes for these heads: as for 72 heads of this many tokens, in proportion."""
    import numpy as np

    heads, rows, columns = array.shape
    return int(heads / 72 * np.interp((rows * columns) ** 0.5, TOKENS, BYTES))


def _sentence(name: str, array, rows: list[str], columns: list[str]) -> str:
    received = array.mean((0, 1, 2))
    most = int(received.argmax())
    words = " ".join(columns if len(columns) <= 24 else [*columns[:20], "…"])
    return (
        f"{name}: {counted(array.shape[0], 'layer')} with {counted(array.shape[1], 'head')} each, from "
        f"{counted(len(rows), 'token')} to {counted(len(columns), 'token')} ({words}). "
        f"On average “{columns[most]}” gets most, {received[most]:.0%} of the attention."
    )


SQUARE, GAP, LEFT, TOP, TITLE = 32, 4, 26, 18, 20  # pixels of the overview
LEVELS = 14  # colours of the overview: a small picture, for it stands in every output


def _overview(groups: list) -> tuple[bytes, list[tuple[int, int]]]:
    """A small square for each head, layers from top to bottom; also the corner (x, y) of each group's first
    square.
    """
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    step = SQUARE + GAP
    titles = TITLE if len(groups) > 1 else 0
    heights = [titles + TOP + step * array.shape[0] for _, array, _, _ in groups]
    width = LEFT + step * max(array.shape[1] for _, array, _, _ in groups)
    canvas = Image.new("RGB", (max(width, 150), sum(heights)), "white")
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(11)
    colours = ramp(LEVELS)
    corners, top = [], 0
    for (name, array, _, _), height in zip(groups, heights):
        corners.append((LEFT, top + titles + TOP))
        if titles:
            draw.text((2, top + 3), name, "black", ImageFont.load_default(13))
        for layer in range(array.shape[0]):
            y = corners[-1][1] + layer * step
            draw.text((LEFT - 7, y + SQUARE / 2), str(layer + 1), "black", font, anchor="rm")
            for head in range(array.shape[1]):
                x = LEFT + head * step
                if layer == 0:
                    draw.text((x + SQUARE / 2, y - 4), str(head + 1), "black", font, anchor="ms")
                levels = np.sqrt(_thumbnail(array[layer, head])).clip(0, 1)
                canvas.paste(Image.fromarray(colours[(levels * (LEVELS - 1)).round().astype(int)]), (x, y))
        top += height
    palette = Image.new("P", (1, 1))
    palette.putpalette([*colours.ravel().tolist(), *(grey for grey in range(0, 256, 51) for _ in range(3))])
    stream = BytesIO()
    canvas.quantize(palette=palette, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
    return stream.getvalue(), corners


def _thumbnail(head):
    """`head` as SQUARE by SQUARE pixels; where many weights share a pixel the strongest is kept, or thin lines
    would vanish.
    """
    import numpy as np

    for axis in (0, 1):
        count = head.shape[axis]
        if count >= SQUARE:
            head = np.maximum.reduceat(head, np.arange(SQUARE) * count // SQUARE, axis=axis)
        else:
            head = np.take(head, np.arange(SQUARE) * count // SQUARE, axis=axis)
    return head
