"""Grades and gradebook entries for the tests of what comes after grading: no kernel, no torch."""

from datetime import UTC, datetime, timedelta

from course_utils.grading.entries import Entry
from course_utils.grading.session import CellResult, Grade
from course_utils.grading.testing import TestResult

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def result(task="classify", outcome="passed", points=2.0, hint="", name="test_secret_name", **more):
    described = more.pop("description", f"what {task} gives")
    return TestResult(name, task, points, outcome, described, hint, 0.1)


def grade(tests=None, **more):
    tests = [result(), result("embed", "failed", 3.0, "Divide by the norm.")] if tests is None else tests
    earned, most = sum(test.earned for test in tests), sum(test.points for test in tests)
    values = {"sandbox": "namespaces", "seconds": 0.25, "course_version": "0.1.0", "tests_hash": "t" * 64} | more
    return Grade("day01_pipelines", earned, most, tests=tests, **values)


def entry(student="Ada Lovelace", minutes=0, **more):
    values = {
        "file": f"{student}.zip",
        "sha256": f"{minutes:064d}",
        "day": "day01_pipelines",
        "submitted": NOON + timedelta(minutes=minutes),
        "fingerprint": f"{ascii(student)}-{minutes}",
        "graded": NOON + timedelta(days=1),
        "max_points": 5.0,
    } | more
    if not values.get("problem"):
        values.setdefault("grade", grade())
        values["max_points"] = values["grade"].max_points
        values["max_points"] = values["grade"].max_points
    return Entry(student=student, **values)


def full_entry():
    """One with everything that a page can show."""
    tests = [
        result("classify", hint="", description="labels come in the order of the texts"),
        result(
            "classify",
            "failed",
            1.0,
            "Return one label for each text.",
            description="an empty list gives an empty list",
        ),
        result("embed", "timeout", 3.0, "embed did not answer within 10 seconds.", description="vectors have length 1"),
        result("rank", "passed", 2.0, description="the nearest sentence comes first"),
        result("explain", "error", 2.0, "The check stopped with TypeError.", description="names the tokens"),
    ]
    cells = [
        CellResult("setup", "", "passed", ""),
        CellResult("embed", "embed", "timeout", "This cell took longer than 30 seconds."),
        CellResult("scratch", "", "failed", "\x1b[31mNameError\x1b[0m: name 'modle' is not defined"),
    ]
    public = [
        result("classify", "passed", 0.0, name="test_public"),
        result("embed", "failed", 0.0, "Too slow?", name="test_p2"),
    ]
    problems = ["The cell of task embed took longer than 30 seconds and was stopped."]
    return entry(
        grade=grade(tests, cells=cells, public=public, problems=problems),
        notes=("The notebook was saved as UTF-16.",),
    )
