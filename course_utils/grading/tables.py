"""The gradebook's tables, through SQLAlchemy. What is in them and why: `gradebook`; how they change: `migrations`."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


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
    late: Mapped[bool | None]  # the school's system's word, where it tells no time


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
    answers: Mapped[list] = mapped_column(server_default=sa.text("'[]'"))  # to tasks that a person marks


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


class _Decision:
    """What people decide. Rows are only ever added."""

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-2)
    author: Mapped[str] = mapped_column(Words(200), sort_order=1)
    made: Mapped[datetime] = mapped_column(sort_order=1)


class _AboutAMark(_Decision):
    """What they decide about one learner's mark for one day."""

    student: Mapped[str] = mapped_column(Words(200), sort_order=-1)
    day: Mapped[str] = mapped_column(Words(100), sort_order=-1)


class StoredAdjustment(_AboutAMark, Base):
    """A change to a mark."""

    __tablename__ = "adjustments"

    kind: Mapped[str] = mapped_column(sa.String(10))  # "add", "set" or "clear"
    points: Mapped[float]
    reason: Mapped[str]


class StoredExtension(_AboutAMark, Base):
    """A learner's own deadline for a day."""

    __tablename__ = "extensions"

    until: Mapped[datetime | None]
    reason: Mapped[str]


class StoredHandMark(_AboutAMark, Base):
    """What a person gave for a free-text answer."""

    __tablename__ = "hand_marks"

    task: Mapped[str] = mapped_column(Words(200))
    answer: Mapped[str] = mapped_column(sa.String(64))  # SHA-256 of the answer's text
    points: Mapped[float]
    comment: Mapped[str]


class StoredPolicy(_Decision, Base):
    """A policy file as it was when grading began to use it; the newest holds."""

    __tablename__ = "policies"

    text: Mapped[str]
