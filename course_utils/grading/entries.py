"""What grading one submission gave: a line of the gradebook and of every report."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from .marks import Answer, Mark, Rules
from .session import CellResult, Grade


@dataclass(frozen=True)
class Entry:
    """One submission and what grading it gave: what goes into the gradebook, and a line of every report.

    Exactly one of these holds: there is a `grade`; `problem` says why the file could not be graded (that is the
    learner's line, with 0 points); `failed` is set and `problem` says why grading itself gave up (the mark is open).
    """

    file: str  # relative to the folder that was graded
    sha256: str  # of the file
    student: str
    day: str  # slug, "" where none was recognised
    submitted: datetime
    fingerprint: str
    grade: Grade | None = None
    problem: str = ""
    failed: bool = False
    notes: tuple[str, ...] = ()
    doubtful: bool = False  # the file name does not agree that it is this learner's
    late: bool | None = None  # what the school's system says of a submission whose time it does not tell
    max_points: float = 0.0
    graded: datetime | None = None
    answers: tuple[Answer, ...] = ()  # to tasks that a person marks
    counts: bool = field(default=True, compare=False)  # of several submissions of one learner, the one that counts
    mark: Mark | None = field(default=None, compare=False)  # of the one that counts: what the learner gets
    reused: bool = field(default=False, compare=False)  # known from an earlier run

    @property
    def points(self) -> float:
        """The points of the tests; 0 where there was nothing to grade. What a learner gets is in the mark."""
        return self.grade.points if self.grade else 0.0

    @property
    def total(self) -> float:
        """What the learner gets if this submission counts: the mark where there is one, else the tests' points."""
        return self.mark.total if self.mark else self.points

    @property
    def sentence(self) -> str:
        """The one sentence of a table: what to look at first; "" when there is nothing."""
        if self.problem or self.grade is None:
            return self.problem
        stopped = [f"{cell_name(cell)}: {cell.message}" for cell in self.grade.cells if cell.outcome != "passed"]
        slow = [f"Task {test.task} took too long." for test in self.grade.tests if test.outcome == "timeout"]
        failing = [test for test in self.grade.tests if test.outcome != "passed"]
        missed = [test.hint if test.task in test.hint else f"Task {test.task}: {test.hint}" for test in failing]
        return next(iter([*self.grade.problems, *slow, *stopped, *missed]), "")


def cell_name(cell: CellResult) -> str:
    """What a learner calls a cell: by its task, or as a cell that was added."""
    if cell.task == "+":
        return "A cell of your own"
    return f"Task {cell.task}" if cell.task else f"Cell {cell.cell_id}"


def failures(entries: Iterable[Entry]) -> list[str]:
    """Why grading itself failed, each reason once, with how many submissions it holds up."""
    reasons = Counter(entry.problem for entry in entries if entry.failed)
    return [f"{reason} ({count} submission{'s' if count > 1 else ''})" for reason, count in reasons.most_common()]


def newest(attempts: Iterable[Entry], rules: Rules | None = None) -> list[Entry]:
    """Of each submission the newest finished attempt, with `counts` and `mark` set, by day, student and time."""
    found: dict[tuple[str, str], Entry] = {}
    for entry in attempts:
        key = (entry.file, entry.sha256)
        if key not in found or not entry.failed or found[key].failed:
            found[key] = entry
    return mark_counting(found.values(), rules)


def mark_counting(entries: Iterable[Entry], rules: Rules | None = None) -> list[Entry]:
    """The entries in a stable order; the one that counts for a learner and day says so and has the mark.

    Args:
        entries: one a submission.
        rules: what makes a mark from points; of several submissions the last counts, and nothing is late, if None.
    """
    ordered = sorted(entries, key=order)
    chosen = (rules or Rules()).choose(ordered)
    marks = {id(entry): mark for entry, mark in chosen.values()}
    return [replace(entry, counts=id(entry) in marks, mark=marks.get(id(entry))) for entry in ordered]


def order(entry) -> tuple:
    """The order of every list of submissions: by day, learner and time."""
    student = entry.student
    return entry.day, student.casefold(), student, entry.submitted, entry.file, entry.sha256
