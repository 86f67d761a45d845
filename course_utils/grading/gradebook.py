"""The gradebook: every submission, every attempt at grading it and every test's result, through SQLAlchemy.

SQLite by default, any SQLAlchemy URL otherwise. Each attempt is one transaction: a run that is killed has lost
nothing that was finished, and nothing that was not is half there.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload

from .session import CellResult, Grade
from .testing import TestResult

SCHEMA = 1


class GradebookError(RuntimeError):
    """A gradebook that cannot be opened; the message says which and what to do."""


class Time(sa.TypeDecorator):
    """A time in UTC, also in databases that forget the time zone."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value, dialect):
        """To the database: UTC without its name."""
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value, dialect):
        """From the database: UTC with its name."""
        return value.replace(tzinfo=UTC) if value else None


class Words(sa.TypeDecorator):
    """Text that any database takes: what a learner's code wrote may hold NUL and halves of surrogate pairs."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value, dialect):
        """To the database: such characters as escapes."""
        return value.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0") if value else value


class Base(DeclarativeBase):
    """What all tables share."""

    type_annotation_map = {datetime: Time, list: sa.JSON, str: Words}


class Schema(Base):
    """One row: the version of these tables."""

    __tablename__ = "schema"
    version: Mapped[int] = mapped_column(primary_key=True)


class StoredSubmission(Base):
    """One file of one learner; the same file handed in again is the same submission."""

    __tablename__ = "submissions"
    __table_args__ = (sa.UniqueConstraint("day", "student", "file", "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(Words(100), index=True)  # "" where no day was recognised
    student: Mapped[str] = mapped_column(Words(200), index=True)
    file: Mapped[str]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    submitted: Mapped[datetime]
    doubtful: Mapped[bool]
    attempts: Mapped[list["Attempt"]] = relationship(back_populates="submission", order_by="Attempt.id")


class Attempt(Base):
    """One grading of a submission, with what the mark depended on."""

    __tablename__ = "attempts"

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(sa.ForeignKey("submissions.id"), index=True)
    fingerprint: Mapped[str] = mapped_column(sa.String(64), index=True)
    graded: Mapped[datetime]
    points: Mapped[float]
    max_points: Mapped[float]
    problem: Mapped[str]  # why there was nothing to grade; "" when there was
    failed: Mapped[bool]  # grading itself failed: the learner's mark is open
    notes: Mapped[list]
    problems: Mapped[list]
    cells: Mapped[list]
    sandbox: Mapped[str] = mapped_column(sa.String(40))
    seconds: Mapped[float]
    peak_memory: Mapped[int] = mapped_column(sa.BigInteger)
    course_version: Mapped[str] = mapped_column(sa.String(40))
    tests_hash: Mapped[str] = mapped_column(sa.String(64))
    submission: Mapped[StoredSubmission] = relationship(back_populates="attempts")
    results: Mapped[list["Result"]] = relationship(order_by="Result.id")


class Result(Base):
    """One test's result in one attempt."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(sa.ForeignKey("attempts.id"), index=True)
    public: Mapped[bool]
    name: Mapped[str]
    task: Mapped[str]
    points: Mapped[float]
    outcome: Mapped[str] = mapped_column(sa.String(20))
    description: Mapped[str]
    hint: Mapped[str]
    seconds: Mapped[float]


