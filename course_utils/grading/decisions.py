"""What an instructor decides from the shell: adjustments, extensions, and a look at the marks."""

import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TypedDict, Unpack

from .. import syllabus
from .feedback import points
from .gradebook import Gradebook
from .marks import DecisionError, Mark, whoami
from .policy import parse_time
from .reports import write_reports

GRADEBOOK = "gradebook.db"


@dataclass(frozen=True)
class Decided:
    """What a decision did to a learner's mark for a day; None where there is no mark."""

    student: str
    day: str
    before: Mark | None
    after: Mark | None

    def __str__(self) -> str:
        """One line."""
        shown = [f"{points(mark.total)} of {points(mark.most)}" if mark else "nothing yet" for mark in self._both]
        words = " -> ".join(shown) if shown[0] != shown[1] else f"still {shown[0]}"
        return f"{self.student}, {self.day}: {words}."

    @property
    def _both(self) -> tuple[Mark | None, Mark | None]:
        return self.before, self.after


@dataclass(frozen=True)
class Total:
    """A learner's marks over all days."""

    student: str
    points: float
    most: float
    days: int
    open: int  # marks that are not final


class Grounds(TypedDict, total=False):
    """What comes with every decision; all may be left out, but the reason."""

    reason: str  # why
    author: str  # who decides; the computer's user if empty
    out: str | Path  # the folder of results; "graded"
    gradebook: str | Path | None  # a file or SQLAlchemy URL, if it is not in `out`
    new: bool  # accept a learner whom the gradebook does not have


@contextmanager
def open_book(out: str | Path, gradebook: str | Path | None = None) -> Iterator[Gradebook]:
    """The gradebook of a folder of results, or another one; it must be there.

    Raises:
        GradebookError: it is not there or cannot be opened.
    """
    with Gradebook(gradebook or Path(out) / GRADEBOOK, create=False) as book:
        yield book


def adjust(
    student: str,
    day: str | int,
    *,
    add: float | None = None,
    set_to: float | None = None,
    clear: bool = False,
    **grounds: Unpack[Grounds],
) -> Decided:
    """Change a mark by hand and write the reports again. What the tests gave, and earlier decisions, are kept.

    Args:
        student: the learner, as the gradebook has the name.
        day: slug, short name or number.
        add: points to add, or to take when below 0.
        set_to: the mark, whatever the tests and the deadline say.
        clear: undo all adjustments so far.
        grounds: reason, author, and where the marks are: see `Grounds`.

    Raises:
        DecisionError: not exactly one of add, set_to and clear; no reason; or no such learner.
        GradebookError: the gradebook is not there, or cannot be written.
        SyllabusError: no such day.
    """
    if (add is not None) + (set_to is not None) + clear != 1:
        raise DecisionError("Say one thing: --add POINTS, --set POINTS or --clear.")
    kind = "add" if add is not None else "clear" if clear else "set"
    value = {"add": add, "set": set_to, "clear": 0.0}[kind]

    def change(book: Gradebook, name: str, slug: str, reason: str, author: str) -> None:
        book.adjust(name, slug, kind, value, reason, author)

    return _decide(student, day, change, **grounds)


def extend(student: str, day: str | int, until: str, **grounds: Unpack[Grounds]) -> Decided:
    """Give a learner a deadline of their own for a day and write the reports again.

    Args:
        until: such as `2026-03-10` (its last second) or `2026-03-10T18:00`, in the policy's time zone unless it names
            its own; "none" withdraws the extension.

    All other arguments and errors are those of `adjust`; PolicyError: `until` is no time.
    """

    def change(book: Gradebook, name: str, slug: str, reason: str, author: str) -> None:
        due = None if until == "none" else parse_time(until, book.policy().timezone).astimezone(UTC)
        book.extend(name, slug, due, reason, author)

    return _decide(student, day, change, **grounds)


def _decide(
    student: str,
    day: str | int,
    change: Callable[[Gradebook, str, str, str, str], None],
    reason: str = "",
    author: str = "",
    out: str | Path = "graded",
    gradebook: str | Path | None = None,
    new: bool = False,
) -> Decided:
    slug = syllabus.day(day).slug
    with open_book(out, gradebook) as book:
        name = student if new else find_learner(student, book.learners())
        before = _mark(book, name, slug)
        change(book, name, slug, reason, author or whoami())
        after = _mark(book, name, slug)
        renew_reports(book, out)
    return Decided(name, slug, before, after)


