"""Attention weights in few bytes: whole steps that add up to exactly 1 in every row, then deflate, head by head."""

import base64
import struct
import zlib
from bisect import bisect_left

STEPS = (65535, 16383, 4095, 2047, 1023, 767, 511, 383, 319, 255, 223, 191, 127, 63)


def quantise(weights, steps: int):
    """Round rows that sum to 1 to whole numbers that sum to `steps`, by the method of the largest remainders.

    `weights` has shape (..., rows, columns); the result is uint16 of the same shape, and no weight moves by more than
    one step.
    """
    import numpy as np

    scaled = weights.astype(np.float64) * steps
    whole = np.floor(scaled)
    remainders = scaled - whole - 1e-9 * np.arange(weights.shape[-1])  # among equals the first one gets the step
    missing = np.rint(steps - whole.sum(-1, keepdims=True)).astype(int)
    place = (weights.shape[-1] - missing).clip(0, weights.shape[-1] - 1)
    threshold = np.take_along_axis(np.sort(remainders, axis=-1), place, axis=-1)
    return (whole + ((remainders >= threshold) & (missing > 0))).astype(np.uint16)


def pack(head, steps: int) -> str:
    """One head, shape (rows, columns) in whole steps, as base64 of deflated bytes.

    The bytes: how many weights are not zero (uint32), then for each the zeros before it (255 means 255 and more to
    come), then the weights less one, low bytes first and, where `steps` needs them, high bytes. Column by column,
    because attention makes vertical stripes.
    """
    import numpy as np

    flat = head.T.ravel()
    places = np.flatnonzero(flat)
    gaps = np.diff(places, prepend=-1) - 1
    runs = np.full(len(gaps) + int((gaps // 255).sum()), 255, np.uint8)
    runs[np.arange(len(gaps)) + np.cumsum(gaps // 255)] = gaps % 255
    values = flat[places] - 1
    planes = [values & 255, values >> 8] if steps > 256 else [values]
    parts = [runs, *(plane.astype(np.uint8) for plane in planes)]
    raw = struct.pack("<I", len(values)) + b"".join(part.tobytes() for part in parts)
    return base64.b64encode(zlib.compress(raw, 6)).decode()


def unpack(text: str, rows: int, columns: int, steps: int):
    """What `pack` packed: the same reading in Python as in the view's script, to prove that nothing is lost."""
    import numpy as np

    raw = zlib.decompress(base64.b64decode(text))
    (count,) = struct.unpack_from("<I", raw)
    planes = 2 if steps > 256 else 1
    runs, values = raw[4 : len(raw) - count * planes], raw[len(raw) - count * planes :]
    flat = np.zeros(rows * columns, np.uint16)
    place, at = -1, 0
    for number in range(count):
        while runs[at] == 255:
            place, at = place + 255, at + 1
        place, at = place + runs[at] + 1, at + 1
        flat[place] = values[number] + 1 + (values[count + number] << 8 if planes == 2 else 0)
    return flat.reshape(columns, rows).T


def finest(groups: list, limit: int) -> tuple[int, list[list[str]]]:
    """The most steps with which all heads fit into `limit` bytes, and the packed heads of each group.

    `groups` are arrays of shape (heads, rows, columns). A sample of the heads tells where to begin.
    """
    samples = [group[:: max(1, len(group) // 5)] for group in groups]

    def too_large(steps: int) -> bool:
        shares = (_size(sample, steps) * len(group) / len(sample) for sample, group in zip(samples, groups))
        return sum(shares) > 1.04 * limit

    first = bisect_left(STEPS[:-1], True, key=lambda steps: not too_large(steps))
    for steps in STEPS[first:]:
        packed = [[pack(quantise(head, steps), steps) for head in group] for group in groups]
        if sum(len(head) for group in packed for head in group) <= limit:
            break
    return steps, packed


def _size(heads, steps: int) -> int:
    return sum(len(pack(quantise(head, steps), steps)) for head in heads)
