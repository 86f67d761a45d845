"""A folder of submissions: everybody has a line, nothing is done twice, nothing is lost."""

import csv
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import filelock
import grading_fakes
import pytest
from gradebook_samples import NOON

from course_utils import syllabus
from course_utils.grading import batch
from course_utils.grading.batch import BatchError, grade_folder, plan_folder
from course_utils.grading.collected import Collected, Source, write_collected
from course_utils.grading.gradebook import Gradebook
from course_utils.grading.marks import Answer
from course_utils.grading.policy import Policy
from course_utils.grading.session import Limits
from course_utils.grading.submissions import SubmitError, submit

DAY = """
[[day]]
number = {number}
slug = "{slug}"
title = "{slug}"
question = "?"
minutes = 60
prerequisites = []
objectives = []
points = 2
covers = []
ready = true
"""


def make_course(root):
    days = (1, "day01_alpha", "classify"), (2, "day02_beta", "split")
    root.mkdir(parents=True)
    (root / "syllabus.toml").write_text("".join(DAY.format(number=number, slug=slug) for number, slug, _ in days))
    for day, (_, _, task) in zip(syllabus.load(root / "syllabus.toml"), days):
        for path in (day.public_tests, day.hidden_tests):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f'import pytest\n@pytest.mark.task("{task}")\ndef test_{task}(submission):\n    "x"\n')
        day.exercise.write_text(notebook("", task))
    return syllabus.load(root / "syllabus.toml")


def notebook(words="", task="classify"):
    cell = {
        "cell_type": "code",
        "id": task,
        "source": f"def {task}(texts):\n    return texts\n# {words}\n",
        "metadata": {},
    }
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def course(tmp_path, monkeypatch):
    days = make_course(tmp_path / "course")
    monkeypatch.setattr(syllabus, "days", lambda: days)
    return days


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def put(folder, **submissions):
    for name, words in submissions.items():
        (folder / f"{name}.ipynb").write_text(notebook(words))


def run(folder, **more):
    """In threads, for speed; the tests of processes say so."""
    options = {"executor": ThreadPoolExecutor(2), "grade": grading_fakes.grade} | more
    with options["executor"]:
        return grade_folder(folder, folder.parent / "out", **options)


def marks(result):
    return {entry.student: None if entry.failed else entry.points for entry in result.entries}


def test_everybody_has_a_line_whatever_happens(course, folder):
    put(folder, ada="right", bo="half", cy="no sandbox", di="defect")
    (folder / "ed.ipynb").write_bytes(b"\x89PNG not a notebook")
    (folder / "fi.zip").write_bytes(b"PK broken")
    (folder / "gus.docx").write_bytes(b"")
    (folder / "hal.ipynb").write_text(notebook("", "split"))
    (folder / "ivy.ipynb").symlink_to("/etc/passwd")
    result = run(folder)
    assert marks(result) == {
        "ada": 2, "bo": 1, "cy": None, "di": None, "ed": 0, "fi": 0, "gus": 0, "hal": 2, "ivy": 0
    }  # fmt: skip
    by_name = {entry.student: entry for entry in result.entries}
    assert by_name["hal"].day == "day02_beta" and by_name["ed"].day == ""
    assert by_name["cy"].problem == "No sandbox works here." and by_name["cy"].day == "day01_alpha"
    assert "KeyError" in by_name["di"].problem
    assert all(by_name[name].problem for name in ("ed", "fi", "gus", "ivy"))
    assert (result.graded, result.reused, result.failed) == (9, 0, 2)
    assert "2 failed in grading itself" in str(result) and "4 could not be graded" in str(result)


