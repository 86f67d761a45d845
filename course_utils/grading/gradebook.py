"""The gradebook: every submission, every attempt at grading it, every test's result, and every person's decision.

SQLite by default, any SQLAlchemy URL otherwise. Whatever is written is one transaction and is only ever added: a run
that is killed has lost nothing that was finished, and nothing that was not is half there.
"""

from collections.abc import Callable
from dataclasses import asdict, astuple, fields
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from .. import syllabus
from . import migrations
from .entries import Entry, newest, order
from .marks import Adjustment, Answer, DecisionError, Extension, Graded, HandMark, Mark, Rules, decided
from .policy import Policy, parse_policy
from .session import CellResult, Grade
from .tables import (
    Attempt,
    Base,
    Result,
    Schema,
    StoredAdjustment,
    StoredExtension,
    StoredHandMark,
    StoredPolicy,
    StoredSubmission,
)
from .testing import TestResult

_TABLES = {Adjustment: StoredAdjustment, Extension: StoredExtension, HandMark: StoredHandMark}
_TEST = [field.name for field in fields(TestResult)]


class GradebookError(RuntimeError):
    """A gradebook that cannot be opened or written; the message says which and what to do."""


class NoGradebookError(GradebookError):
    """There is no gradebook where one was expected."""


class Gradebook:
    """Opens, or makes, a gradebook; one of an older version is brought up to date. Use it as a context manager.

    Args:
        where: a file for SQLite, or any SQLAlchemy URL (`postgresql+psycopg://…`).
        create: make one where there is none.

    Raises:
        NoGradebookError: it is not there and may not be made.
        GradebookError: it is no gradebook, belongs to a newer course, or cannot be opened.
    """

    def __init__(self, where: str | Path, create: bool = True):
        url = str(where) if "://" in str(where) else f"sqlite:///{Path(where).absolute()}"
        try:
            self._name = sa.make_url(url).render_as_string(hide_password=True)
            self._find_file(url, create)
            self._engine = sa.create_engine(url)
            if self._engine.dialect.name == "sqlite":
                sa.event.listen(self._engine, "connect", _durable)
                sa.event.listen(self._engine, "begin", _begin)
            self._prepare(create)
        except (sa.exc.SQLAlchemyError, OSError, ImportError) as error:
            name = getattr(self, "_name", "that was named")
            raise GradebookError(f"The gradebook {name} cannot be opened: {_reason(error)}.") from error

    def __enter__(self) -> "Gradebook":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Give the database's connections back."""
        self._engine.dispose()

    def _find_file(self, url: str, create: bool) -> None:
        if url.startswith("sqlite:///") and url != "sqlite:///:memory:":
            path = Path(url.removeprefix("sqlite:///"))
            if not create and not path.exists():
                raise NoGradebookError(f"There is no gradebook {path}: grade first, or name another one.")
            path.parent.mkdir(parents=True, exist_ok=True)

    def _prepare(self, create: bool) -> None:
        with self._engine.begin() as connection:
            names = set(sa.inspect(connection).get_table_names())
            old = Schema.__tablename__ in names and StoredSubmission.__tablename__ in names
            query = sa.select(Schema.version).with_for_update()  # where there is a server, one migrates at a time
            version = connection.scalar(query) if old else None
            if version is None and not create:
                raise NoGradebookError(f"There is no gradebook in {self._name}: grade first, or name another one.")
            if version is None:
                Base.metadata.create_all(connection)
                connection.execute(sa.insert(Schema).values(version=migrations.VERSION))
            elif version > migrations.VERSION:
                raise GradebookError(
                    f"The gradebook {self._name} is of version {version}, this course reads up to version "
                    f"{migrations.VERSION}: use the course that wrote it, or another gradebook."
                )
            elif version < migrations.VERSION:
                migrations.migrate(connection, version)

    def _write(self, work: Callable[[sa.Connection], None]) -> None:
        try:
            with self._engine.begin() as connection:
                work(connection)
        except sa.exc.SQLAlchemyError as error:
            raise GradebookError(f"The gradebook {self._name} cannot be written: {_reason(error)}.") from error

    def _read(self, query: sa.Select) -> list[sa.Row]:
        try:
            with self._engine.connect() as connection:
                return list(connection.execute(query))
        except sa.exc.SQLAlchemyError as error:
            raise GradebookError(f"The gradebook {self._name} cannot be read: {_reason(error)}.") from error

    # --- what grading gives ---

    def record(self, entry: Entry) -> None:
        """Add one attempt, in one transaction.

        Raises:
            GradebookError: it cannot be written; what was there before is untouched.
        """
        self._write(lambda connection: _record(connection, entry))

    def finished(self) -> set[str]:
        """The fingerprints of all finished attempts; one that grading itself failed is not finished."""
        return {row.fingerprint for row in self._read(sa.select(Attempt.fingerprint).where(Attempt.failed.is_(False)))}

    def attempts(self) -> list[Entry]:
        """Every attempt at every submission, oldest first."""
        tests: dict[int, tuple[list, list]] = {}
        columns = [getattr(Result, name) for name in _TEST]
        for attempt, public, *values in self._read(
            sa.select(Result.attempt_id, Result.public, *columns).order_by(Result.id)
        ):
            tests.setdefault(attempt, ([], []))[public].append(TestResult(*values))
        columns = [column for column in StoredSubmission.__table__.c if column.name != "id"]
        query = sa.select(*Attempt.__table__.c, *columns).join(StoredSubmission).order_by(Attempt.id)
        return [_entry(row, *tests.get(row.id, ((), ()))) for row in self._read(query)]

    def entries(self) -> list[Entry]:
        """One entry a submission, the newest finished attempt; the one that counts for a learner has the mark."""
        return newest(self.attempts(), self.rules())

    # --- what people decide ---

    def adjust(self, student: str, day: str, kind: str, points: float, reason: str, author: str) -> Adjustment:
        """Change a mark by hand; the tests' points, and every earlier decision, stay as they are.

        Args:
            student: the learner.
            day: the slug.
            kind: "add" points, "set" the mark, or "clear" all adjustments so far.
            points: how many; of no meaning for "clear".
            reason: why, in words.
            author: who decides.

        Raises:
            DecisionError: there is no reason, author or such kind, or the points are no number.
            GradebookError: it cannot be written.
        """
        if kind not in ("add", "set", "clear") or not abs(points) < 1e6 or (kind == "set" and points < 0):
            raise DecisionError("An adjustment adds points, sets a mark from 0 upwards, or clears those before it.")
        return self._decide(Adjustment(student, day, kind, float(points), **decided(reason, author)))

    def extend(self, student: str, day: str, until: datetime | None, reason: str, author: str) -> Extension:
        """Give a learner a deadline of their own; with None the general one holds again.

        Raises:
            DecisionError: there is no reason or no author.
            GradebookError: it cannot be written.
        """
        return self._decide(Extension(student, day, until, **decided(reason, author)))

    def mark_by_hand(
        self, student: str, day: str, answer: Answer, points: float, comment: str, author: str
    ) -> HandMark:
        """Give points for a free-text answer; a newer mark for the same text takes its place.

        Raises:
            DecisionError: the points are not between 0 and the task's, or there is no author.
            GradebookError: it cannot be written.
        """
        if not 0 <= points <= answer.points:
            raise DecisionError(f"{answer.task} gives 0 to {answer.points:g} points, not {points:g}.")
        made = decided("marked by hand", author)
        made.pop("reason")
        return self._decide(HandMark(student, day, answer.task, answer.sha256, float(points), comment.strip(), **made))

    def use_policy(self, policy: Policy, author: str) -> None:
        """Let a policy hold from now on; the same again changes nothing.

        Raises:
            GradebookError: it cannot be written.
        """
        if policy.text != self.policy().text:
            values = {"text": policy.text, **decided("policy", author)}
            values.pop("reason")
            self._write(lambda connection: connection.execute(sa.insert(StoredPolicy).values(values)))

    def policy(self) -> Policy:
        """The policy that holds; one without deadlines if there is none."""
        rows = self._read(sa.select(StoredPolicy.text).order_by(StoredPolicy.id.desc()).limit(1))
        return parse_policy(rows[0].text, "The gradebook's policy") if rows else Policy()

    def rules(self) -> Rules:
        """Policy and decisions: all that marks depend on besides the submissions."""
        decisions = [self._decisions(kind) for kind in (Adjustment, Extension, HandMark)]
        return Rules(self.policy(), *decisions)

    def marks(self) -> list[Mark]:
        """What every learner gets for every day that there is a submission to, or a decision about, by day and learner.

        Tests' results are not read for it: a class of 500 over 20 days takes less than a second.
        """
        rules = self.rules()
        marks = {(mark.student, mark.day): mark for _, mark in self._counting(rules)}
        for one in rules.adjustments:
            if (key := (one.student, one.day)) not in marks:
                marks[key] = rules.nothing_handed_in(*key, _most(one.day))
        return sorted(marks.values(), key=lambda mark: (mark.day, mark.student.casefold(), mark.student))

    def counting(self) -> list[tuple[Graded, Mark]]:
        """For each learner and day the submission that counts, without its tests, and its mark."""
        return self._counting(self.rules())

    def _counting(self, rules: Rules) -> list[tuple[Graded, Mark]]:
        return list(rules.choose(sorted(self._newest_rows(), key=order)).values())

    def learners(self) -> set[str]:
        """Everybody who has handed in anything, or about whom something was decided."""
        tables = (StoredSubmission, *_TABLES.values())
        return {row.student for table in tables for row in self._read(sa.select(table.student).distinct())}

    def _newest_rows(self) -> list["_Row"]:
        """Of each submission the newest finished attempt, without its tests."""
        query = sa.select(*_Row.COLUMNS).join(StoredSubmission).order_by(Attempt.id)
        found: dict[tuple[str, str], _Row] = {}
        for row in map(_Row, self._read(query)):
            before = found.get((row.file, row.sha256))
            if before is None or not row.failed or before.failed:
                found[row.file, row.sha256] = row
        return list(found.values())

    def _decide(self, decision):
        table = _TABLES[type(decision)]
        self._write(lambda connection: connection.execute(sa.insert(table).values(asdict(decision))))
        return decision

    def _decisions(self, kind: type) -> list:
        table = _TABLES[kind]
        columns = [getattr(table, field.name) for field in fields(kind)]
        return [kind(*row) for row in self._read(sa.select(*columns).order_by(table.id))]


