"""Running a day's tests: what each outcome says, and that nothing from outside mixes in."""

import os

import pytest

from course_utils.grading.testing import LocalSubmission, SubmissionError, TestingError, run_tests

TESTS = '''
import pytest
import numpy

@pytest.mark.task("add")
@pytest.mark.points(2)
def test_sum(submission):
    """two numbers are added

    and more"""
    assert submission.add(1, second=2) == 3, "Add the numbers."

@pytest.mark.task("add")
@pytest.mark.points(1.5)
def test_wrong(submission):
    """three numbers are added"""
    secret = [1, 2, 4]
    assert submission.add(1, 2) == secret, "Add all of them."

@pytest.mark.task("arrays")
def test_deep(submission):
    numpy.testing.assert_allclose([1.0], [2.0])

@pytest.mark.task("arrays")
def test_form(submission):
    submission.add(1, 2)["key"]

@pytest.mark.task("slow")
def test_slow(submission):
    while True:
        pass
'''


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "test_day.py"
    path.write_text(TESTS)
    return path


def add(first, second):
    return first + second


def test_outcomes_and_hints(file):
    results = {result.name: result for result in run_tests(file, LocalSubmission({"add": add}), timeout=0.3)}
    right, wrong = results["test_sum"], results["test_wrong"]
    assert (right.outcome, right.points, right.earned, right.task, right.hint) == ("passed", 2, 2, "add", "")
    assert right.description == "two numbers are added"
    assert (wrong.outcome, wrong.points, wrong.earned, wrong.hint) == ("failed", 1.5, 0, "Add all of them.")
    assert results["test_deep"].outcome == "failed" and "2" not in results["test_deep"].hint
    assert results["test_form"].outcome == "error" and "form that the task describes" in results["test_form"].hint
    assert results["test_slow"].outcome == "timeout"


def test_one_task_alone(file):
    assert [result.name for result in run_tests(file, None, task="slow", timeout=0.1)] == ["test_slow"]
    with pytest.raises(TestingError, match="no tests for the task 'none'"):
        run_tests(file, None, task="none")


def test_an_edited_file_is_read_again(file):
    file.write_text("def test_it(submission):\n    assert submission == 1\n")
    assert run_tests(file, 1)[0].outcome == "passed"
    file.write_text("def test_it(submission):\n    assert submission == 2, 'Changed.'\n")
    assert run_tests(file, 1)[0].hint == "Changed."


def test_two_files_of_one_name_are_two(tmp_path):
    for name in ("public", "hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "test_day.py").write_text(f"def test_{name}(submission):\n    pass\n")
    names = [run_tests(tmp_path / name / "test_day.py", None)[0].name for name in ("public", "hidden")]
    assert names == ["test_public", "test_hidden"]


def test_nothing_from_outside_is_read(file, monkeypatch, capfd):
    (file.parent / "conftest.py").write_text("raise SystemExit")
    (file.parent / "pytest.ini").write_text("[pytest]\naddopts = --collect-only")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only")
    assert len(run_tests(file, LocalSubmission({"add": add}), task="add")) == 2
    assert os.environ["PYTEST_ADDOPTS"] == "--collect-only"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "text, reason", [("import nothing_of_this_name", "nothing_of_this_name"), ("def", "invalid syntax")]
)
def test_a_broken_file_is_the_tests_error(file, text, reason):
    file.write_text(text)
    with pytest.raises(TestingError, match=reason):
        run_tests(file, None)


HEAD = """
import pytest

@pytest.fixture
def table():
    raise OSError("the table is gone")

@pytest.fixture(scope="module")
def total(submission):
    return submission.add(1, 2)["sum"]

@pytest.fixture
def half(total):
    return total / 2

@pytest.mark.task("add")
@pytest.mark.points(1)
"""


