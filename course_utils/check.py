"""`check("task")` in an exercise notebook: runs the public tests of one task against what the learner wrote."""

import ast
import difflib
import html
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils import syllabus

if TYPE_CHECKING:
    from course_utils.grading.testing import TestResult

SECONDS = 30  # for one test: a learner's endless loop ends with a sentence


def checks(day: "str | int | syllabus.Day") -> "Callable[[str], CheckResult | None]":
    """Return `check`, which checks one task of this day. Introduced in day01_pipelines.

    In a notebook: `check = checks("day01_pipelines")`, then `check("classify_texts")`.

    Raises:
        SyllabusError: no such day; the message names the nearest one.
    """
    chosen = syllabus.day(day)
    tests = chosen.public_tests

    def check(task: str) -> "CheckResult | None":
        """Check one task with the functions of this notebook; what comes back shows itself.

        A check that fails raises nothing, so that "run all" goes on; only under nbgrader's autograder it does.
        While the course's own grading replays a notebook, nothing is checked.

        Raises:
            AssertionError: a check fails and nbgrader is grading or validating.
        """
        if os.environ.get("COURSE_GRADING") == "1":
            return None
        result = _result(tests, task)
        if os.environ.get("NBGRADER_EXECUTION") in ("autograde", "validate"):
            if not result.passed:
                raise AssertionError(str(result))
            return result
        _note(chosen, result)
        return result

    return check


@dataclass(frozen=True)
class CheckResult:
    """What a check found: the result of each test, or one sentence (`problem`) on why nothing could be tested."""

    task: str
    tests: "tuple[TestResult, ...]" = ()
    problem: str = ""

    @property
    def passed(self) -> bool:
        """True if there were tests and all of them passed."""
        return bool(self.tests) and all(test.outcome == "passed" for test in self.tests)

    @property
    def summary(self) -> str:
        """One line: how many of the checks pass."""
        if self.problem:
            return f"✗ {self.problem}"
        count = sum(test.outcome == "passed" for test in self.tests)
        mark, end = ("✓", ".") if self.passed else ("✗", ":")
        return f"{mark} {self.task}: {count} of {len(self.tests)} checks pass{end}"

    @property
    def lines(self) -> list[tuple[str, str, str]]:
        """For each test "✓ passed" or "✗ not yet", what was tested, and a hint; a hint that all share is given once."""
        hints = [test.hint for test in self.tests if test.outcome != "passed"]
        if len(hints) == len(self.tests) and len(set(hints)) == 1:
            return [("✗ not yet", "", hints[0])]
        return [
            ("✓ passed" if test.outcome == "passed" else "✗ not yet", test.description, test.hint)
            for test in self.tests
        ]

    def __repr__(self) -> str:
        rows = [
            ": ".join(filter(None, (mark, text))) + (f"\n    {hint}" if hint else "") for mark, text, hint in self.lines
        ]
        return "\n".join([self.summary, *(f"  {row}" for row in rows)])

    def _repr_html_(self) -> str:
        """The same words for a notebook; the bar's colour only repeats what they say."""
        colour = "#0072B2" if self.passed else "#D55E00"
        rows = "".join(
            f"<li><strong>{mark}</strong>{': ' if text else ''}{html.escape(text)}"
            + (f"<br>{html.escape(hint)}" if hint else "")
            + "</li>"
            for mark, text, hint in self.lines
        )
        return (
            f'<div role="status" style="border-left:4px solid {colour};padding:0.2em 0.8em">'
            f"<div><strong>{html.escape(self.summary)}</strong></div>"
            + (f'<ul style="list-style:none;padding-left:0;margin:0.3em 0 0">{rows}</ul>' if rows else "")
            + "</div>"
        )


def check_notebook(
    day: "str | int | syllabus.Day", task: str | None = None, notebook: Path | None = None
) -> list[CheckResult]:
    """Run a notebook's cells in this process, then the public checks of one task or of all; for the terminal.

    A cell that fails is said and the next one runs, as a learner would go on.

    Raises:
        SyllabusError: no such day.
        NotebookError: the notebook is missing or broken.
    """
    from course_utils import notebooks

    chosen = syllabus.day(day)
    path = notebook or chosen.exercise
    content = notebooks.read(path)
    namespace, broken = _run_cells(content, path)
    known = _tasks(chosen.public_tests)
    results = [_result(chosen.public_tests, name, namespace) for name in ([task] if task else known)]
    for result in results if path == chosen.exercise else ():  # another notebook says nothing of the learner's own
        _note(chosen, result)
    return [*broken, *results]


def _note(day: syllabus.Day, result: CheckResult) -> None:
    """Note for `progress` how many of the checks pass; where nothing could be tested there is nothing to note."""
    from course_utils import logbook

    if result.tests:
        passed = sum(test.outcome == "passed" for test in result.tests)
        logbook.note_checks(day, result.task, passed, len(result.tests))


def _run_cells(content, path: Path) -> tuple[dict, list[CheckResult]]:
    """The variables that a notebook's cells leave behind, and a failed result for each cell that raises."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.io import capture_output

    shell, broken = InteractiveShell.instance(), []
    os.chdir(path.resolve().parent)
    for cell in content.cells:
        if cell.cell_type != "code" or cell.metadata.get("nbgrader", {}).get("grade"):  # the check cells themselves
            continue
        with capture_output():
            outcome = shell.run_cell(cell.source)
        if not outcome.success:
            error = outcome.error_before_exec or outcome.error_in_exec
            words = f"The cell {cell.id!r} does not run: {type(error).__name__}: {error}".splitlines()[0]
            broken.append(CheckResult(cell.id, problem=words))
    return shell.user_ns, broken


def _result(tests: Path, task: str, namespace: dict | None = None) -> CheckResult:
    """Run the tests of one task against the notebook that calls, or against `namespace`.

    Every obstacle becomes one sentence.
    """
    namespace = namespace or _notebook_namespace()
    if namespace is None:
        return CheckResult(
            task, problem="check works inside a notebook: open the exercise in JupyterLab and run it there."
        )
    from course_utils.grading.testing import LocalSubmission, TestingError, run_tests

    try:
        known = _tasks(tests)
        if task not in known:
            return CheckResult(task, problem=_unknown(task, known))
        return CheckResult(task, tuple(run_tests(tests, LocalSubmission(namespace), task=task, timeout=SECONDS)))
    except (TestingError, OSError, SyntaxError) as error:
        return CheckResult(task, problem=f"The checks cannot be run: {error}")


def _notebook_namespace() -> dict | None:
    """The variables of the running notebook, or None outside of one."""
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    shell = get_ipython()
    return None if shell is None else shell.user_ns


def _tasks(tests: Path) -> list[str]:
    """The tasks that a test file marks with `@pytest.mark.task("…")`, in order."""
    tree = ast.parse(tests.read_text(encoding="utf-8"))
    marks = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    names = [
        mark.args[0].value for mark in marks if mark.func.attr == "task" and isinstance(mark.args[0], ast.Constant)
    ]
    return list(dict.fromkeys(names))


def _unknown(task: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(str(task), known, n=1, cutoff=0.4)
    return f"There is no task {task!r}: " + (
        f"did you mean {nearest[0]!r}?" if nearest else "the tasks are " + ", ".join(known) + "."
    )
