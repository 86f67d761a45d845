"""The gradebook keeps what it was given, and a kill costs it nothing."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from gradebook_samples import NOON, entry, full_entry, grade, result

from course_utils.grading.gradebook import Gradebook, GradebookError, mark_counting
from course_utils.grading.session import CellResult


@pytest.fixture
def book(tmp_path):
    with Gradebook(tmp_path / "deep" / "gradebook.db") as book:
        yield book


def test_an_entry_comes_back_as_it_went_in(book):
    whole = full_entry()
    book.record(whole)
    assert book.entries() == [whole]
    assert book.entries()[0].submitted.tzinfo is not None
    assert book.finished() == {whole.fingerprint}


def test_the_one_sentence_is_what_to_look_at_first():
    def sentence(*outcomes, **more):
        tests = [result("rank", outcome, hint="" if outcome == "passed" else "Sort it.") for outcome in outcomes]
        return entry(grade=grade(tests, **more)).sentence

    stopped = {"cells": [CellResult("rank", "rank", "failed", "NameError"), CellResult("x", "+", "failed", "y")]}
    assert sentence("passed") == ""
    assert sentence("passed", "failed") == "Task rank: Sort it."
    unwritten = grade([result("rank", "failed", hint="rank is not written yet.")])
    assert entry(grade=unwritten).sentence == "rank is not written yet."
    assert sentence("failed", **stopped) == "Task rank: NameError"
    assert sentence("failed", "timeout", **stopped) == "Task rank took too long."
    assert sentence("timeout", problems=["Two answers to rank."]) == "Two answers to rank."
    assert entry(problem="This is not a notebook.").sentence == "This is not a notebook."


def test_every_attempt_stays_and_the_newest_finished_one_speaks(book):
    first, second = entry(grade=grade([result()])), entry(grade=grade([result(points=1.0)]))
    broken = replace(entry(grade=None, problem="The sandbox could not start.", failed=True), fingerprint="other")
    for attempt in (broken, first, second, broken):
        book.record(attempt)
    assert book.entries() == [second]
    assert book.attempts() == [broken, first, second, broken]
    assert book.finished() == {first.fingerprint}, "what grading itself could not do is tried again"


def test_the_latest_readable_submission_of_a_learner_counts():
    early, late = entry(minutes=1), entry(minutes=2)
    unreadable = entry(minutes=3, problem="This is not a notebook.")
    other_day, other = entry(minutes=0, day="day02_tokenizers"), entry("Bo", minutes=0, problem="Empty.")
    marked = mark_counting([unreadable, late, other, other_day, early])
    counting = {(e.student, e.day): e.submitted for e in marked if e.counts}
    assert counting == {
        ("Ada Lovelace", "day01_pipelines"): late.submitted,
        ("Ada Lovelace", "day02_tokenizers"): NOON,
        ("Bo", "day01_pipelines"): NOON,
    }
    assert len(marked) == 5 and marked == mark_counting(reversed(marked)), "nobody is dropped and order is stable"


def test_nobody_replaces_a_submission_by_one_in_another_name():
    own, forged = entry(minutes=1), entry(minutes=2, doubtful=True)
    assert [(e.submitted, e.counts) for e in mark_counting([forged, own])] == [
        (own.submitted, True),
        (forged.submitted, False),
    ]
    assert mark_counting([forged])[0].counts, "alone it counts, and is flagged"


def test_submissions_of_the_same_bytes_by_two_learners_stay_apart(book):
    for student in ("Ada", "Bo"):
        book.record(entry(student, sha256="5" * 64))
    assert [e.student for e in book.entries()] == ["Ada", "Bo"] and all(e.counts for e in book.entries())


def test_text_that_databases_refuse_is_kept_readable(book):
    hostile = entry("Ada\0\ud800", grade=grade([result(outcome="failed", hint="\0 and \udfff")]), notes=("\0\ud800",))
    book.record(hostile)
    kept = book.entries()[0]
    assert kept.student == r"Ada\0\ud800" and kept.grade.tests[0].hint == r"\0 and \udfff"


def test_a_gradebook_of_another_version_is_refused(tmp_path):
    Gradebook(tmp_path / "g.db").close()
    with sqlite3.connect(tmp_path / "g.db") as connection:
        connection.execute("UPDATE schema SET version = 99")
    with pytest.raises(GradebookError, match="version 99"):
        Gradebook(tmp_path / "g.db")


@pytest.mark.parametrize("where", ["file", "nosuchdatabase://x", "postgresql+nosuchdriver://u:secret@h/d"])
def test_what_is_no_gradebook_is_said_in_one_sentence(tmp_path, where):
    (tmp_path / "file").write_text("not a database, but long enough to look at" * 50)
    with pytest.raises(GradebookError, match="cannot be opened") as caught:
        Gradebook(tmp_path / "file" if where == "file" else where)
    assert "\n" not in str(caught.value) and "secret" not in str(caught.value)


WRITER = """
import itertools, sys
sys.path.insert(0, {tests!r})
from gradebook_samples import entry
from course_utils.grading.session import CellResult
from course_utils.grading.gradebook import Gradebook
with Gradebook({book!r}) as book:
    for number in itertools.count():
        book.record(entry(f"learner {{number}}"))
        print(number, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_killed_while_writing_it_has_lost_nothing_it_confirmed(tmp_path):
    script = WRITER.format(tests=str(Path(__file__).parent), book=str(tmp_path / "g.db"))
    writer = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    confirmed = [int(writer.stdout.readline()) for _ in range(20)]
    time.sleep(0.02)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    confirmed += [int(line) for line in writer.stdout.read().splitlines()]
    writer.stdout.close()
    with Gradebook(tmp_path / "g.db") as book:
        kept = book.entries()
        assert len(kept) in (len(confirmed), len(confirmed) + 1)
        assert all(e.grade == entry().grade for e in kept), "an attempt is there with all its results or not at all"
        book.record(entry("after the kill"))
    assert sqlite3.connect(tmp_path / "g.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)