@dataclass(frozen=True)
class Entry:
    """One submission and what grading it gave: what goes into the gradebook, and a line of every report.

    Exactly one of these holds: there is a `grade`; `problem` says why the file could not be graded (that is the
    learner's line, with 0 points); `failed` is set and `problem` says why grading itself gave up (the mark is open).
    """

    file: str  # relative to the folder that was graded
    sha256: str  # of the file
    student: str
    day: str  # slug, "" where none was recognised
    submitted: datetime
    fingerprint: str
    grade: Grade | None = None
    problem: str = ""
    failed: bool = False
    notes: tuple[str, ...] = ()
    doubtful: bool = False  # the file name does not agree that it is this learner's
    max_points: float = 0.0
    graded: datetime | None = None
    counts: bool = field(default=True, compare=False)  # of several submissions of one learner, the one that counts
    reused: bool = field(default=False, compare=False)  # known from an earlier run

    @property
    def points(self) -> float:
        """The points given; 0 where there was nothing to grade."""
        return self.grade.points if self.grade else 0.0

    @property
    def sentence(self) -> str:
        """The one sentence of a table: what to look at first; "" when there is nothing."""
        if self.problem or self.grade is None:
            return self.problem
        stopped = [f"{cell_name(cell)}: {cell.message}" for cell in self.grade.cells if cell.outcome != "passed"]
        slow = [f"Task {test.task} took too long." for test in self.grade.tests if test.outcome == "timeout"]
        failing = [test for test in self.grade.tests if test.outcome != "passed"]
        missed = [test.hint if test.task in test.hint else f"Task {test.task}: {test.hint}" for test in failing]
        return next(iter([*self.grade.problems, *slow, *stopped, *missed]), "")


def cell_name(cell: CellResult) -> str:
    """What a learner calls a cell: by its task, or as a cell that was added."""
    if cell.task == "+":
        return "A cell of your own"
    return f"Task {cell.task}" if cell.task else f"Cell {cell.cell_id}"


class Gradebook:
    """Opens, or makes, a gradebook. Use it as a context manager.

    Args:
        where: a file for SQLite, or any SQLAlchemy URL (`postgresql+psycopg://…`).

    Raises:
        GradebookError: it is no gradebook, belongs to a newer course, or cannot be opened.
    """

    def __init__(self, where: str | Path):
        url = str(where) if "://" in str(where) else f"sqlite:///{Path(where).absolute()}"
        self._name = sa.make_url(url).render_as_string(hide_password=True)
        if url.startswith("sqlite:///") and url != "sqlite:///:memory:":
            Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        try:
            self._engine = sa.create_engine(url)
            if self._engine.dialect.name == "sqlite":
                sa.event.listen(self._engine, "connect", _durable)
            self._prepare()
        except (sa.exc.SQLAlchemyError, OSError, ImportError) as error:
            raise GradebookError(f"The gradebook {self._name} cannot be opened: {_reason(error)}.") from error

    def __enter__(self) -> "Gradebook":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Give the database's connections back."""
        self._engine.dispose()

    def _prepare(self) -> None:
        Base.metadata.create_all(self._engine)
        with Session(self._engine) as session, session.begin():
            version = session.scalar(sa.select(Schema.version))
            if version is None:
                session.add(Schema(version=SCHEMA))
            elif version != SCHEMA:
                raise GradebookError(
                    f"The gradebook {self._name} is of version {version}, this course reads version {SCHEMA}: "
                    "use the course that wrote it, or another gradebook."
                )

    def record(self, entry: Entry) -> None:
        """Add one attempt, in one transaction.

        Raises:
            GradebookError: it cannot be written; what was there before is untouched.
        """
        key = {"day": entry.day, "student": entry.student, "file": entry.file, "sha256": entry.sha256}
        more = {"submitted": entry.submitted, "doubtful": entry.doubtful}
        try:
            with Session(self._engine) as session, session.begin():
                stored = session.scalar(sa.select(StoredSubmission).filter_by(**key))
                session.add(_attempt(stored or StoredSubmission(**key, **more), entry))
        except sa.exc.SQLAlchemyError as error:
            raise GradebookError(f"The gradebook {self._name} cannot be written: {_reason(error)}.") from error

    def finished(self) -> set[str]:
        """The fingerprints of all finished attempts; one that grading itself failed is not finished."""
        with Session(self._engine) as session:
            return set(session.scalars(sa.select(Attempt.fingerprint).where(Attempt.failed.is_(False))))

    def attempts(self) -> list[Entry]:
        """Every attempt at every submission, oldest first."""
        query = sa.select(Attempt).options(selectinload(Attempt.results), selectinload(Attempt.submission))
        with Session(self._engine) as session:
            return [_entry(attempt) for attempt in session.scalars(query.order_by(Attempt.id))]

    def entries(self) -> list[Entry]:
        """One entry a submission: `newest` of all attempts."""
        return newest(self.attempts())


