"""The README's instructor page as a script: a term whose every figure was worked out by hand, with light graders."""

import json
import shutil
import sys
from functools import cache, partial

import pytest
from typer.testing import CliRunner

from course_utils import cli, syllabus
from course_utils.grading import batch, sandbox
from course_utils.grading.session import Grade
from course_utils.grading.testing import TestResult

if str(syllabus.ROOT) not in sys.path:
    sys.path.append(str(syllabus.ROOT))

from examples import term
from examples.make_class import Answers

pytestmark = pytest.mark.skipif(not sandbox.available(), reason="this system offers no sandbox")
answers = cache(Answers)


def grade(notebook, day, limits=None, sandbox=None):
    """A task's points where its cell is the solution's: what grading for real gives this class."""
    book = answers(day)
    cells = {cell["id"]: cell["source"] for cell in json.loads(notebook)["cells"]}
    right = {name: cells.get(name) == source for name, source in book.right.items()}
    tests = [
        TestResult("test", name, book.points[name], "passed" if right[name] else "failed", name, "", 0.0)
        for name in book.names
    ]
    return Grade(day.slug, sum(test.earned for test in tests), float(day.points), tests=tests, sandbox=sandbox)


class Stopped:
    """A grader that is stopped by Ctrl+C after a while, once."""

    def __init__(self, after):
        self.left = after

    def __call__(self, *arguments, **options):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return grade(*arguments, **options)


def test_a_term_by_the_page_alone_gives_everybody_what_they_deserve(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stopped = Stopped(after=30)
    monkeypatch.setattr(batch, "grade_folder", partial(batch.grade_folder, grade=stopped))
    said = []

    def course(words):
        if words[0] == "release":  # it has tests of its own, and takes its time
            words = [*words, "--day", "day01"]
        result = CliRunner().invoke(cli.app, words)
        if words[0] == "grade" and result.exit_code and "Stopped with" in result.output:
            said.append(result.output)
            result = CliRunner().invoke(cli.app, words)
        assert result.exit_code == 0, f"course {' '.join(words)}: {result.output} {result.exception}"
        said.append(result.output)

    term.run(tmp_path, course)
    assert term.wrong(tmp_path) == []
    text = "\n".join(said)
    assert "Stopped with" in text and "known from an earlier run" in text
    assert "Ada Lovelace, day01_pipelines: 5 of 10 -> 6 of 10." in text
    assert "Bo Chen, day01_pipelines: 9 of 10 -> 10 of 10." in text
    assert f"{len(term.all_work())} to grade, 0 known" in text


def test_the_figures_on_paper_add_up():
    assert len(set(term.LEARNERS)) == 40 and len(term.all_work()) == 85
    assert sum(term.expected().values()) == term.SUM
    assert {words[1] for words in term.commands()} == {
        "release", "collect", "grade", "adjust", "extend", "marks", "export"
    }  # fmt: skip
    assert all(words[0] == "course" for words in term.commands())


def test_a_wrong_mark_is_found(tmp_path, monkeypatch):
    """The check can fail: here nobody gets what they deserve."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(term, "LEARNERS", term.LEARNERS[:1] + term.LEARNERS[5:6] + term.LEARNERS[10:11])
    shutil.rmtree(tmp_path / "graded", ignore_errors=True)
    with batch.Gradebook(tmp_path / "graded" / "gradebook.db"):
        pass
    (tmp_path / "marks.csv").write_text("student,day,mark,counts\n")
    (tmp_path / "canvas.csv").write_text("Student,ID\n")
    assert len(term.wrong(tmp_path)) > 6
