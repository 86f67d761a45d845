"""What leads from day to day: a navigation cell in each lesson and the map on the start page, from the syllabus."""

from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from course_utils.notebooks import read, write
from course_utils.syllabus import ROOT, Day, days

START = "start_here"  # notebooks/start_here.ipynb
NAVIGATION, MAP = "navigation", "map"  # ids of the cells that are written here


def navigation(day: Day, course: tuple[Day, ...] | None = None) -> str:
    """The Markdown of a lesson's navigation cell: the days before and after, the map, the time, what it builds on."""
    course = course or days()
    by_slug = {other.slug: other for other in course}
    before = _at(course, day.number - 1)
    after = _at(course, day.number + 1)
    steps = [
        f"Before: {_link(before)}" if before else "This is the first day",
        f"[map of the course]({START}.ipynb)",
        f"next: {_link(after)}" if after else "this is the last day",
    ]
    needs = [_link(by_slug[slug]) for slug in day.prerequisites]
    return f"{' · '.join(steps)}\n\nAbout {day.minutes} minutes. {_builds_on(needs)}"


def course_map(course: tuple[Day, ...] | None = None) -> str:
    """The Markdown table of all days: title (a link where the lesson is there), question, time, what comes first."""
    rows = ["| day | lesson | the question | minutes | builds on |", "|---|---|---|---|---|"]
    for day in course or days():
        first = ", ".join(str(other.number) for other in course or days() if other.slug in day.prerequisites)
        rows.append(
            f"| {day.number} | {_link(day, numbered=False)} | {day.question} | {day.minutes} | {first or '–'} |"
        )
    return "\n".join(rows)


def refresh(root: Path = ROOT) -> list[Path]:
    """Write the navigation cells and the map again where they are not what the syllabus says; the files changed."""
    changed = []
    for path, wanted in _wanted(root):
        if wanted != read(path):
            write(wanted, path)
            changed.append(path)
    return changed


def mismatches(root: Path = ROOT) -> list[str]:
    """Notebooks whose navigation cell or map is not what the syllabus says, a sentence each."""
    return [
        f"notebooks/{path.name}: its navigation is not what syllabus.toml says: run `course notebooks --links`"
        for path, wanted in _wanted(root)
        if wanted != read(path)
    ]


def _wanted(root: Path) -> list[tuple[Path, NotebookNode]]:
    """Each notebook that is there, as it should be."""
    lessons = [(root / "notebooks" / f"{day.slug}.ipynb", NAVIGATION, navigation(day)) for day in days()]
    pages = [*lessons, (root / "notebooks" / f"{START}.ipynb", MAP, course_map())]
    return [(path, with_cell(read(path), name, text)) for path, name, text in pages if path.is_file()]


def with_cell(notebook: NotebookNode, name: str, text: str) -> NotebookNode:
    """The notebook with `text` in its Markdown cell `name`; where there is none yet, it goes below the title."""
    new = new_markdown_cell(text, id=name)
    cells = [new if cell.id == name else cell for cell in notebook.cells]
    if new not in cells:
        cells.insert(1, new)
    return NotebookNode({**notebook, "cells": cells})


def _at(course: tuple[Day, ...], number: int) -> Day | None:
    return next((day for day in course if day.number == number), None)


def _link(day: Day, numbered: bool = True) -> str:
    """The day's title, as a link once its lesson is ready."""
    text = f"Day {day.number} · {day.title}" if numbered else day.title
    return f"[{text}]({day.slug}.ipynb)" if day.ready else f"{text} (being written)"


def _builds_on(needs: list[str]) -> str:
    return f"It builds on {' and '.join(needs)}." if needs else "It builds on nothing but a little Python."
