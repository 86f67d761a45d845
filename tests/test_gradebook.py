"""The gradebook keeps what it was given, and a kill costs it nothing."""

import os
import random
import shutil
import signal
import sqlite3
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from gradebook_samples import NOON, entry, full_entry, grade, result

from course_utils.grading.entries import mark_counting
from course_utils.grading.gradebook import Gradebook, GradebookError
from course_utils.grading.marks import Answer, DecisionError
from course_utils.grading.migrations import VERSION
from course_utils.grading.policy import parse_policy
from course_utils.grading.session import CellResult

SERVER = os.environ.get("COURSE_TEST_DATABASE", "")  # as postgresql+psycopg://course:course@localhost/course
KILLS = 20
VERSION_1 = Path(__file__).parent / "fixtures" / "gradebook_version_1.sql"


def places(**given):
    """SQLite, and the server if one is named."""
    reason = "no database server: name one with COURSE_TEST_DATABASE=postgresql+psycopg://user:password@host/database"
    return pytest.mark.parametrize(
        "where", ["sqlite", pytest.param("server", marks=pytest.mark.skipif(not SERVER, reason=reason))], **given
    )


@pytest.fixture
def where(request, tmp_path):
    """Where a new gradebook may be made: a file, or a schema of its own on the server."""
    if request.param == "sqlite":
        yield tmp_path / "deep" / "gradebook.db"
        return
    name = f"test_{os.getpid()}_{random.randrange(10**9)}"
    engine = sa.create_engine(SERVER)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(name))
    yield sa.make_url(SERVER).update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(False)
    with engine.begin() as connection:
        connection.execute(sa.schema.DropSchema(name, cascade=True))


@pytest.fixture
def book(where):
    with Gradebook(where) as book:
        yield book


def everywhere(test):
    return places(indirect=True)(test)


@everywhere
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


@everywhere
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


@everywhere
def test_submissions_of_the_same_bytes_by_two_learners_stay_apart(book):
    for student in ("Ada", "Bo"):
        book.record(entry(student, sha256="5" * 64))
    assert [e.student for e in book.entries()] == ["Ada", "Bo"] and all(e.counts for e in book.entries())


@everywhere
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
    with pytest.raises(GradebookError, match="There is no gradebook"):
        Gradebook(tmp_path / "nowhere.db", create=False)
    assert not (tmp_path / "nowhere.db").exists()


@pytest.mark.parametrize("where", ["file", "nosuchdatabase://x", "postgresql+nosuchdriver://u:secret@h/d"])
def test_what_is_no_gradebook_is_said_in_one_sentence(tmp_path, where):
    (tmp_path / "file").write_text("not a database, but long enough to look at" * 50)
    with pytest.raises(GradebookError, match="cannot be opened") as caught:
        Gradebook(tmp_path / "file" if where == "file" else where)
    assert "\n" not in str(caught.value) and "secret" not in str(caught.value)


# --- people's decisions -----------------------------------------------------------------------------------------

ESSAY = Answer("explain", 4.0, "Attention mixes the values.")
POLICY = """
[policy]
counts = "best"
percent_per_day = 10
[deadlines]
day01 = 2026-03-01
"""


def marks(book):
    return {(mark.student, mark.day): mark for mark in book.marks()}


@everywhere
def test_decisions_are_kept_and_make_the_mark(book):
    """4 points of tests, a day late at 10 %, 3 by hand: 7 - 0.7, and 1 for an unclear task: 7.3."""
    book.use_policy(parse_policy(POLICY), "Grace")
    late = replace(full_entry(), submitted=NOON + timedelta(days=1), answers=(ESSAY,))
    book.record(late)
    first = marks(book)["Ada Lovelace", late.day]
    assert (first.total, first.open) == (pytest.approx(3.6), ("explain has to be marked by hand",))
    book.mark_by_hand("Ada Lovelace", late.day, ESSAY, 1, "Too short.", "Bo")
    book.mark_by_hand("Ada Lovelace", late.day, ESSAY, 3, "Read again: it is all there.", "Bo")
    book.adjust("Ada Lovelace", late.day, "add", 1, "The task was unclear.", "Grace")
    mark = marks(book)["Ada Lovelace", late.day]
    assert (mark.tests, mark.hand, mark.days_late) == (4, 3, 1)
    assert (mark.deduction, mark.adjustment, mark.total) == (0.7, 1, pytest.approx(7.3))
    assert mark.final and mark.adjustments[0].author == "Grace" and mark.hand_marks[0].comment.startswith("Read")
    book.extend("Ada Lovelace", late.day, NOON + timedelta(days=2), "She was ill.", "Grace")
    assert marks(book)["Ada Lovelace", late.day].total == 8
    book.extend("Ada Lovelace", late.day, None, "She was not.", "Grace")
    assert marks(book)["Ada Lovelace", late.day].total == pytest.approx(7.3)
    book.adjust("Ada Lovelace", late.day, "set", 9, "Agreed in person.", "Grace")
    assert marks(book)["Ada Lovelace", late.day].total == 9
    book.adjust("Ada Lovelace", late.day, "clear", 0, "It was somebody else.", "Grace")
    cleared = marks(book)["Ada Lovelace", late.day]
    assert cleared.total == pytest.approx(6.3) and len(cleared.adjustments) == 3, "what was decided stays to be read"
    assert book.entries()[0].mark == cleared and book.entries()[0].points == 4, "the tests' points never change"
    assert len(book.rules().extensions) == 2 and book.policy().counts == "best"


