"""Known answers of every ready day: right ones get full marks, wrong ones fail with their hint, the stub gets 0."""

import ast
import contextlib
import io
import re
from functools import cache

import pytest

from course_utils import notebooks, syllabus
from course_utils.grading.testing import LocalSubmission, run_tests

DAYS = [day for day in syllabus.days() if day.ready]
ANSWERS = [path for day in DAYS for path in sorted(day.answers.glob("*/*.py"))]


def named(paths):
    return [pytest.param(path, id=f"{path.parent.parent.name}-{path.parent.name}-{path.stem}") for path in paths]


def day_of(path):
    return syllabus.day(path.parent.parent.name)


def code_cells(path):
    """The code of a notebook without its check cells."""
    cells = notebooks.read(path).cells
    return [
        cell.source for cell in cells if cell.cell_type == "code" and not notebooks.grade_id(cell).startswith("check-")
    ]


@cache
def run_notebook(path):
    """The namespace that a notebook leaves behind, run in this process; what it prints is dropped."""
    namespace = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        for source in code_cells(path):
            exec(source, namespace)
    return namespace


@cache
def results_of(path, public=False):
    """The test results of one answer, within the exercise that surrounds it."""
    namespace = dict(run_notebook(day_of(path).exercise))
    exec(compile(path.read_text(encoding="utf-8"), path.name, "exec"), namespace)
    test_file = day_of(path).public_tests if public else day_of(path).hidden_tests
    return run_tests(test_file, LocalSubmission(namespace), task=path.parent.name)


def hints(results):
    return [result.hint for result in results if result.outcome != "passed"]


@pytest.mark.parametrize("path", named(p for p in ANSWERS if p.stem.startswith("right_")))
def test_right_answers_get_full_marks(path):
    assert hints(results_of(path)) == []
    assert hints(results_of(path, public=True)) == []


@pytest.mark.parametrize("path", named(p for p in ANSWERS if p.stem.startswith("wrong_")))
def test_wrong_answers_lose_points_and_are_told_why(path):
    wanted = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# hint:").strip()
    results = results_of(path)
    assert sum(result.earned for result in results) < sum(result.points for result in results)
    assert any(wanted in hint for hint in hints(results)), hints(results)


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.slug)
def test_the_solution_gets_full_marks(day):
    submission = LocalSubmission(run_notebook(day.solution))
    results = run_tests(day.hidden_tests, submission)
    assert hints(results) == []
    assert sum(result.earned for result in results) == day.points
    assert hints(run_tests(day.public_tests, submission)) == []


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.slug)
def test_the_stub_gets_nothing(day):
    submission = LocalSubmission(run_notebook(day.exercise))
    for results in (run_tests(day.hidden_tests, submission), run_tests(day.public_tests, submission)):
        assert results
        assert {result.outcome for result in results} == {"failed"}
        assert all("not written yet" in result.hint for result in results)


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.slug)
def test_the_points_of_a_task_are_the_same_wherever_they_stand(day):
    exercise = notebooks.read(day.exercise)
    text = "\n".join(cell.source for cell in exercise.cells if cell.cell_type == "markdown")
    headings = {name: float(points) for name, points in re.findall(r"^## .*`(\w+)`.*?([\d.]+) points?", text, re.M)}
    cells = {
        notebooks.grade_id(cell).removeprefix("check-"): cell.metadata.nbgrader.points
        for cell in exercise.cells
        if notebooks.grade_id(cell).startswith("check-")
    }
    hidden, public = {}, {}
    nothing = LocalSubmission({})
    for result in run_tests(day.hidden_tests, nothing):
        hidden[result.task] = hidden.get(result.task, 0) + result.points
    for result in run_tests(day.public_tests, nothing):
        public[result.task] = public.get(result.task, 0) + result.points
    assert headings == cells == hidden
    assert sum(hidden.values()) == day.points
    assert public == dict.fromkeys(hidden, 0)
    assert list(notebooks.tasks(exercise)) == list(headings)
    for task in headings:
        stems = [path.stem for path in (day.answers / task).glob("*.py")]
        assert sum(stem.startswith("wrong_") for stem in stems) >= 3
        assert sum(stem.startswith("right_") for stem in stems) >= 2


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.slug)
def test_hidden_hints_hold_no_values(day):
    """A hint may name what is `missing`, or repeat the wall's own sentence (`error`); anything else could be data."""
    tree = ast.parse(day.hidden_tests.read_text(encoding="utf-8"))
    messages = [node.msg for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    assert messages and None not in messages
    for node in (part for message in messages for part in ast.walk(message)):
        assert not isinstance(node, ast.Name) or node.id in {"hint", "error", "missing", "sorted"}, ast.unparse(node)
