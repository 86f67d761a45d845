"""Results as files for other programs. Text of strangers never becomes a formula."""

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

from .entries import Entry
from .feedback import line, state, task_views
from .files import write_whole

_FORMULA = re.compile(r"((?:^|[;,\t|])[\s\"']*)(?=[=+\-@＝＋－＠])")
COLUMNS = (
    "student",
    "day",
    "mark",
    "points",
    "max_points",
    "hand",
    "days_late",
    "deduction",
    "adjustment",
    "counts",
    "state",
    "problem",
    "notes",
    "submitted",
    "graded",
    "file",
)


class ExportError(ValueError):
    """Marks that cannot be exported as asked; the message says what is missing."""


def results_csv(entries: Iterable[Entry], path: Path) -> Path:
    """Write one row a submission, with a column for each task's points, for spreadsheets.

    `points` are the tests'; `mark` is what the learner gets, on the row of the submission that counts.

    The file begins with a byte order mark: the usual reader is a double click into a spreadsheet, which without it
    shows `Zoë` as `ZoÃ«`; pandas skips the mark by itself, Python's csv does with `encoding="utf-8-sig"`.

    Raises:
        OSError: the file cannot be written.
    """
    entries = list(entries)
    tasks = list(dict.fromkeys(view.name for entry in entries for view in task_views(entry)))
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow([*COLUMNS, *(safe(f"task {name}") for name in tasks), "sandbox", "seconds"])
    for entry in entries:
        writer.writerow(_row(entry, tasks))
    return write_whole(path, "\ufeff" + buffer.getvalue(), durable=False)


def _row(entry: Entry, tasks: list[str]) -> list[str | float]:
    grade, mark = entry.grade, entry.mark
    earned = {view.name: view.earned for view in task_views(entry)}
    texts = [entry.sentence, " ".join(entry.notes), entry.submitted.isoformat(timespec="seconds")]
    texts += [entry.graded.isoformat(timespec="seconds") if entry.graded else "", entry.file]
    return [
        safe(entry.student),
        entry.day,
        mark.total if mark and mark.final else "",
        "" if entry.failed else entry.points,
        grade.max_points if grade else entry.max_points,
        *([mark.hand, mark.days_late, mark.deduction, mark.adjustment] if mark else [""] * 4),
        "yes" if entry.counts else "no",
        state(entry),
        *map(safe, texts),
        *(earned.get(name, "" if entry.failed else 0.0) for name in tasks),
        grade.sandbox if grade else "",
        round(grade.seconds, 3) if grade else "",
    ]


def safe(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe before `=`, `+`, `-` and `@`.

    Also after a separator inside the text, because a spreadsheet set to another separator would begin a cell there.
    Tabs, returns and other invisible characters are gone before (`printable`).

    Source: OWASP, CSV Injection.
    """
    return _FORMULA.sub(r"\1'", line(text))


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would calculate a text, or a part of it."""
    return bool(_FORMULA.search(line(text)))
