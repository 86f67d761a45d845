"""From points to a mark: which submission counts, what lateness takes, what people decided on top.

    mark = tests + hand - deduction + adjustment

The tests' own points are never changed; every decision of a person is kept with its author, reason and time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

from .policy import Policy

Key = tuple[str, str]  # (student, day)


class DecisionError(ValueError):
    """A decision that cannot be taken: no reason, no author, no number."""


@dataclass(frozen=True)
class Answer:
    """A learner's answer to a task that a person marks."""

    task: str
    points: float  # the most that it can get
    text: str
    written: bool = True  # False for the released cell, untouched, and for one that is gone

    @property
    def sha256(self) -> str:
        """What ties a hand mark to this text: the same text handed in again keeps its mark."""
        return sha256(self.text.encode("utf-8", "backslashreplace")).hexdigest()


@dataclass(frozen=True)
class Adjustment:
    """A person's change to a mark: "add" points (also fewer than 0), "set" the mark, or "clear" all that was before."""

    student: str
    day: str
    kind: str
    points: float
    reason: str
    author: str
    made: datetime

    def __str__(self) -> str:
        """What was decided, in words."""
        words = {"add": f"{self.points:+g} points", "set": f"set to {self.points:g}", "clear": "adjustments cleared"}
        return f"{words[self.kind]}: {self.reason} ({self.author}, {self.made:%Y-%m-%d %H:%M} UTC)"


@dataclass(frozen=True)
class Extension:
    """A learner's own deadline for a day; without `until` the general one holds again."""

    student: str
    day: str
    until: datetime | None
    reason: str
    author: str
    made: datetime

    def __str__(self) -> str:
        """What was granted, in words."""
        words = f"due {self.until:%Y-%m-%d %H:%M} UTC" if self.until else "extension withdrawn"
        return f"{words}: {self.reason} ({self.author}, {self.made:%Y-%m-%d %H:%M} UTC)"


@dataclass(frozen=True)
class HandMark:
    """What a person gave for one free-text answer; `answer` is the SHA-256 of its text."""

    student: str
    day: str
    task: str
    answer: str
    points: float
    comment: str
    author: str
    made: datetime


@dataclass(frozen=True)
class Mark:
    """What a learner gets for a day, and how it came about."""

    student: str
    day: str
    tests: float = 0.0  # points of the hidden tests
    hand: float = 0.0  # points given by hand
    days_late: int = 0
    deduction: float = 0.0  # points that lateness took
    adjustment: float = 0.0  # what people's decisions changed
    most: float = 0.0
    submitted: datetime | None = None  # None: nothing was handed in
    deadline: datetime | None = None
    adjustments: tuple[Adjustment, ...] = ()  # all of them, oldest first
    hand_marks: tuple[HandMark, ...] = ()
    open: tuple[str, ...] = ()  # what is missing before the mark is final, in words

    @property
    def total(self) -> float:
        """The mark."""
        return round(self.tests + self.hand - self.deduction + self.adjustment, 6)

    @property
    def final(self) -> bool:
        """Whether nothing is missing."""
        return not self.open


class Graded(Protocol):
    """What a mark is made from: an `Entry`, or a row of the gradebook without its tests."""

    student: str
    day: str
    submitted: datetime
    problem: str
    failed: bool
    doubtful: bool
    late: bool | None
    points: float
    max_points: float
    answers: Sequence[Answer]