@pytest.mark.parametrize(
    "test, reason",
    [
        ("def test_it(submission, tabel): pass", "there is no fixture 'tabel' (in test_it)"),
        ("def test_it(submission, table): pass", "OSError: the table is gone (in test_it)"),
        ("def test_it(submission, request): request.getfixturevalue('tabel')", "there is no fixture 'tabel'"),
        ("def test_it(submission): assert submision.add(1, 2) == 3", "name 'submision' is not defined"),
        ("def test_it(submission): import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        ("def test_it(submission): pytest.skip('not today')", "a test is skipped"),
        ("@pytest.mark.skip\ndef test_it(submission): pass", "a test is skipped"),
        ("@pytest.mark.points('two')\ndef test_it(submission): pass", "could not convert string to float"),
    ],
)
def test_what_is_the_tests_fault_is_no_result(file, test, reason, capfd):
    """Neither for a right submission nor for a wrong one; and no test after it is run for nothing."""
    file.write_text(HEAD + test + "\ndef test_later(submission): submission.later()\n")
    asked = []
    for add_ in (add, fails):
        with pytest.raises(TestingError) as broken:
            run_tests(file, LocalSubmission({"add": add_, "later": lambda: asked.append(1)}))
        assert reason in str(broken.value) and f"{file.parent.name}/test_day.py cannot be run" in str(broken.value)
        assert str(broken.value).endswith(").") or "float" in reason
        assert "\n" not in str(broken.value)
    assert not asked and capfd.readouterr() == ("", "")


@pytest.mark.parametrize("fixture", ["total", "half"])
def test_what_a_submission_breaks_in_a_fixture_is_its_own(file, fixture):
    """Also the second time, when pytest raises again what it has kept."""
    file.write_text(HEAD + f"def test_one({fixture}): pass\ndef test_two({fixture}): pass\n")
    for add_, outcome, hint in ((fails, "failed", "add raised"), (add, "error", "has not the form")):
        results = run_tests(file, LocalSubmission({"add": add_}))
        assert [result.outcome for result in results] == [outcome] * 2 and results[1].earned == 0
        assert all(hint in result.hint for result in results)


def test_the_task_is_told_before_a_fixture_asks(file):
    file.write_text(HEAD + "def test_it(half): assert half == 1.5\n")
    told = []
    submission = LocalSubmission({"add": lambda first, second: told.append("asked") or {"sum": first + second}})
    assert run_tests(file, submission, before=told.append)[0].outcome == "passed"
    assert told == ["add", "asked"]


def test_a_fixture_without_end_is_stopped(file):
    file.write_text(HEAD.replace('raise OSError("the table is gone")', "while True: pass") + "def test_it(table): pass")
    with pytest.raises(TestingError, match="longer than 0.1 seconds"):
        run_tests(file, None, timeout=0.1)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TestingError, match="no test file"):
        run_tests(tmp_path / "test_none.py", None)


def fails(text):
    raise ValueError(text)


def stub(text):
    raise NotImplementedError("Write your answer here")


@pytest.mark.parametrize(
    "name, sentence",
    [
        ("fails", "fails raised ValueError: x."),
        ("stub", "stub is not written yet."),
        ("sets", "What sets returned cannot be checked: an object of type set is no plain data"),
        ("missing", "There is no function missing in the notebook."),
        ("fial", "Did you mean to rename fails?"),
    ],
)
def test_a_function_that_gives_nothing_is_one_sentence(name, sentence):
    submission = LocalSubmission({"fails": fails, "stub": stub, "sets": lambda text: {text}})
    with pytest.raises(SubmissionError) as refused:
        getattr(submission, name)("x")
    assert sentence in str(refused.value) and "\n" not in str(refused.value)


def test_arguments_and_results_are_copies():
    kept = []
    mine = [1]
    submission = LocalSubmission({"keep": lambda values: kept.append(values) or values.append(2) or values})
    assert submission.keep(mine) == [1, 2] and mine == [1]
    assert submission.keep(mine) is not kept[1]
