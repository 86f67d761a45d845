"""Fuzz the decoder for a given time: `python tests/redteam/fuzz_wire.py coverage 10` (or `properties`), in minutes.

`coverage` is guided by coverage and needs atheris (`pip install atheris`); `properties` builds nearly valid data with
Hypothesis. Anything but plain data or a WireError, more than two seconds or more than two gibibytes is a finding: the
program then ends with a traceback.
"""

import json
import resource
import struct
import sys
import time

import numpy
import torch  # noqa: F401 - else the first tensor would be the slow one

TOO_LONG = 2.0
PLAIN = (type(None), bool, int, float, str, bytes, list, tuple, dict, numpy.ndarray, numpy.generic)
runs = 0


def check(data: bytes):
    """Decode the bytes; what comes out must be plain, and come back the same when it is encoded again."""
    from course_utils.grading.wire import WireError, decode, encode

    global runs
    runs += 1
    started = time.process_time()
    try:
        value = decode(data)
    except WireError:
        value = None
    assert isinstance(value, PLAIN) or type(value).__name__ == "Tensor", type(value)
    again = encode(value)
    assert encode(decode(again)) == again
    assert time.process_time() - started < TOO_LONG, f"{time.process_time() - started} seconds"


def coverage(seconds: float):
    """libFuzzer mutates bytes; half of them get a correct length in front, so that the header is reached."""
    import atheris

    with atheris.instrument_imports():
        import course_utils.grading.wire  # noqa: F401

    def one(data):
        check(data)
        if data:
            split = min(data[0] * 4, len(data))
            check(struct.pack("<I", max(0, split - 1)) + data[1:])

    seeds = ['{"t":"array","dtype":"bool","shape":[2,3],"at":0,"n":6}', '[1,2.5,null,true,"x",{"t":"tuple","v":[NaN]}]']
    seeds += ['{"t":"dict","v":[["a",{"t":"tensor","dtype":"bfloat16","shape":[],"at":0,"n":2}]]}']
    import tempfile
    from pathlib import Path

    corpus = Path(tempfile.mkdtemp())
    for number, seed in enumerate(seeds):
        (corpus / str(number)).write_bytes(bytes([len(seed) // 4 + 1]) + seed.encode() + bytes(64))
    arguments = [sys.argv[0], str(corpus), f"-max_total_time={int(seconds)}", "-max_len=1020", "-print_final_stats=1"]
    atheris.Setup(arguments, one)
    atheris.Fuzz()


def properties(seconds: float):
    """Hypothesis builds headers that look right, with blobs of the wrong and the right sizes."""
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    small = st.integers(-3, 70) | st.sampled_from([2**31, 2**63, -(2**63), 10**30])
    leaf = st.none() | st.booleans() | small | st.floats() | st.text(max_size=5)
    dtypes = st.sampled_from(["bool", "int8", "uint64", "float16", "bfloat16", "complex128", "object", "V8", "U4"])
    tags = st.sampled_from(["array", "scalar", "tensor", "bytes", "str", "tuple", "dict", "list", ""])
    record = {"dtype": dtypes | leaf, "shape": st.lists(small, max_size=18) | leaf, "at": small, "n": small}
    entry = st.fixed_dictionaries({"t": tags}, optional=record)

    def wider(inner):
        pairs = st.lists(st.tuples(inner, inner).map(list), max_size=4)
        return st.lists(inner, max_size=4) | st.fixed_dictionaries(
            {"t": tags, "v": pairs | st.lists(inner, max_size=4)}
        )

    @given(st.recursive(leaf | entry, wider, max_leaves=25), st.binary(max_size=130))
    @settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def one(tree, blobs):
        header = json.dumps(tree).encode()
        check(struct.pack("<I", len(header)) + header + blobs)

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        one()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_DATA, (2**31, 2**31))
    {"coverage": coverage, "properties": properties}[sys.argv[1]](60 * float(sys.argv[2]))
    print(f"{sys.argv[1]}: {runs:,} inputs, no finding")
