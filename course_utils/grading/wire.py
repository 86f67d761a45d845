"""Plain data as bytes, and back: the only thing that crosses between a learner's code and the tests.

The layout is four bytes (the header's length, little-endian), a JSON header, and the raw little-endian bytes of arrays,
tensors and byte strings. Nothing is pickled, evaluated or imported by name: whoever sends the bytes, `decode` builds
only None, bool, int, float, str, bytes, list, tuple, dict, NumPy arrays and scalars and PyTorch tensors, or raises
`WireError`.

Decided on purpose: `True` stays a bool and `1` an int, `1` an int and `1.0` a float; arrays, tensors and NumPy scalars
keep their dtype, so float32 and float64 stay apart and a test compares them with the tolerance it states.
"""

import json
import math
import struct
import sys
from collections import Counter, OrderedDict, defaultdict

MAX_BYTES = 64 * 2**20
MAX_ITEMS = 1_000_000
MAX_DEPTH = 32
MAX_KEYS = 100_000  # keys of a dict, of which
MAX_OTHER_KEYS = (
    10_000  # may be no strings: numbers that collide are easy to find, and each costs a comparison with all
)
MAX_BITS = 3_322  # an integer of about a thousand digits
MAX_DIMENSIONS = 16

_INTEGERS = {"int8", "int16", "int32", "int64", "uint8"}
_NUMPY_DTYPES = _INTEGERS | {"bool", "uint16", "uint32", "uint64", "float16", "float32", "float64", "complex64"}
_NUMPY_DTYPES |= {"complex128"}
_TORCH_DTYPES = _INTEGERS | {"bool", "float16", "bfloat16", "float32", "float64", "complex64", "complex128"}
_INSTEAD = {
    "ModelOutput": "return one of its tensors, such as output.logits",
    "BatchEncoding": "return a dict of its fields, such as dict(encoding)",
    "set": "return a list, such as sorted(values)",
    "frozenset": "return a list, such as sorted(values)",
    "generator": "return a list, such as list(values)",
    "map": "return a list, such as list(values)",
    "filter": "return a list, such as list(values)",
    "zip": "return a list, such as list(values)",
    "range": "return a list, such as list(values)",
    "dict_keys": "return a list, such as list(values)",
    "dict_values": "return a list, such as list(values)",
    "dict_items": "return a list, such as list(values)",
    "Column": "return a list, such as list(column)",
    "Dataset": "return a list, such as list(dataset)",
    "DataFrame": 'return a list of dicts, such as frame.to_dict("records")',
    "Series": "return a list, such as series.tolist()",
    "Module": "return numbers computed with the model",
    "function": "return what the function computes",
    "coroutine": "write the function with def, without async",
    "Image": "return an array, such as numpy.asarray(image)",
}
_OTHERWISE = "return numbers, strings, lists, dicts, arrays or tensors"


class WireError(ValueError):
    """A value is no plain data or breaks a limit; `type_name` is the type that was refused, if that was the reason."""

    type_name = ""


def encode(value) -> bytes:
    """The value as bytes.

    Raises WireError with one sentence that names the type, and what to return instead, for whatever is no plain data.
    Dicts of `collections`, named tuples, `numpy.str_` and `torch.nn.Parameter` become their plain counterparts; other
    subclasses are refused.
    """
    writer = _Writer()
    header = json.dumps(writer.tree(value, 0), separators=(",", ":")).encode("ascii")
    size = 4 + len(header) + writer.size
    if size > MAX_BYTES:
        raise WireError(
            f"the data takes {size / 2**20:.0f} MiB, more than the {MAX_BYTES // 2**20} MiB that are allowed"
        )
    return b"".join([struct.pack("<I", len(header)), header, *writer.blobs])


