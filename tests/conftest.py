"""What all tests share: no network, one thread, the course's own folders."""

import os

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["COURSE_PROGRESS"] = "off"  # a test that runs a check is nobody's progress
os.environ.pop("COURSE_MODELS", None)
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(scope="module")
def training():
    """The code that recipes share, with the precision fixed: two runs are compared to the last bit, on any machine."""
    import training

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "faster_precision", lambda: "no")
        yield training
