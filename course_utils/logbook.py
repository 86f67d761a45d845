"""A learner's own logbook: what `check(…)` found last, kept in a small file a day, and `progress()`, which reads it.

The files are in `.course-progress` in the course's folder. They hold the names of tasks, how many checks passed and
when; never an answer. Nothing leaves the computer, and deleting the folder forgets everything. COURSE_PROGRESS=off
keeps it from being written.
"""

import html
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

from course_utils import syllabus
from course_utils.grading.files import write_whole
from course_utils.syllabus import Day

FOLDER = ".course-progress"
FEEDBACK = "feedback"  # where a learner keeps the pages that came back
_MARK = re.compile(r'<meta name="course-mark" content="([^"]*)">')
_HEAD = 4096  # characters of a page in which its mark stands


@dataclass(frozen=True)
class Task:
    """One task: what it is worth, and how many of its practice checks passed the last time."""

    name: str
    points: float
    passed: int = 0
    checks: int = 0  # 0: never checked
    by_hand: bool = False  # a person marks it, so it has no checks

    @property
    def done(self) -> bool:
        """Whether all practice checks pass."""
        return bool(self.checks) and self.passed == self.checks


@dataclass(frozen=True)
class DayProgress:
    """One day: its tasks, when it was handed in, and the mark that came back, as (points, of, final)."""

    day: Day
    tasks: tuple[Task, ...]
    submitted: datetime | None = None
    mark: tuple[float, float, bool] | None = None

    @property
    def left(self) -> tuple[Task, ...]:
        """The tasks whose checks do not all pass yet."""
        return tuple(task for task in self.tasks if not task.done and not task.by_hand)

    @property
    def state(self) -> str:
        """How far it is, in words."""
        tasks = [task for task in self.tasks if not task.by_hand]
        if not any(task.checks for task in tasks):
            return "not started" if self.submitted is None else "handed in unchecked"
        passed = len(tasks) - len(self.left)
        return f"{passed} of {len(tasks)} tasks pass" if self.left else f"✓ all {len(tasks)} tasks pass"

    @property
    def returned(self) -> str:
        """The mark that came back, in words; "" if none has."""
        if self.mark is None:
            return ""
        points, most, final = self.mark
        return f"{points:g} of {most:g}" + ("" if final else ", not final")


@dataclass(frozen=True)
class Progress:
    """What is done, what is left, and the points so far. It shows itself in a notebook and in a terminal."""

    days: tuple[DayProgress, ...]

    @property
    def summary(self) -> list[str]:
        """The whole in two or three sentences."""
        tasks = [task for day in self.days for task in day.tasks]
        done = [task for task in tasks if task.done]
        left = [day for day in self.days if day.left]
        worth, all_points = sum(task.points for task in done), sum(task.points for task in tasks)
        words = [f"{len(done)} of {len(tasks)} tasks pass their practice checks; they are worth {worth:g} of "]
        words[0] += f"{all_points:g} points. Marks are given by other checks on other data."
        marks = [day.mark for day in self.days if day.mark]
        if marks:
            got, most = sum(mark[0] for mark in marks), sum(mark[1] for mark in marks)
            words.append(f"Feedback that came back: {got:g} of {most:g} points.")
        following = f"Next: Day {left[0].day.number}, {left[0].left[0].name}." if left else "Nothing is left to do."
        return [*words, following] if self.days else ["There is no exercise in this copy of the course."]

    def __repr__(self) -> str:
        lines = [f"Day {one.day.number:<3}{one.day.title}\n      {'; '.join(_words(one))}" for one in self.days]
        return "\n".join([*lines, "", *self.summary])

    def _repr_html_(self) -> str:
        """The same words as a table."""
        rows = "".join(
            f'<tr><th scope="row" style="{_CELL}">Day {one.day.number}: {html.escape(one.day.title)}</th>'
            + "".join(f'<td style="{_CELL}">{html.escape(text)}</td>' for text in _cells(one))
            + "</tr>"
            for one in self.days
        )
        heads = "".join(
            f'<th scope="col" style="{_CELL}">{name}</th>'
            for name in ("Day", "State", "Left to do", "Handed in", "Points that came back")
        )
        said = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in self.summary)
        table = f"<table><caption>Your progress</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        return f"<div>{table}{said}</div>"


