"""The links from day to day come from the syllabus, and lead somewhere."""

import re
from dataclasses import replace

import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from course_utils import navigation
from course_utils.syllabus import days

LESSONS = [day for day in days() if day.lesson.is_file()]


def links(text):
    return re.findall(r"\]\(([^)]+)\)", text)


@pytest.mark.parametrize("day", days(), ids=lambda day: day.slug)
def test_every_link_of_a_navigation_cell_leads_to_a_file(day):
    for link in links(navigation.navigation(day)):
        assert (day.lesson.parent / link).is_file(), link


def test_the_days_are_chained():
    course = tuple(replace(day, ready=True) for day in days())
    for day, after in zip(course, course[1:]):
        assert f"{after.slug}.ipynb" in links(navigation.navigation(day, course))
        assert f"{day.slug}.ipynb" in links(navigation.navigation(after, course))
    assert "first day" in navigation.navigation(course[0], course)
    assert "last day" in navigation.navigation(course[-1], course)


def test_a_lesson_names_its_minutes_and_what_it_builds_on():
    day = days()[1]
    text = navigation.navigation(day)
    assert f"{day.minutes} minutes" in text
    assert "builds on [Day 1 · " in text


def test_a_day_that_is_not_ready_is_named_but_not_linked():
    course = (days()[0], replace(days()[1], ready=False))
    text = navigation.navigation(course[0], course)
    assert course[1].title in text
    assert course[1].slug not in text


def test_the_map_has_every_day_and_links_those_that_are_ready():
    rows = navigation.course_map().splitlines()[2:]
    assert len(rows) == len(days())
    for row, day in zip(rows, days()):
        assert day.title in row and day.question in row
        assert (f"({day.slug}.ipynb)" in row) == day.ready


def test_the_cell_is_put_below_the_title_once_and_then_replaced():
    notebook = new_notebook(cells=[new_markdown_cell("# Title", id="title"), new_markdown_cell("text", id="text")])
    once = navigation.with_cell(notebook, "navigation", "old")
    twice = navigation.with_cell(once, "navigation", "new")
    assert [cell.id for cell in twice.cells] == ["title", "navigation", "text"]
    assert twice.cells[1].source == "new"


def test_a_stale_notebook_is_named_and_mended(tmp_path):
    from course_utils.notebooks import read, write

    (tmp_path / "notebooks").mkdir()
    copy = tmp_path / "notebooks" / LESSONS[0].lesson.name
    write(read(LESSONS[0].lesson), copy)
    assert navigation.refresh(tmp_path) == [] or navigation.mismatches(tmp_path) == []
    write(navigation.with_cell(read(copy), "navigation", "Before: nothing"), copy)
    assert LESSONS[0].slug in navigation.mismatches(tmp_path)[0]
    assert navigation.refresh(tmp_path) == [copy]
    assert navigation.mismatches(tmp_path) == []