@dataclass(frozen=True)
class Rules:
    """Everything besides the submissions that marks depend on. Decisions are given oldest first."""

    policy: Policy = field(default_factory=Policy)
    adjustments: Sequence[Adjustment] = ()
    extensions: Sequence[Extension] = ()
    hand_marks: Sequence[HandMark] = ()

    def __post_init__(self):
        extended = {(e.student, e.day): e.until for e in self.extensions}
        adjusted: dict[Key, list[Adjustment]] = {}
        for adjustment in self.adjustments:
            adjusted.setdefault((adjustment.student, adjustment.day), []).append(adjustment)
        given = {(h.student, h.day, h.task, h.answer): h for h in self.hand_marks}
        for name, index in (("_extended", extended), ("_adjusted", adjusted), ("_given", given)):
            object.__setattr__(self, name, index)

    def deadline(self, student: str, day: str) -> datetime | None:
        """When a learner's work for a day is due: a recorded extension wins over the policy's file."""
        return self._extended.get((student, day)) or self.policy.deadline(student, day)

    def given(self, student: str, day: str, answer: Answer) -> HandMark | None:
        """The newest hand mark for this text of an answer."""
        return self._given.get((student, day, answer.task, answer.sha256))

    def mark(self, graded: Graded) -> Mark:
        """The mark that one submission leads to."""
        student, day = graded.student, graded.day
        deadline = self.deadline(student, day)
        late, doubt = self._lateness(graded, deadline)
        found = [self.given(student, day, answer) for answer in graded.answers]
        hand = sum(mark.points for mark in found if mark)
        waiting = [answer for answer, mark in zip(graded.answers, found) if answer.written and not mark]
        missing = [f"{answer.task} has to be marked by hand" for answer in waiting]
        missing += ["grading itself failed"] if graded.failed else []
        missing += doubt
        mark = Mark(
            student=student,
            day=day,
            tests=graded.points,
            hand=hand,
            days_late=late,
            deduction=self.policy.deduction(graded.points + hand, late),
            most=graded.max_points,
            submitted=graded.submitted,
            deadline=deadline,
            hand_marks=tuple(mark for mark in found if mark),
            open=tuple(missing),
        )
        return self._adjust(mark)

    def _lateness(self, graded: Graded, deadline: datetime | None) -> tuple[int, list[str]]:
        """Days late, and what speaks against it.

        Where the school's system tells no time (Canvas), there is only the learner's clock or the file's: its word that
        a submission was in time then holds, and its word that it was late is not overruled by either clock.
        """
        days = self.policy.days_late(graded.submitted, deadline)
        if graded.late is None or deadline is None:
            return days, []
        if not graded.late:
            return 0, []
        extended = deadline != self.policy.deadlines.get(graded.day)
        forged = graded.submitted <= deadline and self.policy.percent_per_day > 0 and not extended
        return days, ["the school's system marked it late, by a clock of its own it was in time"] if forged else []

    def nothing_handed_in(self, student: str, day: str, most: float) -> Mark:
        """The mark of a learner whose work for a day never came."""
        return self._adjust(Mark(student, day, most=most, deadline=self.deadline(student, day)))

    def _adjust(self, mark: Mark) -> Mark:
        """Apply people's decisions in their order; the mark never falls below 0."""
        made = self._adjusted.get((mark.student, mark.day), ())
        value, missing = mark.total, mark.open
        for one in made:
            value = {"add": value + one.points, "set": one.points, "clear": mark.total}[one.kind]
            missing = {"add": missing, "set": (), "clear": mark.open}[one.kind]
        changed = round(max(0.0, value) - mark.total, 6) if made else 0.0
        return Mark(**(vars(mark) | {"adjustment": changed, "adjustments": tuple(made), "open": missing}))

    def choose(self, graded: Iterable[Graded]) -> dict[Key, tuple[Graded, Mark]]:
        """For each learner and day the submission that counts, and its mark.

        One that could not be read, or that somebody else may have made in this learner's name, never takes the place
        of one that is in order. Of the others the last counts, or the best; of equally good ones the last.
        """
        best: dict[Key, tuple[tuple, Graded, Mark]] = {}
        for one in graded:
            mark = self.mark(one)
            worth = mark.total - mark.adjustment if self.policy.counts == "best" else 0.0
            rank = (not one.problem, not one.doubtful, worth, one.submitted)
            before = best.get((one.student, one.day))
            if before is None or rank >= before[0]:
                best[one.student, one.day] = rank, one, mark
        return {key: (one, mark) for key, (_, one, mark) in best.items()}


def whoami() -> str:
    """The name of whoever runs this, as the computer knows it; "unknown" where it does not."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        return "unknown"


def decided(reason: str, author: str, now: datetime | None = None) -> dict:
    """The reason, author and time of a decision.

    Raises:
        DecisionError: it has no reason or no author.
    """
    reason, author = " ".join(reason.split()), " ".join(author.split())
    if not reason:
        raise DecisionError("A decision about a mark needs its reason: say why, for example --reason 'unclear task'.")
    if not author:
        raise DecisionError("A decision about a mark needs its author: say who decides with --author.")
    return {"reason": reason, "author": author, "made": now or datetime.now(UTC)}
