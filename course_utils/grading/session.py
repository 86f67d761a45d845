"""Grading one notebook: the face of the package's core.

grade = grade_notebook("ada.ipynb", day("day01"))
grade.points, grade.max_points, grade.problems
"""

import hashlib
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version

from course_utils.grading.testing import TestResult


class GradingError(RuntimeError):
    """Grading itself could not be done: no sandbox, no exercise, broken tests. Never the learner's fault."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use; seconds and MiB."""

    cell: float = 30.0  # seconds for one cell of the notebook
    call: float = 10.0  # seconds for one call of a learner's function
    task: float = 20.0  # seconds for all tests of one task
    total: float = 180.0  # seconds for the whole submission
    cpu: int = 240  # CPU seconds of one process
    memory: int = 2048  # MiB of memory beyond what the course's own imports take
    processes: int = 64  # processes and threads
    files: int = 256  # open files
    disk: int = 64  # MiB of temporary files
    output: int = 1024  # KiB of output kept from the notebook


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


def course_version() -> str:
    """The version of the installed course."""
    try:
        return version("transformers-course")
    except PackageNotFoundError:
        return "unknown"


def grade_notebook(notebook, day, limits=Limits(), sandbox=None) -> Grade:
    """Grade one notebook of `day` behind the wall and return its Grade.

    `notebook` is a path or the file's bytes; `day` a `syllabus.Day` (or anything with its slug, points and paths);
    `sandbox` "namespaces", "bwrap" or "none", by default the strongest one that works here. Whatever the submission
    does ends up in the Grade; raises GradingError only where grading itself cannot be done.
    """
    raise GradingError("Grading is being written.")
