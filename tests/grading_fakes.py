"""Graders that do not grade: what a batch does with every kind of outcome. Importable by worker processes."""

import json
import time
from pathlib import Path

from course_utils.grading.session import Grade, GradingError
from course_utils.grading.testing import TestResult


def grade(notebook, day, limits=None, sandbox=None):
    """Points for the length of the answer; the answer says what shall happen."""
    source = "".join(cell["source"] for cell in json.loads(notebook)["cells"])
    if "no sandbox" in source:
        raise GradingError("No sandbox works here.")
    if "defect" in source:
        raise KeyError("a defect")
    if "slow" in source:
        time.sleep(0.15)
    for line in source.splitlines():
        if line.startswith("# hold until "):
            _wait_for(Path(line.removeprefix("# hold until ")))
        if line.startswith("# log "):
            with Path(line.removeprefix("# log ")).open("a") as log:
                log.write("graded\n")
    points = 1.0 if "half" in source else 2.0
    tests = [TestResult("test_x", "classify", 2.0, "passed" if points == 2.0 else "failed", "labels", "", 0.01)]
    return Grade(day.slug, points, 2.0, tests=tests, sandbox=sandbox or "namespaces", seconds=0.01)


def _wait_for(path: Path, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.02)