def renew_reports(book: Gradebook, out: str | Path) -> None:
    """Write the reports again where there are some, so that no page says what no longer holds.

    Raises:
        ReportError: they cannot be written; the decision is in the gradebook.
    """
    if (Path(out) / "index.html").exists():
        write_reports(book, out)


def _mark(book: Gradebook, student: str, slug: str) -> Mark | None:
    return next((mark for mark in book.marks() if (mark.student, mark.day) == (student, slug)), None)


def find_learner(name: str, learners: Iterable[str]) -> str:
    """The learner whom a name means: exactly, or but for small and capital letters.

    Raises:
        DecisionError: nobody has the name, or two have it; the message says who is near.
    """
    known = sorted(learners)
    same = [learner for learner in known if learner == name]
    same = same or [learner for learner in known if learner.casefold() == name.strip().casefold()]
    if len(same) == 1:
        return same[0]
    if same:
        raise DecisionError(f"{name!r} may be {' or '.join(map(repr, same))}: write it exactly.")
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else "`course marks` lists them."
    raise DecisionError(f"The gradebook has no learner {name!r}: {hint}")


def totals(marks: Iterable[Mark]) -> list[Total]:
    """Each learner's sum over all days, by name."""
    found: dict[str, list[Mark]] = {}
    for mark in marks:
        found.setdefault(mark.student, []).append(mark)
    return [
        Total(
            student=student,
            points=round(sum(mark.total for mark in mine), 6),
            most=sum(mark.most for mark in mine),
            days=len(mine),
            open=sum(not mark.final for mark in mine),
        )
        for student, mine in sorted(found.items(), key=lambda item: (item[0].casefold(), item[0]))
    ]


def marks_table(
    out: str | Path, gradebook: str | Path | None = None, student: str | None = None, day: str | int | None = None
) -> tuple[object, list[str]]:
    """The marks as a rich table, and in words what is open, and what was decided about one learner.

    Without a learner or a day: a row a learner, with the sum of all days. With either: a row a mark, with its parts.

    Raises:
        DecisionError: no such learner.
        GradebookError: the gradebook is not there or cannot be read.
        SyllabusError: no such day.
    """
    with open_book(out, gradebook) as book:
        slug = None if day is None else syllabus.day(day).slug
        name = None if student is None else find_learner(student, book.learners())
        marks, rules = book.marks(), book.rules()
    if not (name or slug):
        return _totals_table(totals(marks)), []
    chosen = [mark for mark in marks if name in (None, mark.student) and slug in (None, mark.day)]
    waiting = [f"{mark.student}, {_short(mark.day)}: {', '.join(mark.open)}." for mark in chosen if mark.open]
    said = [(one.made, one.day, str(one)) for one in (*rules.adjustments, *rules.extensions) if one.student == name]
    return _parts_table(chosen), [*waiting, *(f"{_short(day)}: {words}" for _, day, words in sorted(said))]


def _table(*headings: str, words: int):
    """A rich table: `words` columns of text, then numbers."""
    from rich.table import Column, Table

    return Table(*(Column(heading, justify="left" if n < words else "right") for n, heading in enumerate(headings)))


def _totals_table(found: list[Total]):
    from rich.text import Text

    table = _table("Learner", "Points", "of", "Days", "Open", words=1)
    for one in found:
        numbers = points(one.points), points(one.most), str(one.days), str(one.open or "")
        table.add_row(Text(one.student), *numbers)
    return table


def _parts_table(marks: list[Mark]):
    from rich.text import Text

    table = _table("Learner", "Day", "Tests", "By hand", "Late", "Adjusted", "Mark", "of", words=2)
    for mark in marks:
        parts = mark.tests, mark.hand, -mark.deduction, mark.adjustment
        shown = ["" if not part and n else points(part) for n, part in enumerate(parts)]
        total = points(mark.total) + ("" if mark.final else ", open")
        table.add_row(Text(mark.student), _short(mark.day), *shown, total, points(mark.most))
    return table


def _short(slug: str) -> str:
    """A day as people say it: `day01`."""
    return slug.split("_")[0] or "none"
