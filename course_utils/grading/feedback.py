"""One page a learner, as HTML and as Markdown. Self-contained, accessible, and safe against what learners wrote.

A page never has a hidden test's name or data: of a test it shows the description (its docstring) and the hint. Nor does
it say why grading itself failed: that is the instructor's to read, and may name a hidden test.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path, PurePosixPath

import jinja2
from markupsafe import Markup

from .. import syllabus
from .entries import Entry, cell_name
from .files import file_stem, printable, write_whole
from .marks import Mark, Rules
from .testing import TestResult

LINE = 600  # characters of one message on a page
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_MARKS = re.compile(r"[\\`*_{}\[\]|~#$]|^[-+=]|:(?=//)|(?<=www)\.")  # the last two: bare addresses
_OUTCOMES = {
    "passed": "✓ passed",
    "failed": "✗ not passed",
    "error": "✗ could not be checked",
    "timeout": "✗ took too long",
    "crashed": "✗ ended Python",
}
_SANDBOXES = {
    "namespaces": "a sandbox of its own (Linux namespaces)",
    "bwrap": "a sandbox of its own (bubblewrap)",
    "none": "no sandbox: the instructor asked for grading without isolation",
}


@dataclass(frozen=True)
class TaskView:
    """One task of a page: its hidden tests carry the points, its public ones come after them."""

    name: str
    tests: tuple[TestResult, ...]
    public: tuple[TestResult, ...]

    @property
    def points(self) -> float:
        """The most points of the task."""
        return sum(test.points for test in self.tests)

    @property
    def earned(self) -> float:
        """The points given."""
        return sum(test.earned for test in self.tests)

    @property
    def passed(self) -> int:
        """How many of the tests with points pass."""
        return sum(test.outcome == "passed" for test in self.tests)

    @property
    def look(self) -> str:
        """The style that goes with the state, which is also said in words."""
        return "passed" if self.earned == self.points else "partly" if self.earned else "failed"

    @property
    def state(self) -> str:
        """The state in words."""
        return {"passed": "✓ complete", "partly": "◐ partly", "failed": "✗ no points"}[self.look]

    @property
    def rows(self) -> list[dict]:
        """The checks of the task without their names: a hidden test's name could say what it tries."""
        return [_row(test, False) for test in self.tests] + [_row(test, True) for test in self.public]


def _row(test: TestResult, public: bool) -> dict:
    kept = ("description", "outcome", "points", "earned", "hint")
    return {name: getattr(test, name) for name in kept} | {"public": public}


def learner_page(entry: Entry, attempts: Sequence[Entry] = ()) -> str:
    """One learner's feedback for one day as a complete HTML page.

    Args:
        entry: the submission that counts.
        attempts: every grading of this learner's submissions for the day, oldest first.
    """
    return environment().get_template("feedback.html.j2").render(_context(entry, attempts))


def learner_markdown(entry: Entry, attempts: Sequence[Entry] = ()) -> str:
    """The same as Markdown, for systems and mails that take no HTML. Text of strangers stays text in it."""
    text = environment().get_template("feedback.md.j2").render(_context(entry, attempts))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _context(entry: Entry, attempts: Sequence[Entry]) -> dict:
    grade = entry.grade
    mark = entry.mark or Rules().mark(entry)
    return {
        "entry": entry,
        "grade": grade,
        "attempts": attempts,
        "heading": heading(entry.day),
        "most": most_points(entry),
        "mark": mark,
        "data": mark_data(entry, mark),
        "by_hand": _by_hand(entry, mark),
        "tasks": task_views(entry),
        "cells": [cell for cell in grade.cells if cell.outcome != "passed"] if grade else [],
        "problems": grade.problems if grade else [],
    }


def mark_data(entry: Entry, mark: Mark) -> str:
    """The mark as JSON, for the page's head: `course progress` reads it where the learner keeps the page."""
    return json.dumps({"day": entry.day, "points": mark.total, "of": most_points(entry), "final": mark.final})


