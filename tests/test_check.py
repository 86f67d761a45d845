"""`check("task")` as a learner meets it: in a notebook's namespace, outside of one, and under graders."""

import shutil
import subprocess
import sys
import types
from html.parser import HTMLParser

import pytest

from course_utils import check as check_module
from course_utils import syllabus
from course_utils.check import checks
from course_utils.grading.testing import TestResult

TESTS = '''
import pytest


@pytest.mark.task("double")
def test_numbers(submission):
    """numbers are doubled"""
    assert submission.double(4) == 8, "Twice the number, not its <square>."


@pytest.mark.task("double")
def test_zero(submission):
    """zero stays zero"""
    assert submission.double(0) == 0, "Nothing doubled is nothing."


@pytest.mark.task("shout")
def test_shout(submission):
    """letters become capitals"""
    assert submission.shout("a") == "A", "Use upper()."
'''


@pytest.fixture
def notebook(monkeypatch, tmp_path):
    """A notebook's namespace and its `check`, on a day with two tasks."""
    shutil.copy(syllabus.ROOT / "syllabus.toml", tmp_path)
    (tmp_path / "exercises" / "tests").mkdir(parents=True)
    (tmp_path / "exercises" / "tests" / "test_day01_pipelines.py").write_text(TESTS)
    days = syllabus.load(tmp_path / "syllabus.toml")
    monkeypatch.setattr(syllabus, "days", lambda: days)
    namespace = {}
    monkeypatch.setattr("IPython.get_ipython", lambda: types.SimpleNamespace(user_ns=namespace))
    for name in ("COURSE_GRADING", "NBGRADER_EXECUTION"):
        monkeypatch.delenv(name, raising=False)
    return types.SimpleNamespace(namespace=namespace, check=checks("day01"), folder=tmp_path)


def write(notebook, source):
    exec(source, notebook.namespace)


def text_of(result):
    """What a reader of the HTML reads, without the tags."""
    pieces = []
    parser = HTMLParser()
    parser.handle_data = pieces.append
    parser.feed(result._repr_html_())
    return " ".join(pieces)


def test_a_right_answer_passes(notebook):
    write(notebook, "def double(x):\n    return 2 * x")
    result = notebook.check("double")
    assert result.passed
    assert repr(result).splitlines()[0] == "✓ double: 2 of 2 checks pass."
    assert "✓ passed: numbers are doubled" in repr(result)


def test_a_wrong_answer_gets_the_hint_of_what_fails_and_raises_nothing(notebook):
    write(notebook, "def double(x):\n    return x * x")
    result = notebook.check("double")
    assert not result.passed
    assert repr(result).splitlines() == [
        "✗ double: 1 of 2 checks pass:",
        "  ✗ not yet: numbers are doubled",
        "    Twice the number, not its <square>.",
        "  ✓ passed: zero stays zero",
    ]


def test_only_the_named_task_is_checked(notebook):
    write(notebook, "def double(x):\n    return 2 * x")
    assert [test.task for test in notebook.check("double").tests] == ["double", "double"]
    assert not notebook.check("shout").passed


def test_a_missing_function_is_said_once(notebook):
    lines = repr(notebook.check("double")).splitlines()
    assert lines == ["✗ double: 0 of 2 checks pass:", "  ✗ not yet", "    There is no function double in the notebook."]


def test_a_stub_is_said_once(notebook):
    write(notebook, "def double(x):\n    raise NotImplementedError('Write your answer here')")
    assert repr(notebook.check("double")).count("not written yet") == 1


def test_the_latest_definition_counts(notebook):
    write(notebook, "def double(x):\n    return x")
    assert not notebook.check("double").passed
    write(notebook, "def double(x):\n    return 2 * x")
    assert notebook.check("double").passed


def test_the_learners_objects_do_not_reach_the_tests(notebook):
    write(notebook, "class Yes(int):\n    __eq__ = lambda self, other: True\ndef double(x):\n    return Yes(1)")
    assert not notebook.check("double").passed


def test_html_says_in_words_what_its_colour_says(notebook):
    write(notebook, "def double(x):\n    return x * x")
    failed = notebook.check("double")
    assert "✗ double: 1 of 2 checks pass" in text_of(failed)
    assert "not yet" in text_of(failed) and "passed" in text_of(failed)
    assert "&lt;square&gt;" in failed._repr_html_() and "<square>" not in failed._repr_html_()
    assert 'role="status"' in failed._repr_html_()
    assert "<script" not in failed._repr_html_() and "http" not in failed._repr_html_()


def test_html_shows_every_hint_that_the_text_shows(notebook):
    results = tuple(
        TestResult(f"test_{i}", "double", 0, outcome, f"about {i}", hint, 0.0)
        for i, (outcome, hint) in enumerate([("passed", ""), ("timeout", "Too slow."), ("error", "Odd form.")])
    )
    result = check_module.CheckResult("double", results)
    for words in ("1 of 3", "about 0", "about 1", "Too slow.", "Odd form."):
        assert words in repr(result) and words in text_of(result)


def test_an_unknown_task_names_the_nearest(notebook):
    result = notebook.check("dubble")
    assert not result.passed
    assert repr(result) == "✗ There is no task 'dubble': did you mean 'double'?"
    assert "did you mean" in text_of(result)
    assert repr(notebook.check("xyz")) == "✗ There is no task 'xyz': the tasks are double, shout."


def test_missing_or_broken_checks_are_said_in_one_line(notebook):
    path = notebook.folder / "exercises" / "tests" / "test_day01_pipelines.py"
    path.write_text("def broken(:\n")
    assert repr(notebook.check("double")).startswith("✗ The checks cannot be run: ")
    path.unlink()
    assert "\n" not in repr(notebook.check("double"))
    assert not notebook.check("double").passed


def test_outside_a_notebook_one_sentence_says_so(notebook, monkeypatch):
    monkeypatch.setattr("IPython.get_ipython", lambda: None)
    result = notebook.check("double")
    assert not result.passed
    assert repr(result) == "✗ check works inside a notebook: open the exercise in JupyterLab and run it there."


def test_in_the_courses_grading_nothing_is_checked(notebook, monkeypatch):
    monkeypatch.setenv("COURSE_GRADING", "1")
    assert notebook.check("double") is None
    assert notebook.check("no such task") is None


@pytest.mark.parametrize("mode", ["autograde", "validate"])
def test_under_nbgrader_a_failed_check_raises(notebook, monkeypatch, mode):
    monkeypatch.setenv("NBGRADER_EXECUTION", mode)
    with pytest.raises(AssertionError, match="no function double"):
        notebook.check("double")
    write(notebook, "def double(x):\n    return 2 * x")
    assert notebook.check("double").passed


def test_an_unknown_day_names_the_nearest():
    with pytest.raises(syllabus.SyllabusError, match="did you mean 'day01_pipelines'"):
        checks("day01_pipeline")


def test_the_module_is_light():
    code = "import sys, course_utils.check; print({*sys.modules} & {'pytest', 'torch', 'numpy', 'IPython'})"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "set()"