def newest(attempts: Iterable[Entry]) -> list[Entry]:
    """Of each submission the newest finished attempt, `counts` set, by day, student and time.

    Of several submissions of one learner for one day the latest counts; one that could not be read, or that somebody
    else may have made in this learner's name, never takes the place of one that is in order.
    """
    found: dict[tuple[str, str], Entry] = {}
    for entry in attempts:
        key = (entry.file, entry.sha256)
        if key not in found or not entry.failed or found[key].failed:
            found[key] = entry
    return mark_counting(found.values())


def mark_counting(entries: Iterable[Entry]) -> list[Entry]:
    """The entries in a stable order, `counts` set on one for each learner and day."""
    ordered = sorted(entries, key=lambda e: (e.day, e.student.casefold(), e.student, e.submitted, e.file, e.sha256))
    best: dict[tuple[str, str], Entry] = {}
    for entry in ordered:
        before = best.get((entry.day, entry.student))
        if before is None or _rank(entry) >= _rank(before):
            best[entry.day, entry.student] = entry
    return [replace(entry, counts=best[entry.day, entry.student] is entry) for entry in ordered]


def _rank(entry: Entry) -> tuple[bool, bool]:
    return not entry.problem, not entry.doubtful


def _reason(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def _durable(connection, _) -> None:
    """SQLite's settings for a book that survives a kill: a write-ahead log, synced at every commit."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _attempt(stored: StoredSubmission, entry: Entry) -> Attempt:
    grade = entry.grade or Grade(entry.day, 0.0, entry.max_points)
    return Attempt(
        submission=stored,
        fingerprint=entry.fingerprint,
        graded=entry.graded or datetime.now(UTC),
        points=grade.points,
        max_points=grade.max_points,
        problem=entry.problem,
        failed=entry.failed,
        notes=list(entry.notes),
        problems=list(grade.problems),
        cells=[vars(cell) for cell in grade.cells],
        sandbox=grade.sandbox,
        seconds=grade.seconds,
        peak_memory=grade.peak_memory,
        course_version=grade.course_version,
        tests_hash=grade.tests_hash,
        results=[*_results(grade.tests, False), *_results(grade.public, True)],
    )


def _results(tests: Iterable[TestResult], public: bool) -> list[Result]:
    return [Result(public=public, **vars(test)) for test in tests]


def _entry(attempt: Attempt) -> Entry:
    stored = attempt.submission
    return Entry(
        file=stored.file,
        sha256=stored.sha256,
        student=stored.student,
        day=stored.day,
        submitted=stored.submitted,
        fingerprint=attempt.fingerprint,
        grade=None if attempt.problem else _grade(attempt),
        problem=attempt.problem,
        failed=attempt.failed,
        notes=tuple(attempt.notes),
        doubtful=stored.doubtful,
        max_points=attempt.max_points,
        graded=attempt.graded,
    )


def _grade(attempt: Attempt) -> Grade:
    def tests(public: bool) -> list[TestResult]:
        names = ("name", "task", "points", "outcome", "description", "hint", "seconds")
        return [TestResult(**{n: getattr(r, n) for n in names}) for r in attempt.results if r.public == public]

    return Grade(
        slug=attempt.submission.day,
        points=attempt.points,
        max_points=attempt.max_points,
        tests=tests(False),
        public=tests(True),
        cells=[CellResult(**cell) for cell in attempt.cells],
        problems=list(attempt.problems),
        sandbox=attempt.sandbox,
        seconds=attempt.seconds,
        peak_memory=attempt.peak_memory,
        course_version=attempt.course_version,
        tests_hash=attempt.tests_hash,
    )
