import graphlib

import pytest

from course_utils.notebooks import read
from course_utils.syllabus import SyllabusError, day, days

READY = [d for d in days() if d.ready]


@pytest.mark.parametrize("key", ["day01_pipelines", "day01", "day1", "1", 1, " day01 "])
def test_a_day_is_found_by_slug_short_name_and_number(key):
    assert day(key).slug == "day01_pipelines"


def test_an_unknown_day_names_the_nearest():
    with pytest.raises(SyllabusError, match="did you mean 'day02_tokenizers'"):
        day("day02_tokenisers")


@pytest.mark.parametrize("key", ["", "day", "99", "../day01_pipelines", None])
def test_what_is_no_day_is_refused(key):
    with pytest.raises(SyllabusError, match="day"):
        day(key)


def test_days_are_numbered_without_gaps_and_slugs_are_their_own():
    assert [d.number for d in days()] == list(range(1, 21))
    assert len({d.slug for d in days()}) == 20
    assert all(d.slug.startswith(f"day{d.number:02d}_") for d in days())


def test_prerequisites_exist_and_make_no_circle():
    graph = {d.slug: set(d.prerequisites) for d in days()}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert sorted(order) == sorted(graph)


def test_no_coverage_row_belongs_to_two_lessons_but_the_project():
    rows = [row for d in days() for row in d.covers if row != "J01"]
    assert len(rows) == len(set(rows))


@pytest.mark.parametrize("ready", READY, ids=lambda d: d.slug)
def test_a_ready_day_has_all_its_files(ready):
    for path in (ready.lesson, ready.exercise, ready.solution, ready.public_tests, ready.hidden_tests, ready.answers):
        assert path.exists(), path
    assert ready.objectives


@pytest.mark.parametrize("ready", READY, ids=lambda d: d.slug)
def test_every_coverage_row_of_a_ready_day_is_on_an_executed_cell(ready):
    tagged = {
        tag.removeprefix("covers:")
        for cell in read(ready.lesson).cells
        if cell.cell_type == "code" and cell.execution_count
        for tag in cell.metadata.get("tags", [])
        if tag.startswith("covers:")
    }
    assert set(ready.covers) <= tagged