def decode(data: bytes):
    """The value that `encode` wrote; raises WireError for anything else, whatever the bytes are."""
    if len(data) > MAX_BYTES:
        raise WireError(f"the data takes more than the {MAX_BYTES // 2**20} MiB that are allowed")
    view = memoryview(data)
    if len(view) < 4:
        raise WireError("the data is cut off")
    (length,) = struct.unpack("<I", view[:4])
    if length > len(view) - 4:
        raise WireError("the data is cut off")
    try:
        tree = json.loads(view[4 : 4 + length].tobytes().decode("ascii"))
    except RecursionError:
        raise WireError(f"the data is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError:
        raise WireError("the data has no readable header") from None
    return _Reader(view[4 + length :]).value(tree, 0)


def refusal(type_name: str) -> str:
    """The sentence for a type that is no data, from its name alone; a name that is not known is not repeated."""
    if type_name == "model":
        return "it is no model that can be graded, and a public check says why"
    if type_name in _INSTEAD:
        return f"a {type_name} is no plain data: {_INSTEAD[type_name]}"
    return f"an object that is no plain data came back: {_OTHERWISE}"


def _check_keys(keys):
    if len(keys) > MAX_KEYS or sum(type(key) is not str for key in keys) > MAX_OTHER_KEYS:
        raise WireError(
            f"the data has a dict with more than {MAX_KEYS:,} keys, or {MAX_OTHER_KEYS:,} that are no strings"
        )


class _Writer:
    """Turns a value into a JSON tree and a list of binary blobs."""

    def __init__(self):
        self.blobs = []
        self.size = 0
        self.items = 0

    def tree(self, value, depth):
        self.items += 1
        if self.items > MAX_ITEMS:
            raise WireError(f"the data has more than {MAX_ITEMS:,} items")
        if depth > MAX_DEPTH:
            raise WireError(f"the data is nested deeper than {MAX_DEPTH} levels")
        kind = type(value)
        if value is None or kind in (bool, float):
            return value
        if kind is str:
            return self.text(value)
        if kind is int:
            if value.bit_length() > MAX_BITS:
                raise WireError("the data has an integer of more than a thousand digits")
            return value
        if kind is list:
            return [self.tree(item, depth + 1) for item in value]
        if kind is tuple or (issubclass(kind, tuple) and hasattr(kind, "_fields")):
            return {"t": "tuple", "v": [self.tree(item, depth + 1) for item in tuple(value)]}
        if kind in (dict, OrderedDict, defaultdict, Counter):
            _check_keys(value)
            return {"t": "dict", "v": [self.pair(pair, depth + 1) for pair in dict(value).items()]}
        if kind is bytes:
            return {"t": "bytes", **self.blob(value)}
        return self.array(value, kind)

    def text(self, value):
        try:
            value.encode()
        except UnicodeEncodeError:  # lone surrogates: JSON would join two of them to one character
            return {"t": "str", **self.blob(value.encode("utf-8", "surrogatepass"))}
        return value

    def pair(self, pair, depth):
        if type(pair[0]) in (list, dict):
            raise WireError(f"a {type(pair[0]).__name__} cannot be a key of a dict here")
        return [self.tree(pair[0], depth), self.tree(pair[1], depth)]

    def array(self, value, kind):
        numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
        if torch is not None and kind in (torch.Tensor, torch.nn.Parameter):
            return self.tensor(value, torch)
        if numpy is not None and kind is numpy.str_:
            return self.text(str(value))
        if numpy is not None and (kind is numpy.ndarray or issubclass(kind, numpy.generic)):
            name = value.dtype.name
            if name not in _NUMPY_DTYPES:
                raise WireError(f"an array of dtype {name} is no plain data: return a list, such as array.tolist()")
            plain = numpy.asarray(value, dtype=numpy.dtype(name).newbyteorder("<"))
            tag = "array" if kind is numpy.ndarray else "scalar"
            return {"t": tag, "dtype": name, "shape": list(plain.shape), **self.blob(plain.tobytes())}
        raise self.refused(kind)

    def tensor(self, value, torch):
        name = str(value.dtype).removeprefix("torch.")
        if name not in _TORCH_DTYPES or value.layout is not torch.strided or value.is_meta:
            raise WireError(f"a tensor of dtype {name} and layout {value.layout} cannot be sent: return a dense tensor")
        flat = value.detach().cpu().resolve_conj().resolve_neg().contiguous().reshape(-1)
        raw = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
        return {"t": "tensor", "dtype": name, "shape": list(value.shape), **self.blob(raw)}

    def blob(self, raw: bytes):
        place = {"at": self.size, "n": len(raw)}
        self.size += len(raw)
        if self.size > MAX_BYTES:
            raise WireError(f"the data takes more than the {MAX_BYTES // 2**20} MiB that are allowed")
        self.blobs.append(raw)
        return place

    def refused(self, kind) -> WireError:
        names = [base.__name__ for base in kind.__mro__]
        known = next((name for name in names if name in _INSTEAD), "")
        error = WireError(f"an object of type {kind.__name__} is no plain data: {_INSTEAD.get(known, _OTHERWISE)}")
        error.type_name = known or kind.__name__
        return error


class _Reader:
    """Builds the value from a JSON tree, believing nothing that the tree says."""

    def __init__(self, blobs: memoryview):
        self.blobs = blobs
        self.items = 0
        self.used = 0

    def value(self, tree, depth):
        self.items += 1
        if self.items > MAX_ITEMS:
            raise WireError(f"the data has more than {MAX_ITEMS:,} items")
        if depth > MAX_DEPTH:
            raise WireError(f"the data is nested deeper than {MAX_DEPTH} levels")
        if type(tree) is int and tree.bit_length() > MAX_BITS:
            raise WireError("the data has an integer of more than a thousand digits")
        if type(tree) is list:
            return [self.value(item, depth + 1) for item in tree]
        if type(tree) is dict:
            return self.tagged(tree, depth)
        return tree

    def tagged(self, tree, depth):
        tag, names = tree.get("t"), set(tree)
        if tag == "tuple" and names == {"t", "v"} and type(tree["v"]) is list:
            return tuple(self.value(item, depth + 1) for item in tree["v"])
        if tag == "dict" and names == {"t", "v"} and type(tree["v"]) is list:
            return self.dictionary(tree["v"], depth)
        if tag == "bytes" and names == {"t", "at", "n"}:
            return self.blob(tree).tobytes()
        if tag == "str" and names == {"t", "at", "n"}:
            return self.text(tree)
        if tag in ("array", "scalar", "tensor") and names == {"t", "dtype", "shape", "at", "n"}:
            return self.tensor(tree) if tag == "tensor" else self.array(tree, tag)
        raise WireError("the data has an entry of an unknown kind")

    def text(self, tree):
        try:
            return self.blob(tree).tobytes().decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise WireError("the data has a text that cannot be decoded") from None

    def dictionary(self, pairs, depth):
        if not all(type(pair) is list and len(pair) == 2 for pair in pairs):
            raise WireError("the data has a malformed dict")
        _check_keys([key for key, _ in pairs])
        try:
            built = {self.value(key, depth + 1): self.value(item, depth + 1) for key, item in pairs}
        except TypeError:
            raise WireError("the data has a dict with a key that cannot be one") from None
        if len(built) != len(pairs):
            raise WireError("the data has a dict with the same key twice")
        return built

    def blob(self, tree) -> memoryview:
        start, size = tree["at"], tree["n"]
        if type(start) is not int or type(size) is not int or start < 0 or size < 0 or start + size > len(self.blobs):
            raise WireError("the data points outside itself")
        self.used += size
        if self.used > MAX_BYTES:
            raise WireError("the data uses the same bytes too often")
        return self.blobs[start : start + size]

    def layout(self, tree, dtypes, itemsize):
        name, shape, raw = tree["dtype"], tree["shape"], self.blob(tree)
        if type(name) is not str or name not in dtypes:
            raise WireError("the data has an array of a dtype that is not allowed")
        if type(shape) is not list or len(shape) > MAX_DIMENSIONS:
            raise WireError("the data has an array with a malformed shape")
        if not all(type(side) is int and 0 <= side <= MAX_BYTES for side in shape):
            raise WireError("the data has an array with a malformed shape")
        if math.prod(shape) * itemsize(name) != len(raw) or math.prod(filter(None, shape)) > MAX_BYTES:
            raise WireError("the data has an array whose shape does not fit its size")
        return name, shape, raw

    def array(self, tree, tag):
        import numpy

        name, shape, raw = self.layout(tree, _NUMPY_DTYPES, lambda name: numpy.dtype(name).itemsize)
        if name == "bool":  # a byte of 2 would be neither True nor False
            array = numpy.asarray(numpy.frombuffer(raw, dtype="u1").reshape(shape) != 0)
        else:
            array = numpy.frombuffer(raw, dtype=numpy.dtype(name).newbyteorder("<")).reshape(shape).astype(name)
        if tag == "array":
            return array
        if shape:
            raise WireError("the data has a number with a shape")
        return array[()]

    def tensor(self, tree):
        import torch

        name, shape, raw = self.layout(tree, _TORCH_DTYPES, lambda name: getattr(torch, name).itemsize)
        if not raw:
            return torch.empty(shape, dtype=getattr(torch, name))
        flat = torch.frombuffer(bytearray(raw), dtype=torch.uint8)
        if name == "bool":
            return (flat != 0).reshape(shape)
        return flat.view(getattr(torch, name)).reshape(shape)
