"""The instructor's page: every submission, how marks are spread, and what the tests are worth. One file, offline."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import groupby
from pathlib import Path
from statistics import mean, median

from markupsafe import Markup

from .analysis import distribution, per_test
from .entries import Entry, failures
from .feedback import Pages, environment, heading, most_points, points, state
from .files import write_whole
from .similarity import Comparison


def write_dashboard(
    entries: Iterable[Entry], pages: Pages, path: Path, comparisons: Mapping[str, Comparison] | None = None
) -> Path:
    """Write the dashboard.

    Args:
        entries: as `Gradebook.entries` gives them.
        pages: (student, day) -> the feedback page, relative to the dashboard.
        path: where to write it.
        comparisons: day -> which submissions are suspiciously equal.

    Raises:
        OSError: it cannot be written.
    """
    return write_whole(path, dashboard(entries, pages, comparisons), durable=False)


def dashboard(entries: Iterable[Entry], pages: Pages, comparisons: Mapping[str, Comparison] | None = None) -> str:
    """The dashboard as a complete HTML page, a section a day."""
    groups = [_group(day, list(rows), pages) for day, rows in groupby(entries, key=lambda entry: entry.day)]
    for group in groups:
        group["alike"] = (comparisons or {}).get(group["day"])
    script, digest = _script()
    return environment().get_template("index.html.j2").render(groups=groups, script=script, script_hash=digest)


@cache
def _script() -> tuple[Markup, str]:
    """Our own script, and its hash: the page's policy lets no other script run."""
    text = Path(__file__).with_name("templates").joinpath("sort.js").read_text(encoding="utf-8")
    return Markup(text), base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _group(day: str, entries: list[Entry], pages: Pages) -> dict:
    marks = [entry.total for entry in entries if entry.counts and not entry.failed]
    bands = distribution(marks, max(map(most_points, entries))) if day and marks else []
    return {
        "day": day,
        "heading": heading(day),
        "summary": _summary(entries, marks),
        "warnings": _warnings(entries),
        "rows": [_row(entry, pages) for entry in entries],
        "bands": bands,
        "shares": [f"{count / len(marks):.0%}" for _, count in bands],
        "tests": per_test(entries),
    }


def _row(entry: Entry, pages: Pages) -> dict:
    page = pages.get((entry.student, entry.day))
    return {"entry": entry, "most": most_points(entry), "page": page and page.as_posix(), "state": _state(entry)}


def _state(entry: Entry) -> str:
    """What became of a submission, and what else than the tests has changed its mark."""
    words, mark = [state(entry)], entry.mark
    if mark and mark.days_late:
        words.append(f"{_count(mark.days_late, 'day')} late")
    if mark and mark.adjustments:
        words.append("adjusted")
    if mark and mark.open and not entry.failed:
        words.append(f"open: {'; '.join(mark.open)}")
    return ", ".join(words)


def _summary(entries: list[Entry], marks: list[float]) -> str:
    words = f"{_count(len(entries), 'submission')} of {_count(len({e.student for e in entries}), 'learner')}"
    if marks:
        words += f"; mean {points(round(mean(marks), 2))}, median {points(median(marks))} points"
    unread = sum(bool(entry.problem) and not entry.failed for entry in entries)
    return f"{words}; {unread} could not be graded." if unread else f"{words}."


def _warnings(entries: list[Entry]) -> list[str]:
    """What must not be overlooked."""
    warnings = []
    if failed := sum(entry.failed for entry in entries):
        marks = _count(failed, "mark")
        warnings.append(f"{marks} open, because grading itself failed: mend what stands below, then run it again.")
        warnings += failures(entries)
    if bare := sum(bool(entry.grade) and entry.grade.sandbox == "none" for entry in entries):
        warnings.append(f"{_count(bare, 'submission')} ran without a sandbox: could have read or forged anything.")
    if doubtful := sum(entry.doubtful for entry in entries):
        warnings.append(f"{_count(doubtful, 'submission')} may be somebody else's: the file names another learner.")
    if waiting := sum(bool(entry.mark and entry.mark.open) and not entry.failed for entry in entries):
        says = "see State; `course review` shows the answers to be marked by hand"
        warnings.append(f"{_count(waiting, 'mark')} not final yet: {says}.")
    return warnings


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