def _by_hand(entry: Entry, mark: Mark) -> list[dict]:
    """The answers that a person marks: what each got and what was said about it."""
    given = {hand.task: hand for hand in mark.hand_marks}
    return [
        {"task": answer.task, "points": answer.points, "given": given.get(answer.task), "written": answer.written}
        for answer in entry.answers
    ]


def task_views(entry: Entry) -> list[TaskView]:
    """The tasks of a graded submission, in the order of their tests."""
    if entry.grade is None:
        return []
    hidden, public = entry.grade.tests, entry.grade.public
    names = dict.fromkeys(test.task for test in [*hidden, *public])
    return [
        TaskView(name, *(tuple(t for t in tests if t.task == name) for tests in (hidden, public))) for name in names
    ]


def state(entry: Entry) -> str:
    """What became of a submission, in words."""
    if entry.failed:
        return "grading failed, run it again"
    if not entry.counts:
        return "does not count: check whose it is" if entry.doubtful else "replaced by another"
    return "could not be graded" if entry.problem else "graded"


def heading(slug: str) -> str:
    """The heading of a day: `Day 1: Pipelines: a model in three lines`."""
    try:
        day = syllabus.day(slug)
    except syllabus.SyllabusError:
        return "No day recognised"
    return f"Day {day.number}: {day.title}"


def page_path(entry: Entry) -> PurePosixPath:
    """Where a learner's page is, relative to the output folder; no part of it is the learner's own text."""
    return PurePosixPath("feedback", entry.day or "unplaced", f"{file_stem(entry.student)}.html")


Pages = dict[tuple[str, str], PurePosixPath]  # (student, day) -> a page, relative to the folder of all results


def write_feedback(entries: Iterable[Entry], attempts: Iterable[Entry], out: Path) -> Pages:
    """Write every learner's page into a folder, and beside it the same as Markdown; returns where each page is.

    Args:
        entries: one a submission, as `Gradebook.entries` gives them.
        attempts: all of them, as `Gradebook.attempts` gives them.
        out: the folder.

    Raises:
        OSError: the folder cannot be written.
    """
    history: dict[tuple[str, str], list[Entry]] = {}
    for attempt in attempts:
        history.setdefault((attempt.student, attempt.day), []).append(attempt)
    written = {}
    for entry in entries:
        if entry.counts:
            key = entry.student, entry.day
            written[key] = page_path(entry)
            mine = history.get(key, ())
            write_whole(out / written[key], learner_page(entry, mine), durable=False)
            write_whole((out / written[key]).with_suffix(".md"), learner_markdown(entry, mine), durable=False)
    return written


def most_points(entry: Entry) -> float:
    """The points that the submission could have got."""
    return entry.grade.max_points if entry.grade else entry.max_points


@cache
def environment() -> jinja2.Environment:
    """Templates with escaping on, and the filters that all pages share."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "line": line,
        "lines": lambda text: "\n".join(map(line, text.splitlines())),
        "cell_name": cell_name,
        "points": points,
        "time": lambda time: _time(time, "%B %Y"),
        "short_time": lambda time: _time(time, "%b %Y"),
        "plain_time": lambda time: f"{time.day} {time:%B %Y, %H:%M} UTC" if time else "",
        "md": markdown,
        "outcome": lambda name: _OUTCOMES.get(name, "✗ not passed"),
        "sandbox": lambda name: _SANDBOXES.get(name, printable(name, 60)),
    }
    return made


def line(text: str) -> str:
    """A message on one line, without a terminal's colours, cut to what a page can hold."""
    return printable(_ANSI.sub("", text), LINE)


def markdown(text: str) -> Markup:
    """A message on one line of Markdown in which nothing is markup, link or HTML."""
    escaped = _MARKS.sub(r"\\\g<0>", line(text)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Markup(re.sub(r"^(\d{1,9})(?=[.)])", r"\1\\", escaped))


def points(number: float) -> str:
    """Points as people write them: 2, 2.5, 0.33."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _time(time: datetime | None, month: str) -> Markup:
    if time is None:
        return Markup("")
    shown = f"{time.day} {time:{month}, %H:%M} UTC"
    return Markup('<time datetime="{}">{}</time>').format(time.isoformat(timespec="seconds"), shown)
