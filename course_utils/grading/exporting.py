"""`course export`: the gradebook's marks in the form that the school's system imports.

What a system does not know, or a mark that is still open, is left out and named; nothing is filled in for it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .. import syllabus
from ..syllabus import Day
from . import results_json, school_csv
from .entries import Entry
from .export import ExportError, results_csv
from .feedback import heading
from .files import file_stem, in_words, write_whole
from .gradebook import Gradebook
from .marks import Mark
from .roster import Person, Roster, read_roster

FORMATS = ("canvas", "moodle", "gradescope", "classroom", "csv")


@dataclass(frozen=True)
class Line:
    """One learner's result for one day."""

    student: str
    day: Day
    mark: Mark
    entry: Entry | None = None  # None where nothing was handed in
    person: Person | None = None  # as the roster has them

    @property
    def total(self) -> float:
        """The mark, as systems show it: to hundredths."""
        return round(self.mark.total, 2)


@dataclass(frozen=True)
class Order:
    """What was asked for."""

    lines: tuple[Line, ...]
    days: tuple[Day, ...]
    headings: dict[Day, str]  # the column, or the assignment, of a day
    roster: Roster | None = None
    template: Path | None = None
    remarks: list[str] = field(default_factory=list)

    def of(self, day: Day) -> dict[str, Line]:
        """The day's lines whose mark is final, by learner."""
        return {line.student: line for line in self.lines if line.day == day and line.mark.final}


@dataclass(frozen=True)
class ExportReport:
    """What was written, and what was left out."""

    paths: tuple[Path, ...]
    marks: int
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = str(self.paths[0]) if len(self.paths) == 1 else f"{len(self.paths)} files"
        if len(self.paths) > 1:
            where += f" below {Path(*_common(self.paths))}"
        return "\n".join([f"{where}: {self.marks} marks.", *self.remarks])


def _common(paths: Sequence[Path]) -> list[str]:
    return [parts[0] for parts in zip(*(path.parts for path in paths)) if len(set(parts)) == 1]


def export(
    gradebook: str | Path,
    kind: str,
    out: str | Path,
    day: "str | int | Day | None" = None,
    roster: str | Path | None = None,
    template: str | Path | None = None,
    assignment: str | None = None,
) -> ExportReport:
    """Write marks for another system.

    Args:
        gradebook: its file or URL.
        kind: one of FORMATS.
        out: the file (canvas, moodle, csv), or the folder (gradescope, classroom).
        day: only this day; all days with marks if None.
        roster: the class as CSV, where the system's identifiers are; see `roster`.
        template: a Canvas gradebook export, or Moodle's grading worksheet, whose columns are filled.
        assignment: the system's name of the day's assignment, with or without its id.

    Raises:
        ExportError: no such format, no marks, an assignment that is not in the template, or identifiers are missing.
        RosterError, GradebookError, SyllabusError: the roster, the gradebook or the day cannot be read.
    """
    if kind not in FORMATS:
        raise ExportError(f"There is no format {kind!r}: choose one of {', '.join(FORMATS)}.")
    order, entries = _order(gradebook, day, roster, template, assignment)
    out = Path(out)
    write: Callable[[], list[Path]] = {
        "canvas": lambda: [write_whole(out, school_csv.canvas(order))],
        "moodle": lambda: [write_whole(out, school_csv.moodle(order))],
        "gradescope": lambda: list(_gradescope(order, out)),
        "classroom": lambda: list(_classroom(order, out)),
        "csv": lambda: [results_csv(entries, out)],
    }[kind]
    try:
        paths = write()
    except OSError as error:
        raise ExportError(in_words(error, out)) from error
    return ExportReport(tuple(paths), sum(line.mark.final for line in order.lines), (*order.remarks, *_open(order)))


def _order(gradebook, day, roster, template, assignment) -> tuple[Order, list[Entry]]:
    with Gradebook(gradebook, create=False) as book:
        entries, marks = book.entries(), book.marks()
    wanted = None if day is None else syllabus.day(day)
    days = {one.slug: one for one in syllabus.days() if wanted in (None, one)}
    marks = [mark for mark in marks if mark.day in days]
    if not marks:
        which = f" for Day {wanted.number}" if wanted else ""
        raise ExportError(f"There are no marks{which} in {gradebook}: grade first.")
    used = tuple(one for slug, one in days.items() if any(mark.day == slug for mark in marks))
    if assignment and len(used) > 1:
        raise ExportError("--assignment names the assignment of one day: say which with --day.")
    people = read_roster(roster) if roster else None
    counting = {(entry.student, entry.day): entry for entry in entries if entry.counts}
    lines = [
        Line(
            student=mark.student,
            day=days[mark.day],
            mark=mark,
            entry=counting.get((mark.student, mark.day)),
            person=people.named(mark.student) if people else None,
        )
        for mark in marks
    ]
    headings = {one: assignment or heading(one.slug) for one in used}
    order = Order(tuple(lines), used, headings, people, Path(template) if template else None)
    if people:
        strangers = sorted({line.student for line in lines if line.person is None})
        order.remarks.extend(f"{student} is not on the roster, or is there twice." for student in strangers)
    return order, [entry for entry in entries if entry.day in days]


def _open(order: Order) -> Iterable[str]:
    """Marks that are still open, a sentence each."""
    for line in order.lines:
        if not line.mark.final:
            yield f"{line.student}, Day {line.day.number}: left out, because {' and '.join(line.mark.open)}."


def _gradescope(order: Order, out: Path) -> Iterable[Path]:
    for line in order.lines:
        if line.mark.final:
            place = out / line.day.slug / file_stem(line.student) / "results.json"
            yield write_whole(place, results_json.gradescope(line))


def _classroom(order: Order, out: Path) -> Iterable[Path]:
    yield write_whole(out / "grades.csv", school_csv.classroom(order))
    for line in order.lines:
        if line.mark.final:
            place = out / line.day.slug / file_stem(line.student) / "autograding.json"
            yield write_whole(place, results_json.classroom(line))
