"""Tasks that a person marks: where their answers and their rubric are.

As in nbgrader, such a task is one cell marked `"grade": true, "solution": true` with points and without tests. In the
solution notebook the cell holds, between `### BEGIN SOLUTION` and `### END SOLUTION`, a model answer and the rubric. A
line of the rubric such as `- 2 points: says why the scores are divided` becomes a box to tick.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from .. import syllabus
from ..syllabus import Day
from . import merging
from .marks import Answer

_CRITERION = re.compile(r"^\s*[-*]\s*(\d+(?:\.\d+)?)\s*points?\s*:\s*(.+?)\s*$", re.M | re.I)
_MARKERS = re.compile(r"^[ \t]*### (?:BEGIN|END) SOLUTION[^\n]*\n?", re.M)


@dataclass(frozen=True)
class Rubric:
    """What a task asks, what a good answer says, and what its parts are worth."""

    task: str
    points: float
    question: str  # the text of the cell above the answer
    model_answer: str  # with the rubric's own lines
    criteria: tuple[tuple[float, str], ...] = ()  # (points, what earns them)


def answers(day: Day, notebook: bytes) -> tuple[Answer, ...]:
    """The answers of a submission to the tasks that a person marks, in the order of the exercise.

    Args:
        day: whose released exercise says which tasks these are.
        notebook: the submission as `read_submission` gives it.
    """
    released = _cells(day.exercise)
    stubs = {task: _source(cell) for task, cell in _by_hand(released).items()}
    if not stubs:
        return ()
    found, _ = merging.answer_cells(list(stubs), stubs, json.loads(notebook)["cells"])
    points = {task: _points(cell) for task, cell in _by_hand(released).items()}
    return tuple(_answer(task, points[task], stub, found.get(task)) for task, stub in stubs.items())


def _answer(task: str, points: float, stub: str, cell: dict | None) -> Answer:
    text = cell["source"].strip() if cell else ""
    return Answer(task, points, text, written=bool(text) and text != stub.strip())


def rubrics(slug: str) -> dict[str, Rubric]:
    """Task -> its rubric, for the tasks of a day that a person marks; empty for a day that is not there."""
    try:
        day = syllabus.day(slug)
        cells = _cells(day.solution if day.solution.exists() else day.exercise)
    except (syllabus.SyllabusError, OSError, ValueError):
        return {}
    return {task: _rubric(task, cell, _above(cells, cell)) for task, cell in _by_hand(cells).items()}


def _rubric(task: str, cell: dict, question: str) -> Rubric:
    text = _MARKERS.sub("", _source(cell)).strip()
    criteria = tuple((float(points), words) for points, words in _CRITERION.findall(text))
    return Rubric(task, _points(cell), question, text, criteria)


def _above(cells: list[dict], cell: dict) -> str:
    before = cells[cells.index(cell) - 1] if cells.index(cell) else {}
    return _source(before).strip() if before.get("cell_type") == "markdown" else ""


def _cells(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def _by_hand(cells: list[dict]) -> dict[str, dict]:
    marked = ((cell.get("metadata", {}).get("nbgrader", {}), cell) for cell in cells)
    return {mark["grade_id"]: cell for mark, cell in marked if mark.get("grade") and mark.get("solution")}


def _points(cell: dict) -> float:
    return float(cell["metadata"]["nbgrader"].get("points", 0))


def _source(cell: dict) -> str:
    return "".join(cell.get("source", ""))
