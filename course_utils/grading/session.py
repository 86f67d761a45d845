"""Grading one notebook: the face of the package's core.

grade = grade_notebook("ada.ipynb", day("day01"))
grade.points, grade.max_points, grade.problems
"""

import contextlib
import hashlib
import json
import os
import signal
import socket
import time
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from course_utils.grading import sandbox as sandboxes
from course_utils.grading import warm as warming
from course_utils.grading.limits import Limits
from course_utils.grading.testing import TestResult

_DEFAULT = Limits()
_GRACE = 30.0  # seconds beyond the submission's own total before its examiner is stopped from outside


class GradingError(RuntimeError):
    """Grading itself could not be done: no sandbox, no exercise, broken tests. Never the learner's fault."""


@dataclass(frozen=True)
class CellResult:
    """What one code cell of the replayed notebook did."""

    cell_id: str
    task: str  # "" for a cell of the exercise itself
    outcome: str  # "passed", "failed", "timeout" or "crashed"
    message: str  # the learner's own error in one line; "" if it passed


@dataclass(frozen=True)
class Grade:
    """The result of one submission. `to_dict` and `from_dict` carry it through JSON unchanged."""

    slug: str
    points: float
    max_points: float
    tests: list[TestResult] = field(default_factory=list)  # the hidden tests, which carry the points
    public: list[TestResult] = field(default_factory=list)  # the public checks, without points
    cells: list[CellResult] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # sentences for the learner and the instructor
    sandbox: str = ""  # "namespaces", "bwrap" or "none"
    seconds: float = 0.0
    peak_memory: int = 0  # bytes; 0 where it is not known
    course_version: str = ""
    tests_hash: str = ""

    def to_dict(self) -> dict:
        """Plain data, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict) -> "Grade":
        """The inverse of `to_dict`."""
        results = {name: [TestResult(**test) for test in data[name]] for name in ("tests", "public")}
        return replace(cls(**data), **results, cells=[CellResult(**cell) for cell in data["cells"]])


def tests_hash(day) -> str:
    """SHA-256 over the exercise and both test files of a day: what a mark depends on besides the submission."""
    digest = hashlib.sha256()
    for path in (day.exercise, day.hidden_tests, day.public_tests):
        content = path.read_bytes() if path.is_file() else b""
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()


tests_hash.__test__ = False  # its name is not a test's


def course_version() -> str:
    """The version of the installed course."""
    try:
        return version("transformers-course")
    except PackageNotFoundError:
        return "unknown"


def grade_notebook(notebook, day, limits=_DEFAULT, sandbox=None, warm=True) -> Grade:
    """Grade one notebook of `day` behind the wall and return its Grade.

    `notebook` is a path or the file's bytes; `day` a `syllabus.Day` (or anything with its slug, points and paths);
    `sandbox` "namespaces", "bwrap" or "none", by default the strongest one that works here. Whatever the submission
    does ends up in the Grade; raises GradingError only where grading itself cannot be done. Without `warm` every kernel
    starts cold, which takes seconds.
    """
    started = time.monotonic()
    data = notebook if isinstance(notebook, bytes) else Path(notebook).read_bytes()
    try:
        level = sandboxes.choose(sandbox)
        address = warming.shared(preload=warm)
    except (sandboxes.SandboxError, OSError) as error:
        raise GradingError(str(error)) from None
    for path in (day.exercise, day.hidden_tests, day.public_tests):
        if not path.is_file():
            raise GradingError(f"{day.slug} cannot be graded: {path} is missing.")
    order = {"do": "examine", "address": address, "level": level, "limits": vars(limits), "exercise": str(day.exercise)}
    order |= {"hidden_tests": str(day.hidden_tests), "public_tests": str(day.public_tests)}
    finding = _finding(address, order, data, limits.total + _GRACE)
    return _grade(finding, day, level, time.monotonic() - started)


def _finding(address, order, data, seconds):
    """What an examiner, forked for this submission, finds; a sentence for the learner if it found nothing in time."""
    deadline = time.monotonic() + seconds
    answer, ended = b"", False
    try:
        with warming.ask(address, order, data) as connection:
            connection.shutdown(socket.SHUT_WR)
            while not ended:
                connection.settimeout(max(0.01, deadline - time.monotonic()))
                block = connection.recv(2**16)
                answer, ended = answer + block, not block
    except TimeoutError:
        pass
    except OSError:
        ended = True
    lines = [json.loads(line) for line in answer.split(b"\n")[:-1]]
    if not ended and lines:
        with contextlib.suppress(OSError):
            os.kill(lines[0]["pid"], signal.SIGKILL)
    if len(lines) < 2 and ended and not warming.answers(address):
        raise GradingError("The warm process ended before this submission was graded: grade it again.")
    if len(lines) < 2:
        why = "ended while reading it" if ended else f"was stopped after {seconds:g} seconds"
        return {"problems": [f"Grading {why}: the submission overran what a grader allows."]}
    if "broken" in lines[1]:
        raise GradingError(lines[1]["broken"])
    return lines[1]


def _grade(finding, day, level, seconds):
    tests = [TestResult(**test) for test in finding.get("tests", [])]
    return Grade(
        slug=day.slug,
        points=round(sum(test.earned for test in tests), 6),
        max_points=float(day.points),
        tests=tests,
        public=[TestResult(**test) for test in finding.get("public", [])],
        cells=[CellResult(**cell) for cell in finding.get("cells", [])],
        problems=finding["problems"],
        sandbox=level,
        seconds=round(seconds, 3),
        peak_memory=finding.get("peak_memory", 0),
        course_version=course_version(),
        tests_hash=tests_hash(day),
    )