def test_an_answer_that_changed_has_to_be_marked_again(tmp_path):
    with Gradebook(tmp_path / "g.db") as book:
        book.record(replace(full_entry(), answers=(ESSAY,)))
        book.mark_by_hand("Ada Lovelace", full_entry().day, ESSAY, 3, "", "Bo")
        assert book.marks()[0].final
        other = replace(ESSAY, text="Attention is all you need.")
        book.record(replace(full_entry(), sha256="2" * 64, answers=(other,), submitted=NOON + timedelta(hours=1)))
        assert not book.marks()[0].final and book.marks()[0].hand == 0
        book.record(replace(full_entry(), sha256="3" * 64, answers=(ESSAY,), submitted=NOON + timedelta(hours=2)))
        assert book.marks()[0].hand == 3, "the same words keep their mark"
        untouched = replace(ESSAY, text="Write your answer here.", written=False)
        book.record(replace(full_entry(), sha256="4" * 64, answers=(untouched,), submitted=NOON + timedelta(hours=3)))
        assert book.marks()[0].final, "there is nothing to read"


def test_who_handed_in_nothing_can_have_a_mark(tmp_path):
    with Gradebook(tmp_path / "g.db") as book:
        book.adjust("Cy", "day01_pipelines", "set", 7, "Oral examination.", "Grace")
        mark = marks(book)["Cy", "day01_pipelines"]
        assert (mark.total, mark.most, mark.submitted) == (7, 10, None) and book.learners() == {"Cy"}


@pytest.mark.parametrize(
    ("kind", "points", "reason", "author"),
    [
        ("add", 1, " ", "Grace"),
        ("add", 1, "why", ""),
        ("add", float("nan"), "why", "Grace"),
        ("set", -1, "why", "Grace"),
        ("take", 1, "why", "Grace"),
    ],
)
def test_a_decision_without_its_parts_is_refused(tmp_path, kind, points, reason, author):
    with Gradebook(tmp_path / "g.db") as book:
        with pytest.raises(DecisionError):
            book.adjust("Ada", "day01_pipelines", kind, points, reason, author)
        with pytest.raises(DecisionError, match="0 to 4 points"):
            book.mark_by_hand("Ada", "day01_pipelines", ESSAY, 4.5, "", "Bo")
        assert book.marks() == []


# --- older books ------------------------------------------------------------------------------------------------


def shape(engine):
    """Every table's columns, keys and indexes."""
    inspector = sa.inspect(engine)
    return {
        table: (
            [(c["name"], repr(c["type"]), c["nullable"], c["default"]) for c in inspector.get_columns(table)],
            inspector.get_pk_constraint(table)["constrained_columns"],
            sorted(index["column_names"] for index in inspector.get_indexes(table)),
            sorted(constraint["column_names"] for constraint in inspector.get_unique_constraints(table)),
        )
        for table in inspector.get_table_names()
    }


def put_version_1(where):
    """The old book as it was written by the course's first version, in SQLite or on the server."""
    if not isinstance(where, str):
        where.parent.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(where) as connection:
            connection.executescript(VERSION_1.read_text(encoding="utf-8"))
        return
    old = sqlite3.connect(":memory:")
    old.executescript(VERSION_1.read_text(encoding="utf-8"))
    engine = sa.create_engine(where)
    with engine.begin() as connection:
        by_need = "type = 'index', name = 'results', name = 'attempts'"  # after the tables that they speak of
        for (statement,) in old.execute(f"SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY {by_need}"):
            made = statement.replace("DATETIME", "TIMESTAMP").replace("DOUBLE", "DOUBLE PRECISION")
            connection.exec_driver_sql(made.replace("id INTEGER NOT NULL", "id SERIAL", 1))
        for table in ("schema", "submissions", "attempts", "results"):
            copy_rows(old, connection, table)
    engine.dispose()


def copy_rows(old, connection, table):
    rows = old.execute(f"SELECT * FROM {table}")
    names = [column[0] for column in rows.description]
    flags = {"doubtful", "failed", "public"}
    values = [{n: bool(v) if n in flags else v for n, v in zip(names, row)} for row in rows]
    connection.execute(
        sa.text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(f':{n}' for n in names)})"), values
    )
    if "id" in names:
        connection.execute(sa.text(f"SELECT setval('{table}_id_seq', {len(values)})"))