def test_reports_are_written(course, folder):
    put(folder, ada="right", bo="half")
    result = run(folder)
    with (result.out / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {row["student"]: row["points"] for row in csv.DictReader(file)} == {"ada": "2.0", "bo": "1.0"}
    links = re.findall(r'href="([^"]+)"', (result.out / "index.html").read_text())
    assert len(links) == 2 and all((result.out / link).is_file() for link in links)
    assert result.table().row_count == 2


def test_as_one_day_the_wrong_day_is_a_line(course, folder):
    put(folder, ada="right")
    (folder / "hal.ipynb").write_text(notebook("", "split"))
    result = run(folder, day="day01_alpha" and course[0])
    hal = next(entry for entry in result.entries if entry.student == "hal")
    assert (hal.day, hal.points, hal.max_points) == ("day01_alpha", 0, 2) and "Day 2, not of Day 1" in hal.problem


def test_only_what_changed_is_graded_again(course, folder):
    put(folder, ada="right", bo="half", cy="no sandbox")
    first = run(folder)
    again = run(folder)
    assert (first.graded, again.graded, again.reused) == (3, 1, 2), "only the mark that is open is tried again"
    assert marks(first) == marks(again)
    put(folder, bo="right now")
    (folder / "cy.ipynb").unlink()
    assert (run(folder).graded, run(folder).graded) == (1, 0)
    course[1].hidden_tests.write_text("# another day's tests")
    assert run(folder).graded == 0
    course[0].hidden_tests.write_text("# other tests")
    assert run(folder).graded == 2
    assert run(folder, limits=Limits(call=1.0)).graded == 2
    assert run(folder, sandbox="none").graded == 2
    assert run(folder, regrade=True).graded == 2
    assert run(folder).graded == 0


def test_what_could_not_be_read_is_not_read_again_until_a_day_changes(course, folder):
    (folder / "ed.ipynb").write_bytes(b"not a notebook")
    assert (run(folder).graded, run(folder).graded) == (1, 0)
    course[1].hidden_tests.write_text("# other tests")
    assert run(folder).graded == 1


def test_a_mark_that_was_open_is_replaced_once_it_is_known(course, folder, monkeypatch):
    put(folder, ada="no sandbox")
    assert marks(run(folder)) == {"ada": None}
    monkeypatch.setattr(grading_fakes.GradingError, "__init__", None, raising=False)
    monkeypatch.setattr(grading_fakes, "GradingError", RuntimeError)
    fixed = run(folder, grade=lambda notebook, day, **_: grading_fakes.grade(b'{"cells": []}', day))
    assert marks(fixed) == {"ada": 2} and len(fixed.entries) == 1


def test_two_submissions_of_one_learner_are_kept_apart_and_the_later_counts(course, folder, tmp_path):
    for words, minutes in (("half", 0), ("right", 1)):
        source = tmp_path / "mine.ipynb"
        source.write_text(notebook(words))
        path = submit(course[0], "Ada Lovelace", folder, source).path
        os.utime(path, (minutes * 60, minutes * 60))
        path.rename(folder / f"ada-lovelace-{minutes}.zip")
        time.sleep(1.1 - minutes)  # the manifest's time has seconds
    result = run(folder)
    assert [(entry.points, entry.counts) for entry in result.entries] == [(1, False), (2, True)]
    assert len(list((result.out / "feedback").rglob("*.html"))) == 1
    assert "replaced by another" in (result.out / "index.html").read_text()


def test_progress_is_told(course, folder):
    put(folder, ada="right", bo="half")
    told = []
    run(folder, progress=lambda *what: told.append(what))
    assert told[0] == (0, 2, "") and sorted(told[1:])[-1][:2] == (2, 2)
    assert {name for _, _, name in told[1:]} == {"ada.ipynb", "bo.ipynb"}
    told.clear()
    run(folder, progress=lambda *what: told.append(what))
    assert told == [(2, 2, "")]
    with batch.progress_bar() as progress:
        progress(1, 2, "[bold]a name with brackets[/nothing]")


def test_what_keeps_a_batch_from_starting_is_one_sentence(course, folder, tmp_path):
    with pytest.raises(BatchError, match="nothing to grade"):
        run(folder)
    with pytest.raises(SubmitError, match="no folder"):
        run(folder / "nowhere")
    put(folder, ada="right")
    with pytest.raises(syllabus.SyllabusError):
        run(folder, day="day77")
    (tmp_path / "file").write_text("")
    with pytest.raises(BatchError, match="cannot be written"):
        grade_folder(folder, tmp_path / "file" / "out", grade=grading_fakes.grade)
    (tmp_path / "out").mkdir(exist_ok=True)
    with filelock.FileLock(tmp_path / "out" / ".grading.lock"), pytest.raises(BatchError, match="Another run"):
        run(folder)
    for day in course:
        day.hidden_tests.unlink()
    with pytest.raises(BatchError, match="hidden tests"):
        run(folder)


def test_a_time_beyond_every_calendar_is_no_obstacle(course, folder):
    put(folder, ada="right")
    os.utime(folder / "ada.ipynb", (0, 10**12))
    assert marks(run(folder)) == {"ada": 2}


def test_results_inside_the_folder_are_no_submissions(course, folder):
    put(folder, ada="right")
    for _ in range(2):
        with ThreadPoolExecutor(1) as executor:
            result = grade_folder(folder, folder / "graded", grade=grading_fakes.grade, executor=executor)
        assert result.total == 1


# --- what was collected, under a policy, and what a run would do --------------------------------------------------


def collected(folder, **facts):
    """What `course collect` writes: whose each file is and when the school's system received it."""
    entries = [
        Collected(
            f"{name}.ipynb", "", learner, Source("canvas", "download.zip", name), received_at=NOON + timedelta(hours=h)
        )
        for name, (learner, h) in facts.items()
    ]
    write_collected(entries, folder)


def test_the_collecting_system_says_whose_it_is_and_when_it_came(course, folder):
    put(folder, a1="half", b7="right")
    collected(folder, a1=("Ada Lovelace", 0), b7=("Bo", 30))
    first = run(folder)
    assert marks(first) == {"Ada Lovelace": 1, "Bo": 2}
    assert {e.submitted for e in first.entries} == {NOON, NOON + timedelta(hours=30)}
    assert run(folder).graded == 0
    collected(folder, a1=("Ada Byron", 0), b7=("Bo", 1))
    corrected = run(folder)
    assert marks(corrected) == {"Ada Byron": 1, "Bo": 2} and corrected.graded == 2
    with Gradebook(corrected.out / "gradebook.db") as book:
        assert {(m.student, m.total) for m in book.marks()} == {("Ada Byron", 1), ("Bo", 2)}
        assert len(book.attempts()) == 4, "that it stood under another name is history"


def test_a_policy_holds_until_there_is_another(course, folder):
    put(folder, ada="right", bo="right")
    collected(folder, ada=("Ada", 0), bo=("Bo", 30))
    policy = Policy(percent_per_day=25, deadlines={"day01_alpha": NOON}, text="one")
    (folder.parent / "term.toml").write_text(
        "[policy]\npercent_per_day = 25\n[deadlines]\nday01_alpha = 2026-03-01T12:00:00Z\n"
    )
    first = run(folder, policy=folder.parent / "term.toml")
    assert {e.student: e.total for e in first.entries} == {"Ada": 2, "Bo": 1}
    again = run(folder)
    assert again.graded == 0 and {e.student: e.total for e in again.entries} == {"Ada": 2, "Bo": 1}
    assert "1 of 2" in (again.out / "index.html").read_text()
    assert policy.deadline("Bo", "day01_alpha") == NOON


def test_a_plan_says_what_would_be_graded_and_why(course, folder):
    put(folder, ada="right", bo="half", cy="no sandbox")

    def planned(**more):
        options = {"grade": grading_fakes.grade, "sandbox": "namespaces"} | more
        found = plan_folder(folder, folder.parent / "out", **options)
        return {name.removesuffix(".ipynb"): why for name, _, why in found.submissions}, str(found)

    assert planned()[0] == {"ada": "new", "bo": "new", "cy": "new"} and not (folder.parent / "out").exists()
    run(folder, sandbox="namespaces")
    before = sorted(path.name for path in (folder.parent / "out").iterdir())
    put(folder, bo="right", di="right")
    whys, said = planned()
    assert whys == {
        "ada": "", "bo": "the file has changed", "cy": "grading itself failed the last time", "di": "new"
    }  # fmt: skip
    assert "bo.ipynb (bo): the file has changed" in said and "3 to grade, 1 known" in said and "ada" not in said
    assert planned(regrade=True)[0]["ada"] == "asked for"
    assert planned(sandbox="none")[0]["ada"] == "graded with the sandbox 'namespaces'"
    assert planned(limits=Limits(call=1.0))[0]["ada"] == "the limits, the day or the tests have changed"
    assert planned(gradebook=folder.parent / "new.db")[0]["ada"] == "new"
    assert sorted(path.name for path in (folder.parent / "out").iterdir()) == before, "nothing was written"
    assert not (folder.parent / "new.db").exists()
    assert planned()[0]["ada"] == ""
    result = run(folder, sandbox="namespaces")
    assert result.graded == 3, "a run does what the plan says"


def test_a_worker_with_other_tests_gives_no_marks(course, folder):
    put(folder, ada="right")

    def elsewhere(notebook, day, **more):
        return replace(grading_fakes.grade(notebook, day, **more), tests_hash="of another edition")

    result = run(folder, grade=elsewhere)
    assert result.failed == 1 and "other tests" in result.entries[0].problem
    assert run(folder).graded == 1


def test_answers_to_be_read_are_kept_and_their_marks_wait(course, folder):
    essay = {"cell_type": "markdown", "id": "explain", "source": "Write your answer here.", "metadata": {
        "nbgrader": {"grade_id": "explain", "grade": True, "solution": True, "points": 3}}}  # fmt: skip
    released = json.loads(course[0].exercise.read_text())
    released["cells"].append(essay)
    course[0].exercise.write_text(json.dumps(released))
    for name, text in (("ada", "Because <b>attention</b> mixes."), ("bo", None), ("cy", essay["source"])):
        submitted = json.loads(notebook("right"))
        submitted["cells"] += [] if text is None else [essay | {"source": text}]
        (folder / f"{name}.ipynb").write_text(json.dumps(submitted))
    found = {entry.student: entry for entry in run(folder).entries}
    assert found["ada"].answers == (Answer("explain", 3.0, "Because <b>attention</b> mixes."),)
    assert not found["ada"].mark.final and found["bo"].mark.final and found["cy"].mark.final
    with Gradebook(folder.parent / "out" / "gradebook.db") as book:
        assert book.entries()[0].answers == found["ada"].answers


# --- elsewhere, and stopped -------------------------------------------------------------------------------------


class Unreliable(ThreadPoolExecutor):
    """An executor that loses what has `lost` in its name, as a cluster does when a machine goes."""

    def submit(self, work, job, *more):
        if "lost" not in job.name:
            return super().submit(work, job, *more)
        future = Future()
        future.set_exception(RuntimeError("the machine went away"))
        return future


def test_what_another_executor_loses_is_an_open_mark_and_tried_again(course, folder):
    put(folder, ada="right", bo_lost="right", cy="half")
    first = run(folder, executor=Unreliable(2))
    assert marks(first) == {"ada": 2, "bo_lost": None, "cy": 1}
    again = run(folder)
    assert marks(again) == {"ada": 2, "bo_lost": 2, "cy": 1} and again.graded == 1 and len(again.entries) == 3


def test_work_crosses_to_other_processes(course, folder):
    put(folder, ada="right", bo="half", cy="defect")
    result = run(
        folder, day=course[0], executor=ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    )
    assert marks(result) == {"ada": 2, "bo": 1, "cy": None}
    assert run(folder, day=course[0]).reused == 2, "what a mark depends on is decided here, not there"


SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
import grading_fakes, test_batch
from course_utils import syllabus
from course_utils.grading.batch import grade_folder
days = syllabus.load(Path({course!r}))
if __name__ == "__main__":
    syllabus.days = lambda: days
    test_batch.use(days)
    result = grade_folder({folder!r}, {out!r}, days[0], workers=2, grade=grading_fakes.grade, sandbox="none",
                          progress=lambda done, total, name: print(done, flush=True))
    print("interrupted" if result.interrupted else "complete", flush=True)
"""


def use(days):
    """Workers are given the day itself, so they need no syllabus but this."""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_stopped_loses_nothing_and_repeats_nothing(course, folder, tmp_path, how):
    log = tmp_path / "log"
    go = tmp_path / "go"  # until then nothing beyond the first five is graded: the stop falls into the middle
    put(folder, **{f"learner{n:02d}": f"# hold until {go if n > 4 else folder}\n# log {log}" for n in range(16)})
    script = tmp_path / "script.py"
    arguments = {"tests": str(Path(__file__).parent), "course": str(tmp_path / "course" / "syllabus.toml")}
    script.write_text(SCRIPT.format(**arguments, folder=str(folder), out=str(tmp_path / "out")))
    process = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores Ctrl-C
    )
    while int(process.stdout.readline()) < 5:
        pass
    (os.kill if how == signal.SIGKILL else os.killpg)(process.pid, how)
    if how == signal.SIGKILL:
        go.touch()
    said, _ = process.communicate(timeout=30)
    assert how == signal.SIGKILL or said.splitlines()[-1] == "interrupted"
    go.touch()
    time.sleep(0.5)  # what was in work when the parent was killed ends with it
    before = log.read_text().count("graded")
    result = grade_folder(folder, tmp_path / "out", course[0], sandbox="none", grade=grading_fakes.grade)
    assert len(result.entries) == 16 and set(marks(result).values()) == {2}
    assert result.reused >= 5 and result.graded == 16 - result.reused
    assert before - result.reused <= 2, "at most what was in work at that moment is done again"