_CELL = "text-align:left;vertical-align:top;white-space:normal"


def _cells(one: DayProgress) -> list[str]:
    handed_in = f"{one.submitted.astimezone():%Y-%m-%d %H:%M}" if one.submitted else ""
    return [one.state, ", ".join(task.name for task in one.left), handed_in, one.returned]


def _words(one: DayProgress) -> Iterator[str]:
    state, left, handed_in, returned = _cells(one)
    yield state
    if left and state != "not started":
        yield f"left: {left}"
    if handed_in:
        yield f"handed in {handed_in}"
    if returned:
        yield f"came back: {returned} points"


def progress(days: "Iterable[Day] | None" = None) -> Progress:
    """What you have done, what is left, and your points so far. Introduced in day01_pipelines.

    It runs nothing: it reads what `check(…)` found last, and the feedback pages that you keep in `feedback/`.

    Args:
        days: the days to look at; all that have an exercise here if None.
    """
    chosen = [day for day in (syllabus.days() if days is None else days) if day.exercise.exists()]
    marks = _returned(chosen[0].root / FEEDBACK) if chosen else {}
    return Progress(tuple(_day(day, marks.get(day.slug)) for day in chosen))


def _day(day: Day, mark: tuple[float, float, bool] | None) -> DayProgress:
    noted = _read(day)
    tasks = tuple(_task(name, *facts, noted["tasks"].get(name)) for name, facts in _tasks(day).items())
    return DayProgress(day, tasks, _time(noted.get("submitted")), mark)


def _task(name: str, points: float, by_hand: bool, noted: object) -> Task:
    try:
        passed, checks = int(noted["passed"]), int(noted["checks"])
    except (TypeError, KeyError, ValueError):
        passed = checks = 0
    return Task(name, points, passed, checks, by_hand)


def _tasks(day: Day) -> dict[str, tuple[float, bool]]:
    """Task -> (points, whether a person marks it), as the exercise notebook says."""
    try:
        cells = json.loads(day.exercise.read_text(encoding="utf-8"))["cells"]
        marked = [cell["metadata"]["nbgrader"] for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade")]
        return {
            mark["grade_id"].removeprefix("check-"): (float(mark.get("points", 0)), bool(mark.get("solution")))
            for mark in marked
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # a learner's file may be half saved
        return {}


# --- what is noted ----------------------------------------------------------------------------------------------


def note_checks(day: Day, task: str, passed: int, checks: int) -> None:
    """Note what the practice checks of one task found."""
    found = {"passed": passed, "checks": checks, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    _note(day, lambda noted: noted["tasks"].update({task: found}))


def note_submission(day: Day) -> None:
    """Note that a day was handed in."""
    _note(day, lambda noted: noted.update(submitted=datetime.now(UTC).isoformat(timespec="seconds")))


def _note(day: Day, change) -> None:
    if os.environ.get("COURSE_PROGRESS") == "off":
        return
    noted = _read(day)
    change(noted)
    with suppress(OSError):  # a folder that cannot be written costs the note, never the check
        write_whole(_path(day), json.dumps(noted, indent=1) + "\n", durable=False)


def _path(day: Day) -> Path:
    return day.root / FOLDER / f"{day.slug}.json"


def _read(day: Day) -> dict:
    """What is noted of a day; nothing where there is no file, or a damaged one."""
    try:
        noted = json.loads(_path(day).read_text(encoding="utf-8"))
        return noted if isinstance(noted.setdefault("tasks", {}), dict) else {"tasks": {}}
    except (OSError, ValueError, AttributeError):
        return {"tasks": {}}


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def _returned(folder: Path) -> dict[str, tuple[float, float, bool]]:
    """Day -> the mark of the newest feedback page of it."""
    found = {}
    for path in sorted(folder.rglob("*.html"), key=_modified):
        with suppress(OSError, ValueError, KeyError, TypeError):
            with path.open(encoding="utf-8", errors="replace") as page:
                mark = json.loads(html.unescape(_MARK.search(page.read(_HEAD))[1]))
            points, most = float(mark["points"]), float(mark["of"])
            if isfinite(points) and isfinite(most):
                found[mark["day"]] = points, most, bool(mark["final"])
    return found


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