@everywhere
def test_a_gradebook_of_the_first_version_opens_and_nothing_is_lost(where, tmp_path):
    put_version_1(where)
    with Gradebook(where) as book:
        kept = book.attempts()
        assert [e.student for e in kept] == ["Ada Lovelace", "Ada Lovelace", "Bo", "Cy", "Zoë Ørsted", "Bo"]
        assert kept[0] == full_entry() and kept[1].fingerprint == "again"
        assert kept[3].failed and kept[4].notes == ("It is Zoë's.",) and kept[4].doubtful
        assert {m.student: m.total for m in book.marks() if m.day == "day01_pipelines"} == {
            "Ada Lovelace": 4, "Cy": 0, "Zoë Ørsted": 2
        }  # fmt: skip
        book.record(entry("after"))
        book.adjust("Bo", "day02_tokenizers", "add", 1, "why", "Grace")
    with Gradebook(where) as book:
        assert len(book.attempts()) == 7 and len(book.rules().adjustments) == 1


def test_an_old_gradebook_becomes_exactly_what_a_new_one_is(tmp_path):
    put_version_1(tmp_path / "old.db")
    for name in ("old.db", "new.db"):
        Gradebook(tmp_path / name).close()
    old, new = (shape(sa.create_engine(f"sqlite:///{tmp_path / name}")) for name in ("old.db", "new.db"))
    assert old == new
    with sqlite3.connect(tmp_path / "old.db") as connection:
        assert connection.execute("SELECT version FROM schema").fetchall() == [(VERSION,)]


# --- kills ------------------------------------------------------------------------------------------------------


def child(work):
    """A process of its own that does `work(say)`; what it said is read from the returned pipe."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            work(lambda: os.write(writer, b"."))
        finally:
            os._exit(1)
    os.close(writer)
    return pid, reader


def killed(work, moment, confirmations=0):
    """Kill a process some moment after its confirmations; how many it gave in the end."""
    pid, reader = child(work)
    said = b"".join(os.read(reader, 1) for _ in range(confirmations))
    time.sleep(moment)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    while more := os.read(reader, 4096):
        said += more
    os.close(reader)
    return len(said)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL and fork are POSIX")
@everywhere
def test_killed_again_and_again_while_writing_it_has_lost_nothing_it_confirmed(where):
    moments, confirmed = random.Random(1), 0
    Gradebook(where).close()

    def write(say):
        with Gradebook(where) as book:
            for number in range(10**6):
                book.record(entry(f"learner {os.getpid()} {number}"))
                say()
                book.adjust(f"learner {os.getpid()} {number}", "day01_pipelines", "add", 1, "why", "Grace")
                say()

    for _ in range(KILLS):
        confirmed += killed(write, moments.uniform(0, 0.02), confirmations=3)
        Gradebook(where).close()
    with Gradebook(where) as book:
        kept, decisions = book.attempts(), book.rules().adjustments
    written = len(kept) + len(decisions)
    assert confirmed <= written <= confirmed + KILLS, "at most what was in work at each kill is unsaid"
    assert all(e.grade == entry().grade for e in kept), "an attempt is there with all its results or not at all"
    assert {d.student for d in decisions} <= {e.student for e in kept}
    with Gradebook(where) as book:
        book.record(entry("after the kills"))
        assert book.marks()[0].total == 2
    if not isinstance(where, str):
        assert sqlite3.connect(where).execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL and fork are POSIX")
def test_killed_while_it_is_brought_up_to_date_it_is_old_or_new(tmp_path):
    moments, found = random.Random(2), set()
    put_version_1(tmp_path / "old.db")
    shutil.copy(tmp_path / "old.db", tmp_path / "first.db")
    start = time.monotonic()
    Gradebook(tmp_path / "first.db").close()
    usual = time.monotonic() - start
    for round in range(KILLS):
        path = Path(shutil.copy(tmp_path / "old.db", tmp_path / f"{round}.db"))
        sure = {0: 0.0, 1: 2 + 40 * usual}  # one surely too early, one surely too late, whatever else the machine does
        moment = sure.get(round, moments.uniform(0, 2 * usual))
        killed(lambda say, path=path: (say(), Gradebook(path)), moment, confirmations=1)
        with sqlite3.connect(path) as connection:
            version = connection.execute("SELECT version FROM schema").fetchone()[0]
            tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0]
        assert (version, tables) in {(1, 4), (VERSION, 8)}
        found.add(version)
        with Gradebook(path) as book:
            assert len(book.attempts()) == 6
    assert found == {1, VERSION}, "the kills fell on both sides"
