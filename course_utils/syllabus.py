"""The days of the course: order, prerequisites and where each day's files are (from `syllabus.toml`)."""

import difflib
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class SyllabusError(ValueError):
    """A day that the syllabus does not have."""


@dataclass(frozen=True)
class Day:
    """One day of the course; `slug` names its lesson, exercise, solution and tests alike."""

    number: int
    slug: str
    title: str
    question: str
    minutes: int
    prerequisites: tuple[str, ...]
    objectives: tuple[str, ...]
    points: int
    covers: tuple[str, ...]
    ready: bool
    root: Path = ROOT

    @property
    def lesson(self) -> Path:
        """The lesson notebook, executed."""
        return self.root / "notebooks" / f"{self.slug}.ipynb"

    @property
    def exercise(self) -> Path:
        """The exercise notebook, generated from the solution."""
        return self.root / "exercises" / f"{self.slug}.ipynb"

    @property
    def solution(self) -> Path:
        """The solution notebook, the one source of the exercise. Not in a learner's copy."""
        return self.root / "solutions" / f"{self.slug}.ipynb"

    @property
    def public_tests(self) -> Path:
        """The checks that a learner runs, with hints."""
        return self.root / "exercises" / "tests" / f"test_{self.slug}.py"

    @property
    def hidden_tests(self) -> Path:
        """The checks that give the marks. Not in a learner's copy."""
        return self.root / "solutions" / "tests" / f"test_{self.slug}.py"

    @property
    def answers(self) -> Path:
        """Known right and wrong answers, one folder a task. Not in a learner's copy."""
        return self.root / "solutions" / "answers" / self.slug


def load(path: Path) -> tuple[Day, ...]:
    """Read a `syllabus.toml` into days in their order; paths are relative to the file's folder."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["day"]
    days = [Day(root=path.resolve().parent, **{k: _frozen(v) for k, v in row.items()}) for row in rows]
    return tuple(sorted(days, key=lambda d: d.number))


@cache
def days() -> tuple[Day, ...]:
    """All days of the course, in order."""
    return load(ROOT / "syllabus.toml")


def day(key: "str | int | Day") -> Day:
    """Find a day by slug (`day01_pipelines`), short name (`day01`) or number (`1`).

    Raises:
        SyllabusError: no such day; the message names the nearest one.
    """
    if isinstance(key, Day):
        return key
    text = str(key).strip()
    number = re.fullmatch(r"(?:day)?0*(\d+)", text)
    for candidate in days():
        if candidate.slug == text or (number and candidate.number == int(number[1])):
            return candidate
    slugs = [d.slug for d in days()]
    nearest = difflib.get_close_matches(text, slugs, n=1, cutoff=0.4)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"the days are {slugs[0]} to {slugs[-1]}."
    raise SyllabusError(f"There is no day {text!r} in the syllabus: {hint}")


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
