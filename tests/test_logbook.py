"""A learner's progress: noted by every check, read in a moment, and never in the way."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from gradebook_samples import full_entry
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import check, logbook, syllabus
from course_utils.grading import feedback
from course_utils.grading.testing import TestResult


@pytest.fixture(autouse=True)
def noting(monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", "on")


def cell(task, points, by_hand=False):
    name = task if by_hand else f"check-{task}"
    return {"metadata": {"nbgrader": {"grade_id": name, "grade": True, "solution": by_hand, "points": points}}}


@pytest.fixture
def days(tmp_path):
    """Two days of a learner's own copy: three tasks, one of them read by a person."""
    first, second = (replace(syllabus.day(number), root=tmp_path) for number in (1, 2))
    first.exercise.parent.mkdir(parents=True)
    cells = [cell("classify", 4), cell("embed", 3), cell("explain", 3, by_hand=True), {"metadata": {}}]
    first.exercise.write_text(json.dumps({"cells": cells}))
    second.exercise.write_text(json.dumps({"cells": [cell("encode", 10)]}))
    return first, second


def test_a_fresh_copy_has_everything_before_it(days):
    shown = logbook.progress(days)
    assert [one.state for one in shown.days] == ["not started", "not started"]
    assert (
        "0 of 4 tasks pass" in str(shown) and "0 of 20 points" in str(shown) and "Next: Day 1, classify." in str(shown)
    )


def test_what_checks_found_is_what_progress_shows(days):
    logbook.note_checks(days[0], "classify", 3, 3)
    logbook.note_checks(days[0], "embed", 1, 2)
    shown = logbook.progress(days)
    assert shown.days[0].state == "1 of 2 tasks pass" and [task.name for task in shown.days[0].left] == ["embed"]
    assert "worth 4 of 20 points" in str(shown) and "left: embed" in str(shown)
    logbook.note_checks(days[0], "embed", 2, 2)
    logbook.note_submission(days[0])
    shown = logbook.progress(days)
    assert shown.days[0].state == "✓ all 2 tasks pass" and not shown.days[0].left
    assert "handed in 20" in str(shown) and "Next: Day 2, encode." in str(shown)
    logbook.note_checks(days[0], "embed", 0, 2)
    assert logbook.progress(days).days[0].state == "1 of 2 tasks pass", "the last check speaks, not the best"


def test_feedback_that_is_kept_is_counted_the_newest_of_a_day(days, tmp_path):
    pages = tmp_path / "feedback" / "from school"
    pages.mkdir(parents=True)
    page = feedback.learner_page(full_entry())
    (pages / "new.html").write_text(page, encoding="utf-8")
    (pages / "old.html").write_text(page.replace("&#34;points&#34;: 4", "&#34;points&#34;: 1"), encoding="utf-8")
    os.utime(pages / "old.html", (0, 0))
    (pages / "other.html").write_text('<meta name="course-mark" content="{&#34;points&#34;: NaN}">')
    (pages / "broken.html").write_bytes(b"\xff\xfe<html>")
    shown = logbook.progress(days)
    assert shown.days[0].mark == (4, 10, True) and "came back: 4 of 10 points" in str(shown)
    assert "Feedback that came back: 4 of 10 points." in str(shown)


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.open, self.balanced = [], True
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)

    def handle_endtag(self, tag):
        self.balanced &= bool(self.open) and self.open.pop() == tag


def test_in_a_notebook_it_is_a_table_that_can_be_heard(days):
    hostile = replace(days[0], title="<script>alert(1)</script>")
    page = logbook.progress([hostile, days[1]])._repr_html_()
    assert Tags(page).balanced and not Tags(page).open
    assert "<caption>" in page and page.count('scope="row"') == 2 and "<script>" not in page


@settings(max_examples=30)
@given(st.text(max_size=200) | st.recursive(st.none() | st.integers() | st.text(max_size=9), st.lists).map(json.dumps))
def test_whatever_stands_in_the_file_progress_is_shown(tmp_path_factory, text):
    root = tmp_path_factory.mktemp("course")
    day = replace(syllabus.day(1), root=root)
    day.exercise.parent.mkdir(parents=True)
    day.exercise.write_text(json.dumps({"cells": [cell("classify", 4)]}))
    path = root / logbook.FOLDER / f"{day.slug}.json"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8", errors="replace")
    assert "0 of 1 tasks" in str(logbook.progress([day]))
    logbook.note_checks(day, "classify", 1, 1)
    assert logbook.progress([day]).days[0].tasks[0].done, "and it is mended by the next check"


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_note(days, tmp_path):
    (tmp_path / logbook.FOLDER).write_text("a file where a folder should be")
    logbook.note_checks(days[0], "classify", 3, 3)
    assert logbook.progress(days).days[0].state == "not started"


def result(*outcomes):
    return check.CheckResult("classify", tuple(TestResult("t", "classify", 0, o, "", "", 0.0) for o in outcomes))


def test_a_check_is_noted_but_not_while_a_grader_runs_it(days, monkeypatch):
    monkeypatch.setattr(check, "_result", lambda *_: result("passed", "failed"))
    one = check.checks(days[0])
    for name, value in (("COURSE_GRADING", "1"), ("COURSE_PROGRESS", "off")):
        with monkeypatch.context() as grading:
            grading.setenv(name, value)
            one("classify")
            assert logbook.progress(days).days[0].state == "not started"
    one("classify")
    task = logbook.progress(days).days[0].tasks[0]
    assert (task.passed, task.checks) == (1, 2)
    noted = json.loads((days[0].root / logbook.FOLDER / f"{days[0].slug}.json").read_text())
    assert set(noted["tasks"]["classify"]) == {"passed", "checks", "at"}, "no answer is written down"
    assert datetime.fromisoformat(noted["tasks"]["classify"]["at"]) <= datetime.now(UTC)


def test_a_check_that_could_not_run_is_not_noted(days, monkeypatch):
    monkeypatch.setattr(check, "_result", lambda *_: check.CheckResult("classify", problem="There is no task."))
    check.checks(days[0])("classify")
    assert not (days[0].root / logbook.FOLDER).exists()


def test_progress_of_the_whole_course_is_there_at_once():
    shown = logbook.progress()
    assert [one.day.number for one in shown.days][:2] == [1, 2] and all(one.tasks for one in shown.days)
    assert all(sum(task.points for task in one.tasks) == one.day.points for one in shown.days)