class _Row:
    """An attempt without its tests: what a mark is made from."""

    COLUMNS = (
        *(StoredSubmission.student, StoredSubmission.day, StoredSubmission.file, StoredSubmission.sha256),
        *(StoredSubmission.submitted, StoredSubmission.doubtful, StoredSubmission.late),
        *(Attempt.problem, Attempt.failed),
        *(Attempt.points, Attempt.max_points, Attempt.answers),
    )
    __slots__ = tuple(column.key for column in COLUMNS)

    def __init__(self, row: sa.Row):
        for name, value in zip(self.__slots__, row):
            setattr(self, name, value)
        self.answers = _answers(self.answers)


def _most(slug: str) -> float:
    """The points of a day that nobody may have handed in anything for."""
    try:
        return float(syllabus.day(slug).points)
    except syllabus.SyllabusError:
        return 0.0


def _reason(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def _durable(connection, _) -> None:
    """SQLite's settings for a book that survives a kill: a write-ahead log, synced at every commit."""
    connection.isolation_level = None  # transactions begin where SQLAlchemy says so, also those that change tables
    for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # two writers queue up instead of one giving up half-way


def _record(connection: sa.Connection, entry: Entry) -> None:
    key = {"day": entry.day, "student": entry.student, "file": entry.file, "sha256": entry.sha256}
    more = {"submitted": entry.submitted, "doubtful": entry.doubtful, "late": entry.late}
    known = connection.scalar(sa.select(StoredSubmission.id).filter_by(**key))
    if known is None:
        known = connection.execute(sa.insert(StoredSubmission).values(**key, **more)).inserted_primary_key[0]
    else:  # the system that collected it may know better by now when it came
        connection.execute(sa.update(StoredSubmission).filter_by(id=known).values(**more))
    inserted = connection.execute(sa.insert(Attempt).values(_attempt(entry) | {"submission_id": known}))
    attempt = inserted.inserted_primary_key[0]
    grade = entry.grade or Grade(entry.day, 0.0, 0.0)
    results = [(False, test) for test in grade.tests] + [(True, test) for test in grade.public]
    if results:
        rows = [{"attempt_id": attempt, "public": public, **asdict(test)} for public, test in results]
        connection.execute(sa.insert(Result), rows)


def _attempt(entry: Entry) -> dict:
    grade = entry.grade or Grade(entry.day, 0.0, entry.max_points)
    return {
        "fingerprint": entry.fingerprint,
        "graded": entry.graded or datetime.now(UTC),
        "points": grade.points,
        "max_points": grade.max_points,
        "problem": entry.problem,
        "failed": entry.failed,
        "notes": list(entry.notes),
        "problems": list(grade.problems),
        "cells": [asdict(cell) for cell in grade.cells],
        "sandbox": grade.sandbox,
        "seconds": grade.seconds,
        "peak_memory": grade.peak_memory,
        "course_version": grade.course_version,
        "tests_hash": grade.tests_hash,
        "answers": [astuple(answer) for answer in entry.answers],
    }


def _answers(stored: list) -> tuple[Answer, ...]:
    return tuple(Answer(*answer) for answer in stored)


def _entry(row: sa.Row, tests: list[TestResult], public: list[TestResult]) -> Entry:
    return Entry(
        file=row.file,
        sha256=row.sha256,
        student=row.student,
        day=row.day,
        submitted=row.submitted,
        fingerprint=row.fingerprint,
        grade=None if row.problem else _grade(row, tests, public),
        problem=row.problem,
        failed=row.failed,
        notes=tuple(row.notes),
        doubtful=row.doubtful,
        late=row.late,
        max_points=row.max_points,
        graded=row.graded,
        answers=_answers(row.answers),
    )


def _grade(row: sa.Row, tests: list[TestResult], public: list[TestResult]) -> Grade:
    return Grade(
        slug=row.day,
        points=row.points,
        max_points=row.max_points,
        tests=list(tests),
        public=list(public),
        cells=[CellResult(**cell) for cell in row.cells],
        problems=list(row.problems),
        sandbox=row.sandbox,
        seconds=row.seconds,
        peak_memory=row.peak_memory,
        course_version=row.course_version,
        tests_hash=row.tests_hash,
    )
